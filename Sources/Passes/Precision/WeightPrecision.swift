public import IR

/// How finely weights are stored; whatever the choice, a network computes in single precision.
public enum WeightPrecision: String, CaseIterable, Hashable, Sendable {
  /// Single precision.
  case single = "f32"
  /// IEEE's half precision.
  case half = "f16"
  /// Single precision without the lower half of its bits.
  case brain = "bf16"
  /// Whole numbers of one byte, with a scale for each output channel.
  case byte = "i8"

  /// The type of a stored element.
  public var elementType: ElementType {
    switch self {
    case .single: .float32
    case .half: .float16
    case .brain: .bfloat16
    case .byte: .int8
    }
  }

  /// The first operator set whose Cast, or DequantizeLinear by channel, takes the type.
  public var operatorSet: Int64 {
    switch self {
    case .single: 1
    case .half: 6
    case .brain, .byte: 13
    }
  }

  /// How far rounded weights may be from what they were: the length of the difference in proportion
  /// to theirs.
  ///
  /// Twice what rounding to as many bits comes to at worst where no weight is too small for the type,
  /// and about what it comes to for normally distributed weights of which the largest is nine times as
  /// large as usual.
  public var tolerance: Double {
    switch self {
    case .single: 0
    case .half: 1e-3
    case .brain: 4e-3
    case .byte: 2e-2
    }
  }

  /// The type as which `elementType` stores weights, if it is one.
  init?(storing elementType: ElementType) {
    guard let precision = Self.allCases.first(where: { $0.elementType == elementType }) else {
      return nil
    }
    self = precision
  }
}

/// What became of one stored tensor when weights were stored more compactly.
public struct StoredWeight: Hashable, Sendable {
  /// The name of the value that nodes read.
  public let name: String
  /// The number of elements.
  public let count: Int
  /// The type of the elements as they are stored now.
  public let elementType: ElementType
  /// How far the elements are from what they were, or would be, in proportion to their length; nil
  /// if they were not rounded.
  public let relativeError: Double?
  /// Why the tensor stays as it is; nil if it is stored more compactly.
  public let reason: String?
}

/// What became of all stored tensors when weights were stored more compactly.
public struct PrecisionReport: Hashable, Sendable {
  /// The precision that was asked for; nil if weights were to be stored as they were read.
  public let precision: WeightPrecision?
  /// The tensors, in the order of the graph.
  public internal(set) var weights: [StoredWeight] = []
}
