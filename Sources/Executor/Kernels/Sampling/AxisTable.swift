internal import Glibc
import IR

/// How the extent of one axis changes, and where the elements of the result lie on that of the data.
struct AxisScaling {
  /// The extent of the data.
  let extent: Int
  /// The extent of the result.
  let count: Int
  let scale: Double
  /// The part of the data that is looked at, as shares of its extent.
  var region: (start: Double, end: Double) = (0, 1)

  /// Whether the axis stays as it is.
  var isIdentity: Bool { scale == 1 && count == extent && region == (0, 1) }

  /// The place on the data, which may lie between elements, of element `position` of the result.
  func place(of position: Int, _ transformation: String) throws(ExecutionError) -> Double {
    // ONNX counts with the extent before it was rounded down.
    let (index, length, last) = (Double(position), scale * Double(extent), Double(extent - 1))
    switch transformation {
    case "half_pixel": return (index + 0.5) / scale - 0.5
    case "asymmetric": return index / scale
    case "align_corners": return length == 1 ? 0 : index * last / (length - 1)
    case "pytorch_half_pixel": return length > 1 ? (index + 0.5) / scale - 0.5 : 0
    case "half_pixel_symmetric":
      let offset = Double(extent) / 2 * (1 - Double(count) / length)
      return offset + (index + 0.5) / scale - 0.5
    case "tf_crop_and_resize":
      let step = (region.end - region.start) * last
      return region.start * last + (length == 1 ? step / 2 : index * step / (length - 1))
    default:
      throw ExecutionError(.unsupported, "has no kernel for coordinates by '\(transformation)'")
    }
  }

  /// The places of all elements of the result, near enough to count with.
  func places(_ transformation: String) throws(ExecutionError) -> [Double] {
    let bound = 0x1p40
    var places: [Double] = []
    places.reserveCapacity(count)
    for position in 0..<count {
      let place = try place(of: position, transformation)
      places.append(place.isNaN ? 0 : min(max(place, -bound), bound))
    }
    return places
  }
}

/// How much an element counts, by its distance from where the result's element lies.
enum SamplingFilter {
  case linear
  /// Keys' piecewise cubic function; `slope` is ONNX's `cubic_coeff_a`.
  case cubic(slope: Double)

  /// Elements farther away than that do not count.
  var reach: Double {
    switch self {
    case .linear: 1
    case .cubic: 2
    }
  }

  func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .linear: return max(1 - x, 0)
    case .cubic(let a):
      if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
  }
}

/// For each element of a result along one axis, the elements of the data that it is a weighted sum of.
struct AxisTable {
  /// The extent of the data.
  let extent: Int
  /// The extent of the result.
  let count: Int
  /// How many elements each one is made of.
  let taps: Int
  /// Which ones, for all positions one after another.
  private(set) var sources: [Int] = []
  private(set) var weights: [Double] = []
  /// The positions that lie beyond the data and get a stated value.
  private(set) var outside: [Int] = []

  init(
    _ scaling: AxisScaling, _ filter: SamplingFilter, transformation: String, antialias: Bool,
    excludesOutside: Bool
  ) throws(ExecutionError) {
    (extent, count) = (scaling.extent, scaling.count)
    // Shrinking stretches the filter, so that every element of the data counts.
    let stretch = antialias ? min(scaling.scale, 1) : 1
    let first = Int((-filter.reach / stretch).rounded(.down)) + 1
    taps = 2 - 2 * first
    for (position, place) in try scaling.places(transformation).enumerated() {
      let base = place.rounded(.down)
      var shares = (first..<first + taps).map {
        filter.weight((Double($0) - (place - base)) * stretch)
      }
      let elements = (first..<first + taps).map { Int(base) + $0 }
      if excludesOutside {
        for tap in 0..<taps where !(0..<extent).contains(elements[tap]) { shares[tap] = 0 }
      }
      let sum = antialias || excludesOutside ? shares.reduce(0, +) : 1
      weights += sum == 0 ? shares : shares.map { $0 / sum }
      sources += elements.map { min(max($0, 0), extent - 1) }
      if transformation == "tf_crop_and_resize", place < 0 || place > Double(extent - 1) {
        outside.append(position)
      }
    }
  }

  /// Each element is one of the data.
  init(
    nearest scaling: AxisScaling, rounding: String, transformation: String
  ) throws(ExecutionError) {
    (extent, count, taps) = (scaling.extent, scaling.count, 1)
    for (position, place) in try scaling.places(transformation).enumerated() {
      let base = place.rounded(.down)
      let takesNext: Bool
      switch rounding {
      case "floor": takesNext = false
      case "ceil": takesNext = place > base
      case "round_prefer_ceil": takesNext = place - base >= 0.5
      case "round_prefer_floor": takesNext = place - base > 0.5
      default:
        throw ExecutionError(.unsupported, "has no kernel for rounding by '\(rounding)'")
      }
      sources.append(min(max(Int(base) + (takesNext ? 1 : 0), 0), extent - 1))
      if transformation == "tf_crop_and_resize", place < 0 || place > Double(extent - 1) {
        outside.append(position)
      }
    }
    weights = sources.map { _ in 1 }
  }
}
