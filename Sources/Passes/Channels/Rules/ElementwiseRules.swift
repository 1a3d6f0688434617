import Glibc
internal import IR

extension LinkBuilder {
  /// Identity, and Dropout in inference: everything is copied.
  func copying() -> [AxisLink] {
    if row.op.kind == .dropout {
      guard let view = DropoutView(node, in: graph), view.isInference, row.output(1) == nil else {
        return []
      }
    }
    return alignedAxes(0..<outputRank, transfer: .copy)
  }

  /// An operator that maps every element on its own.
  func unary(_ kind: OperatorKind) -> [AxisLink] {
    if let function = unaryFunction(kind) {
      return alignedAxes(0..<outputRank, transfer: .unary(function))
    }
    guard Self.unevaluatedKinds.contains(kind) else { return [] }
    return alignedAxes(0..<outputRank, transfer: .unknown)
  }

  /// Operators on single elements whose results are not worked out.
  private static let unevaluatedKinds: Set<OperatorKind> = [
    .acos, .acosh, .asin, .atanh, .bitwiseNot, .isInf, .isNaN, .not, .shrink, .tan,
  ]

  /// Cast: zero is zero in every type; other constants may be rounded in more than one way.
  func cast() -> [AxisLink] { alignedAxes(0..<outputRank, transfer: .zeroAlone) }

  /// An operator over operands that broadcast against each other, paired from the right.
  ///
  /// An operand's axis of extent 1 broadcasts and carries no slots, unless the result's is 1 too.
  func elementwise(_ kind: OperatorKind) -> [AxisLink] {
    guard !row.inputs.contains(nil) else { return [] }
    return (0..<outputRank).compactMap { position in
      guard let result = output(position), let sources = sources(of: result) else { return nil }
      let places = sources.compactMap { if case .slots(let place) = $0 { place } else { nil } }
      guard !places.isEmpty else { return nil }
      let transfer = AlignedLink.Transfer.combine(sources, combination(kind))
      return .aligned(AlignedLink(output: result, inputs: places, transfer: transfer))
    }
  }

  /// Where each operand's slots along the result's axis come from; nil if an extent is unknown.
  private func sources(of result: Place) -> [AlignedLink.Source]? {
    var sources: [AlignedLink.Source] = []
    for index in row.inputs.indices {
      guard let rank = rank(ofInput: index) else { return nil }
      let position = result.position - (outputRank - rank)
      let isUniform = constant(index)?.uniformFact ?? .unknown
      guard position >= 0 else {
        sources.append(.uniform(isUniform))
        continue
      }
      guard let place = input(index, position) else { return nil }
      if extent(place) == extent(result) {
        sources.append(.slots(place))
      } else if extent(place) == 1 {
        sources.append(.uniform(isUniform))
      } else {
        return nil
      }
    }
    return sources
  }

  private func combination(_ kind: OperatorKind) -> @Sendable ([SlotFact]) -> SlotFact {
    switch kind {
    case .mul: product
    case .add: { fold($0, by: +) }
    case .sub: { fold($0, by: -) }
    case .div: quotient
    case .min: { fold($0, isExact: true, by: Swift.min) }
    case .max: { fold($0, isExact: true, by: Swift.max) }
    case .prelu: { fold($0) { $0 < 0 ? $0 * $1 : $0 } }
    case .pow: { fold($0, by: pow) }
    case .sum: { fold($0, by: +) }
    case .where: { $0.count == 3 && $0[1] == $0[2] ? $0[1] : .unknown }
    default: { _ in .unknown }
    }
  }

  private func scalar(_ name: String, _ fallback: Float) -> Double {
    Double(graph.attribute(node, name, default: fallback) ?? .nan)
  }

  /// The function that the node applies to each element, if it is one.
  private func unaryFunction(_ kind: OperatorKind) -> UnaryFunction? {
    exactFunction(kind) ?? parametricFunction(kind) ?? smoothFunction(kind)
      ?? discontinuousFunction(kind)
  }

  private func exactFunction(_ kind: OperatorKind) -> UnaryFunction? {
    switch kind {
    case .relu: UnaryFunction(evaluate: { Swift.max($0, 0) }, isExact: true)
    case .neg: UnaryFunction(evaluate: { -$0 }, isExact: true)
    case .abs: UnaryFunction(evaluate: { Swift.abs($0) }, isExact: true)
    case .clip:
      ClipView(node, in: graph).map { view in
        let (low, high) = (view.minimum ?? -.infinity, view.maximum ?? .infinity)
        return UnaryFunction(
          evaluate: { Swift.min(Swift.max($0, low), high) }, isExact: true)
      }
    default: nil
    }
  }

  private func parametricFunction(_ kind: OperatorKind) -> UnaryFunction? {
    switch kind {
    case .leakyRelu:
      { alpha in UnaryFunction { $0 < 0 ? alpha * $0 : $0 } }(scalar("alpha", 0.01))
    case .elu: { alpha in UnaryFunction { $0 < 0 ? alpha * expm1($0) : $0 } }(scalar("alpha", 1))
    case .celu:
      { alpha in UnaryFunction { Swift.max($0, 0) + Swift.min(0, alpha * expm1($0 / alpha)) } }(
        scalar("alpha", 1))
    case .selu:
      { alpha, gamma in UnaryFunction { gamma * ($0 > 0 ? $0 : alpha * expm1($0)) } }(
        scalar("alpha", 1.673263192176819), scalar("gamma", 1.0507010221481323))
    case .hardSigmoid:
      { alpha, beta in UnaryFunction { Swift.max(0, Swift.min(1, alpha * $0 + beta)) } }(
        scalar("alpha", 0.2), scalar("beta", 0.5))
    case .swish: { alpha in UnaryFunction { $0 / (1 + exp(-alpha * $0)) } }(scalar("alpha", 1))
    case .gelu: gelu()
    default: nil
    }
  }

  private func gelu() -> UnaryFunction {
    if graph.attribute(node, "approximate", default: "none") == "tanh" {
      return UnaryFunction { x in
        0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
      }
    }
    return UnaryFunction { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
  }

  private func smoothFunction(_ kind: OperatorKind) -> UnaryFunction? {
    switch kind {
    case .sigmoid: UnaryFunction { 1 / (1 + exp(-$0)) }
    case .tanh: UnaryFunction { tanh($0) }
    case .exp: UnaryFunction { exp($0) }
    case .log: UnaryFunction { log($0) }
    case .sqrt: UnaryFunction { $0.squareRoot() }
    case .reciprocal: UnaryFunction { 1 / $0 }
    case .erf: UnaryFunction { erf($0) }
    case .softplus: UnaryFunction { log1p(exp($0)) }
    case .softsign: UnaryFunction { $0 / (1 + Swift.abs($0)) }
    case .hardSwish: UnaryFunction { $0 * Swift.max(0, Swift.min(1, $0 / 6 + 0.5)) }
    case .mish: UnaryFunction { $0 * tanh(log1p(exp($0))) }
    case .sin: UnaryFunction { sin($0) }
    case .cos: UnaryFunction { cos($0) }
    case .sinh: UnaryFunction { sinh($0) }
    case .cosh: UnaryFunction { cosh($0) }
    case .atan: UnaryFunction { atan($0) }
    case .asinh: UnaryFunction { asinh($0) }
    default: nil
    }
  }

  private func discontinuousFunction(_ kind: OperatorKind) -> UnaryFunction? {
    switch kind {
    case .floor: UnaryFunction(evaluate: { $0.rounded(.down) }, isContinuous: false, isExact: true)
    case .ceil: UnaryFunction(evaluate: { $0.rounded(.up) }, isContinuous: false, isExact: true)
    case .thresholdedRelu:
      { alpha in UnaryFunction(evaluate: { $0 > alpha ? $0 : 0 }, isContinuous: false) }(
        scalar("alpha", 1))
    case .round:
      UnaryFunction(
        evaluate: { $0.rounded(.toNearestOrEven) }, isContinuous: false, isExact: true)
    case .sign:
      UnaryFunction(
        evaluate: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, isContinuous: false, isExact: true)
    default: nil
    }
  }
}

/// The product of facts; zero times anything is zero, as exactly as the zero itself.
@Sendable
private func product(_ facts: [SlotFact]) -> SlotFact {
  let zeros = facts.filter(\.isZero)
  return zeros.contains(.zero) ? .zero : zeros.first ?? fold(facts, by: *)
}

/// The quotient of facts; zero divided by anything is zero, as results are assumed finite.
@Sendable
private func quotient(_ facts: [SlotFact]) -> SlotFact {
  facts.count == 2 && facts[0].isZero && !facts[1].isZero ? facts[0] : fold(facts, by: /)
}

/// Combines constant facts by a continuous function, rounding as stored values do.
private func fold(
  _ facts: [SlotFact], isExact: Bool = false, by function: (Double, Double) -> Double
) -> SlotFact {
  guard case .constant(var result, var allExact)? = facts.first else { return .unknown }
  for fact in facts.dropFirst() {
    guard case .constant(let value, let exact) = fact else { return .unknown }
    result = Double(Float(function(result, value)))
    allExact = allExact && exact
  }
  return result.isFinite ? .constant(result, isExact: allExact && isExact) : .unknown
}
