/// What is known about one slot when compiling.
///
/// The lattice has two levels: `unknown` stands above every constant. A slot is constant if each
/// element of that slice equals the value for every input and at every position.
enum SlotFact: Equatable, Sendable {
  case unknown
  /// Exact facts follow from stored values by operations that do not round.
  case constant(Double, isExact: Bool)

  /// The constant zero, exact.
  static let zero = SlotFact.constant(0, isExact: true)

  /// The value, if the slot is constant.
  var value: Double? {
    if case .constant(let value, _) = self { value } else { nil }
  }

  var isZero: Bool { value == 0 }

  /// The same fact after arithmetic that may round.
  var rounded: SlotFact { value.map { .constant($0, isExact: $0 == 0) } ?? .unknown }

  /// The slot's fact after `function`, whose result is rounded to the stored precision.
  ///
  /// A discontinuous function turns a rounding error into a jump, so only exact facts pass it.
  func mapped(_ function: UnaryFunction) -> SlotFact {
    guard case .constant(let value, let isExact) = self else { return .unknown }
    guard isExact || function.isContinuous else { return .unknown }
    let result = Double(Float(function.evaluate(value)))
    guard result.isFinite else { return .unknown }
    return .constant(result, isExact: isExact && function.isExact)
  }
}

/// A function applied to each element on its own.
struct UnaryFunction: Sendable {
  var evaluate: @Sendable (Double) -> Double
  /// Whether a small change of the argument makes a small change of the result.
  var isContinuous = true
  /// Whether the result needs no rounding, as for Relu and Neg.
  var isExact = false
}
