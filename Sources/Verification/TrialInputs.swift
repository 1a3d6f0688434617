internal import Glibc
public import IR

/// Tensors on which two models are compared, the same on every machine.
public struct TrialInputs: Hashable, Sendable {
  /// What the elements are.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// Drawn from a normal distribution; whole numbers evenly from those of a byte.
    case normal
    /// All ones.
    case constant
    /// All zeros.
    case zero
    /// As `normal`, a thousand times as large.
    case large
  }

  /// What the elements are.
  public let kind: Kind
  /// The shape of each input, by name.
  public let shapes: [String: [Int]]
  /// What the elements are drawn from.
  public let seed: UInt64

  /// Describes tensors.
  public init(_ kind: Kind, shapes: [String: [Int]], seed: UInt64 = 0) {
    self.kind = kind
    self.shapes = shapes
    self.seed = seed
  }

  /// The tensors for the inputs of `graph`; nil if one has no shape, or elements of a type that is not drawn.
  public func tensors(for graph: Graph) -> [Constant]? {
    var generator = NumberSource(seed: seed)
    var tensors: [Constant] = []
    for input in graph.requiredInputs {
      let value = graph.values[input]
      guard let shape = shapes[value.name], let type = value.elementType,
        let tensor = tensor(type, shape, &generator)
      else { return nil }
      tensors.append(tensor)
    }
    return tensors
  }

  private func tensor(
    _ type: ElementType, _ shape: [Int], _ generator: inout NumberSource
  ) -> Constant? {
    guard let count = shape.checkedProduct, count < 1 << 30 else { return nil }
    switch type {
    case .float32, .float64, .float16, .bfloat16:
      let singles = Constant((0..<count).map { _ in element(&generator) }, shape: shape)
      return singles.converted(to: type)
    case .uint8, .bool:
      let limit: UInt64 = type == .bool ? 2 : 256
      let bytes = (0..<count).map { _ in UInt8(whole(below: limit, &generator)) }
      return Constant(bytes, shape: shape).retyped(type)
    case .int32:
      return Constant((0..<count).map { _ in Int32(whole(below: 256, &generator)) }, shape: shape)
    case .int64:
      return Constant((0..<count).map { _ in Int64(whole(below: 256, &generator)) }, shape: shape)
    default: return nil
    }
  }

  private func element(_ generator: inout NumberSource) -> Float {
    switch kind {
    case .normal: Float(generator.normal())
    case .large: Float(1000 * generator.normal())
    case .constant: 1
    case .zero: 0
    }
  }

  private func whole(below limit: UInt64, _ generator: inout NumberSource) -> UInt64 {
    switch kind {
    case .normal, .large: generator.next() % limit
    case .constant: 1
    case .zero: 0
    }
  }
}

/// Numbers that look as if drawn by lot.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014 (SplitMix64), and Box and Muller, 1958.
struct NumberSource {
  private var state: UInt64
  private var spare: Double?

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  mutating func normal() -> Double {
    if let number = spare {
      spare = nil
      return number
    }
    let radius = (-2 * log(1 - uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    spare = radius * sin(angle)
    return radius * cos(angle)
  }

  private mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}

extension Constant {
  /// The same bytes as elements of another type of the same width.
  fileprivate func retyped(_ type: ElementType) -> Constant {
    Constant(elementType: type, shape: shape, storage: storage)
  }

  /// Elements of single precision as another floating-point type.
  fileprivate func converted(to type: ElementType) -> Constant? {
    guard let singles = elements(as: Float.self) else { return nil }
    switch type {
    case .float64: return Constant(singles.map(Double.init), shape: shape)
    case .float16: return words(singles.map { Float16($0).bitPattern }, type)
    case .bfloat16:
      return words(singles.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }, type)
    default: return self
    }
  }

  private func words(_ words: [UInt16], _ type: ElementType) -> Constant {
    let owner = unsafe OwnedBytes(count: 2 * words.count) { target in
      unsafe words.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
    return Constant(elementType: type, shape: shape, storage: .dense(owner.payload))
  }
}
