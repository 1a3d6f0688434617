import IR

// What operators do with two elements.

extension Planner {
  func arithmetic<Element: BitwiseCopyable & BinaryFloatingPoint>(
    _ node: NodeID, _ kind: OperatorKind, _ type: Element.Type
  ) throws(ExecutionError) -> PairFunction<Element, Element> {
    switch kind {
    case .add, .sum, .mean: return PairFunction { $0 + $1 }
    case .sub: return PairFunction { $0 - $1 }
    case .mul: return PairFunction { $0 * $1 }
    case .div: return PairFunction { $0 / $1 }
    case .max: return PairFunction { $0.isNaN ? $0 : $1.isNaN ? $1 : Swift.max($0, $1) }
    case .min: return PairFunction { $0.isNaN ? $0 : $1.isNaN ? $1 : Swift.min($0, $1) }
    case .mod: return PairFunction { $0.truncatingRemainder(dividingBy: $1) }
    case .prelu: return PairFunction { $0 < 0 ? $0 * $1 : $0 }
    default: throw ExecutionError(.unsupported, "has no kernel for floats")
    }
  }

  func wholeArithmetic<Element: BitwiseCopyable & FixedWidthInteger>(
    _ node: NodeID, _ kind: OperatorKind, _ type: Element.Type
  ) throws(ExecutionError) -> PairFunction<Element, Element> {
    let truncates = graph.attribute(node, "fmod", default: false) ?? false
    let shiftsLeft = graph.attribute(node, "direction", default: "LEFT") != "RIGHT"
    switch kind {
    case .add, .sum: return PairFunction { $0 &+ $1 }
    case .sub: return PairFunction { $0 &- $1 }
    case .mul: return PairFunction { $0 &* $1 }
    case .div:
      return PairFunction { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
    case .max: return PairFunction { Swift.max($0, $1) }
    case .min: return PairFunction { Swift.min($0, $1) }
    case .prelu: return PairFunction { $0 < 0 ? $0 &* $1 : $0 }
    case .bitwiseAnd: return PairFunction { $0 & $1 }
    case .bitwiseOr: return PairFunction { $0 | $1 }
    case .bitwiseXor: return PairFunction { $0 ^ $1 }
    case .bitShift:
      return shiftsLeft ? PairFunction { $0 << $1 } : PairFunction { $0 >> $1 }
    case .mod:
      return PairFunction { dividend, divisor in
        guard divisor != 0 else { return 0 }
        let rest = dividend.remainderReportingOverflow(dividingBy: divisor).partialValue
        return !truncates && rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest
      }
    default: throw ExecutionError(.unsupported, "has no kernel for whole numbers")
    }
  }

  static func comparison<Element: BitwiseCopyable & Comparable>(
    _ kind: OperatorKind, _ type: Element.Type
  ) -> PairFunction<Element, UInt8> {
    switch kind {
    case .equal: PairFunction { $0 == $1 ? 1 : 0 }
    case .greater: PairFunction { $0 > $1 ? 1 : 0 }
    case .greaterOrEqual: PairFunction { $0 >= $1 ? 1 : 0 }
    case .less: PairFunction { $0 < $1 ? 1 : 0 }
    default: PairFunction { $0 <= $1 ? 1 : 0 }
    }
  }
}
