import Glibc
internal import IR

// Operators on two operands, element by element.

extension ConstantEvaluator {
  /// What becomes of two elements; nil where ONNX leaves it open.
  private typealias Operation<Element, Result> = (Element, Element) -> Result?

  func pairwise(_ kind: OperatorKind) -> Constant? {
    guard operands[0].elementType == operands[1].elementType else { return nil }
    switch operands[0].elementType {
    case .float32:
      return results(Self.rounding(kind) ?? Self.power(kind)) ?? flags(Float.self, kind)
    case .float64:
      return results(Self.rounding(kind) as Operation<Double, Double>?) ?? flags(Double.self, kind)
    case .int64: return results(whole(kind) as Operation<Int64, Int64>?) ?? flags(Int64.self, kind)
    case .int32: return results(whole(kind) as Operation<Int32, Int32>?) ?? flags(Int32.self, kind)
    case .bool: return logic(kind)
    default: return nil
    }
  }

  private func results<Element: TensorElement>(
    _ operation: Operation<Element, Element>?
  ) -> Constant? {
    applied(operation).map { Constant($0.results, shape: $0.shape) }
  }

  private func flags<Element: TensorElement & Comparable>(
    _ type: Element.Type, _ kind: OperatorKind
  ) -> Constant? {
    applied(Self.comparison(kind) as Operation<Element, Bool>?).flatMap {
      Constant(flags: $0.results, shape: $0.shape)
    }
  }

  /// Every result; nil if there is no operation, or it leaves one open.
  private func applied<Element: TensorElement, Result>(
    _ operation: Operation<Element, Result>?
  ) -> (results: [Result], shape: [Int])? {
    guard let operation, let shape = broadcastShape,
      let left = operands[0].broadcast(to: shape)?.elements(as: Element.self),
      let right = operands[1].broadcast(to: shape)?.elements(as: Element.self)
    else { return nil }
    var results: [Result] = []
    results.reserveCapacity(left.count)
    for index in left.indices {
      guard let result = operation(left[index], right[index]) else { return nil }
      results.append(result)
    }
    return (results, shape)
  }

  private static func rounding<Element: BinaryFloatingPoint>(
    _ kind: OperatorKind
  ) -> Operation<Element, Element>? {
    switch kind {
    case .add: { $0 + $1 }
    case .sub: { $0 - $1 }
    case .mul: { $0 * $1 }
    case .div: { $0 / $1 }
    // Runtimes disagree on which operand wins if one is no number.
    case .min: { $0.isNaN || $1.isNaN ? nil : Swift.min($0, $1) }
    case .max: { $0.isNaN || $1.isNaN ? nil : Swift.max($0, $1) }
    default: nil
    }
  }

  private static func power(_ kind: OperatorKind) -> Operation<Float, Float>? {
    kind == .pow ? { powf($0, $1) } : nil
  }

  private func whole<Element: FixedWidthInteger>(
    _ kind: OperatorKind
  ) -> Operation<Element, Element>? {
    func checked(_ result: (partialValue: Element, overflow: Bool)) -> Element? {
      result.overflow ? nil : result.partialValue
    }
    switch kind {
    case .add: return { checked($0.addingReportingOverflow($1)) }
    case .sub: return { checked($0.subtractingReportingOverflow($1)) }
    case .mul: return { checked($0.multipliedReportingOverflow(by: $1)) }
    case .div: return { checked($0.dividedReportingOverflow(by: $1)) }
    case .mod: return remainder()
    case .min: return { Swift.min($0, $1) }
    case .max: return { Swift.max($0, $1) }
    default: return nil
    }
  }

  /// The remainder, whose sign is the dividend's for the C function and else the divisor's.
  private func remainder<Element: FixedWidthInteger>() -> Operation<Element, Element>? {
    guard let truncates = graph.attribute(node, "fmod", default: false) else { return nil }
    return { dividend, divisor in
      let (rest, overflow) = dividend.remainderReportingOverflow(dividingBy: divisor)
      guard !overflow else { return nil }
      return !truncates && rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest
    }
  }

  private static func comparison<Element: Comparable>(
    _ kind: OperatorKind
  ) -> Operation<Element, Bool>? {
    switch kind {
    case .equal: { $0 == $1 }
    case .less: { $0 < $1 }
    case .lessOrEqual: { $0 <= $1 }
    case .greater: { $0 > $1 }
    case .greaterOrEqual: { $0 >= $1 }
    default: nil
    }
  }

  private func logic(_ kind: OperatorKind) -> Constant? {
    guard let shape = broadcastShape,
      let left = operands[0].broadcast(to: shape)?.bytes,
      let right = operands[1].broadcast(to: shape)?.bytes
    else { return nil }
    let pairs = zip(left, right).map { ($0 != 0, $1 != 0) }
    switch kind {
    case .and: return Constant(flags: pairs.map { $0 && $1 }, shape: shape)
    case .or: return Constant(flags: pairs.map { $0 || $1 }, shape: shape)
    case .xor: return Constant(flags: pairs.map { $0 != $1 }, shape: shape)
    case .equal: return Constant(flags: pairs.map { $0 == $1 }, shape: shape)
    default: return nil
    }
  }
}
