/// How a window places its own padding.
public enum AutoPad: String, Hashable, Sendable {
  /// As the `pads` say.
  case notSet = "NOTSET"
  /// So that stride 1 keeps the extents, with an odd element at the end.
  case sameUpper = "SAME_UPPER"
  /// So that stride 1 keeps the extents, with an odd element at the start.
  case sameLower = "SAME_LOWER"
  /// None.
  case valid = "VALID"

  /// Whether the padding depends on the extents of the data.
  public var isSame: Bool { self == .sameUpper || self == .sameLower }
}

/// The window that a convolution or pooling slides over the spatial axes.
public struct SlidingWindow: Hashable, Sendable {
  /// The window's extents, or nil if unknown.
  public let kernel: [Int]?
  /// Steps between windows.
  public let strides: [Int]
  /// Steps between elements of a window.
  public let dilations: [Int]
  /// Explicit padding, all begins before all ends; zero where `autoPad` decides instead.
  public let pads: [Int]
  /// Where padding comes from.
  public let autoPad: AutoPad

  /// The largest number allowed in a window, so that its arithmetic cannot overflow.
  static var parameterLimit: Int { 1 << 30 }
  /// The largest extent a window is slid over.
  static var extentLimit: Int { 1 << 40 }

  /// Reads the attributes of `node`, or returns nil if they do not describe a window.
  init?(_ node: NodeID, in graph: Graph, spatialRank rank: Int, kernel: [Int]?) {
    let ones = Array(repeating: 1, count: rank)
    let zeros = Array(repeating: 0, count: 2 * rank)
    guard let strides = graph.attribute(node, "strides", default: ones),
      let dilations = graph.attribute(node, "dilations", default: ones),
      let pads = graph.attribute(node, "pads", default: zeros),
      let autoPadName = graph.attribute(node, "auto_pad", default: "NOTSET"),
      let autoPad = AutoPad(rawValue: autoPadName.isEmpty ? "NOTSET" : autoPadName),
      strides.count == rank, dilations.count == rank, pads.count == 2 * rank,
      (kernel ?? ones).count == rank
    else { return nil }
    let positive = 1...Self.parameterLimit
    guard (strides + dilations + (kernel ?? [])).allSatisfy(positive.contains),
      pads.allSatisfy({ $0.magnitude <= UInt(Self.parameterLimit) })
    else { return nil }
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.pads = autoPad == .notSet ? pads : zeros
    self.autoPad = autoPad
  }

  /// The number of spatial axes.
  public var rank: Int { strides.count }

  /// The distance from the first to the last element of a window, plus one.
  public func span(_ axis: Int) -> Int? {
    kernel.map { ($0[axis] - 1) * dilations[axis] + 1 }
  }

  /// The padding before and after an axis of the given extent, or nil if it cannot be known.
  public func padding(_ axis: Int, extent: Dimension) -> (begin: Int, end: Int)? {
    guard autoPad.isSame else { return (pads[axis], pads[axis + rank]) }
    guard let span = span(axis) else { return nil }
    if span == 1 { return (0, 0) }
    var total = span - 1
    if strides[axis] > 1 {
      guard let extent = extent.count, (1...Self.extentLimit).contains(extent) else { return nil }
      let last = (extent - 1) / strides[axis] * strides[axis]
      total = max(0, last + span - extent)
    }
    let small = total / 2
    return autoPad == .sameUpper ? (small, total - small) : (total - small, small)
  }

  /// Whether a window may read padding along `axis`; true unless that is impossible.
  func mayTouchPadding(_ axis: Int, extent: Dimension) -> Bool {
    guard let padding = padding(axis, extent: extent) else { return true }
    return padding != (0, 0)
  }

  /// The number of window positions along `axis`.
  ///
  /// A symbolic extent is kept where the window provably yields one position per element.
  func positions(_ axis: Int, extent: Dimension, roundingUp: Bool = false) -> Dimension {
    let stride = strides[axis]
    guard let span = span(axis) else { return .unknown }
    guard let count = extent.count else {
      let keeps = autoPad.isSame || pads[axis] + pads[axis + rank] == span - 1
      return stride == 1 && keeps ? extent : .unknown
    }
    guard (0...Self.extentLimit).contains(count) else { return .unknown }
    if autoPad.isSame { return .known((count + stride - 1) / stride) }
    let room = count + pads[axis] + pads[axis + rank] - span
    guard room >= 0 else { return .unknown }
    guard roundingUp else { return .known(room / stride + 1) }
    let positions = (room + stride - 1) / stride + 1
    // A window must not start in the padding at the end.
    let startsOutside = (positions - 1) * stride >= count + pads[axis]
    return .known(startsOutside ? positions - 1 : positions)
  }
}

/// A view of an operator that slides a window.
public protocol WindowedView: Sendable {
  /// The window.
  var window: SlidingWindow { get }
}

extension WindowedView {
  /// The window's extents, or nil if unknown.
  public var kernelShape: [Int]? { window.kernel }
  /// Steps between windows.
  public var strides: [Int] { window.strides }
  /// Steps between elements of a window.
  public var dilations: [Int] { window.dilations }
  /// Explicit padding, all begins before all ends; zero where `autoPad` decides instead.
  public var pads: [Int] { window.pads }
  /// Where padding comes from.
  public var autoPad: AutoPad { window.autoPad }
}
