// What ONNX's operators do to single numbers of which not everything is known.

extension PartialNumber {
  /// An operator on two numbers, as far as shape arithmetic needs it.
  enum Binary {
    case add, sub, mul, div, min, max
    case equal, less, lessOrEqual, greater, greaterOrEqual
    case and, or, xor
    case mod(truncating: Bool)
  }

  /// An operator on one number.
  enum Unary {
    case neg, abs, floor, ceil, not, sqrt
  }

  /// Applies `operation` to numbers of the element type `type`.
  static func apply(
    _ operation: Binary, _ left: PartialNumber, _ right: PartialNumber, type: ElementType
  ) -> PartialNumber {
    switch (left, right) {
    case (.integer(let a), .integer(let b)):
      return integer(operation, a, b).flatMap { fitted($0, type) } ?? .unknown
    case (.real(let a), .real(let b)): return real(operation, a, b, type: type)
    default:
      let result = partial(operation, left, right)
      // Smaller types may overflow.
      return result == .unknown && type == .int64 ? product(operation, left, right) : result
    }
  }

  /// Products of extents, and what is left of them without a number they are multiples of.
  private static func product(
    _ operation: Binary, _ left: PartialNumber, _ right: PartialNumber
  ) -> PartialNumber {
    let (left, right) = (left.dimension, right.dimension)
    switch operation {
    case .mul: return PartialNumber(left.multiplied(by: right))
    case .div where right.count ?? 0 > 0: return PartialNumber([left].quotient(by: [right]))
    default: return .unknown
    }
  }

  /// Applies `operation` to a number of the element type `type`.
  static func apply(
    _ operation: Unary, _ operand: PartialNumber, type: ElementType
  ) -> PartialNumber {
    switch (operation, operand) {
    case (.neg, .integer(let value)):
      return value == .min ? .unknown : fitted(-value, type) ?? .unknown
    case (.abs, .integer(let value)):
      return value == .min ? .unknown : fitted(Swift.abs(value), type) ?? .unknown
    case (.abs, .symbol): return operand
    case (.not, .integer(let value)): return .integer(value == 0 ? 1 : 0)
    case (.neg, .real(let value)): return .real(-value)
    case (.abs, .real(let value)): return .real(Swift.abs(value))
    case (.floor, .real(let value)): return .real(value.rounded(.down))
    case (.ceil, .real(let value)): return .real(value.rounded(.up))
    case (.sqrt, .real(let value)): return .real(rounded(value.squareRoot(), type))
    default: return .unknown
    }
  }

  /// Converts to another element type.
  func cast(from source: ElementType, to target: ElementType) -> PartialNumber {
    switch self {
    case .integer(let value):
      if target == .bool { return .integer(value == 0 ? 0 : 1) }
      if target == .float32 { return .real(Double(Float(value))) }
      if target == .float64 { return .real(Double(value)) }
      return Self.fitted(value, target) ?? .unknown
    case .real(let value):
      if target == .bool { return .integer(value == 0 ? 0 : 1) }
      if target.isFloatingPoint { return .real(Self.rounded(value, target)) }
      return Int64(exactly: value.rounded(.towardZero)).flatMap { Self.fitted($0, target) }
        ?? .unknown
    case .symbol: return source.isInteger && target.isInteger ? self : .unknown
    case .unknown: return .unknown
    }
  }

  /// The number if the type can hold it; what overflow yields is not defined.
  private static func fitted(_ value: Int64, _ type: ElementType) -> PartialNumber? {
    type == .int32 && Int32(exactly: value) == nil ? nil : .integer(value)
  }

  /// The nearest number of a floating-point type.
  private static func rounded(_ value: Double, _ type: ElementType) -> Double {
    type == .float32 ? Double(Float(value)) : value
  }

  private static func integer(_ operation: Binary, _ a: Int64, _ b: Int64) -> Int64? {
    switch operation {
    case .add: checked(a.addingReportingOverflow(b))
    case .sub: checked(a.subtractingReportingOverflow(b))
    case .mul: checked(a.multipliedReportingOverflow(by: b))
    case .div: checked(a.dividedReportingOverflow(by: b))
    case .mod(let truncating):
      checked(a.remainderReportingOverflow(dividingBy: b)).map {
        !truncating && $0 != 0 && ($0 < 0) != (b < 0) ? $0 + b : $0
      }
    case .min: Swift.min(a, b)
    case .max: Swift.max(a, b)
    case .equal: a == b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .and: a != 0 && b != 0 ? 1 : 0
    case .or: a != 0 || b != 0 ? 1 : 0
    case .xor: (a != 0) != (b != 0) ? 1 : 0
    }
  }

  private static func checked(_ result: (partialValue: Int64, overflow: Bool)) -> Int64? {
    result.overflow ? nil : result.partialValue
  }

  private static func real(
    _ operation: Binary, _ a: Double, _ b: Double, type: ElementType
  ) -> PartialNumber {
    // One operation in double, rounded once, equals the operation in single precision.
    switch operation {
    case .add: .real(rounded(a + b, type))
    case .sub: .real(rounded(a - b, type))
    case .mul: .real(rounded(a * b, type))
    case .div: .real(rounded(a / b, type))
    case .min: a.isNaN || b.isNaN ? .unknown : .real(Swift.min(a, b))
    case .max: a.isNaN || b.isNaN ? .unknown : .real(Swift.max(a, b))
    case .equal: .integer(a == b ? 1 : 0)
    case .less: .integer(a < b ? 1 : 0)
    case .lessOrEqual: .integer(a <= b ? 1 : 0)
    case .greater: .integer(a > b ? 1 : 0)
    case .greaterOrEqual: .integer(a >= b ? 1 : 0)
    case .and, .or, .xor, .mod: .unknown
    }
  }

  /// What holds whatever the missing numbers are.
  private static func partial(
    _ operation: Binary, _ left: PartialNumber, _ right: PartialNumber
  ) -> PartialNumber {
    switch (operation, left, right) {
    case (.add, _, .integer(0)), (.sub, _, .integer(0)), (.mul, _, .integer(1)),
      (.div, _, .integer(1)):
      return left
    case (.add, .integer(0), _), (.mul, .integer(1), _): return right
    case (.mul, .integer(0), _), (.mul, _, .integer(0)): return .integer(0)
    case (.and, .integer(0), _), (.and, _, .integer(0)): return .integer(0)
    case (.or, .integer(1), _), (.or, _, .integer(1)): return .integer(1)
    case (_, .symbol(let a), .symbol(let b)) where a == b: return same(operation, left)
    case (_, .symbol, .integer(let bound)): return extent(operation, left, bound)
    case (_, .integer(let bound), .symbol): return mirrored(operation, bound, right)
    default: return .unknown
    }
  }

  /// An extent compared or combined with itself.
  private static func same(_ operation: Binary, _ extent: PartialNumber) -> PartialNumber {
    switch operation {
    case .sub: .integer(0)
    case .min, .max: extent
    case .equal, .lessOrEqual, .greaterOrEqual: .integer(1)
    case .less, .greater: .integer(0)
    default: .unknown
    }
  }

  /// An extent, which is never negative, and a number.
  private static func extent(
    _ operation: Binary, _ extent: PartialNumber, _ bound: Int64
  ) -> PartialNumber {
    switch operation {
    case .equal where bound < 0, .less where bound <= 0, .lessOrEqual where bound < 0: .integer(0)
    case .greater where bound < 0, .greaterOrEqual where bound <= 0: .integer(1)
    case .max where bound <= 0: extent
    case .min where bound <= 0: .integer(bound)
    case .min where bound == .max: extent
    default: .unknown
    }
  }

  private static func mirrored(
    _ operation: Binary, _ bound: Int64, _ extent: PartialNumber
  ) -> PartialNumber {
    switch operation {
    case .equal, .min, .max: Self.extent(operation, extent, bound)
    case .less: Self.extent(.greater, extent, bound)
    case .lessOrEqual: Self.extent(.greaterOrEqual, extent, bound)
    case .greater: Self.extent(.less, extent, bound)
    case .greaterOrEqual: Self.extent(.lessOrEqual, extent, bound)
    default: .unknown
    }
  }
}
