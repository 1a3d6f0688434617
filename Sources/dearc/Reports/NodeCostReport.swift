import IR

/// What a node costs to store and to run.
struct NodeCostReport: Encodable, Equatable {
  /// Multiply-accumulates of one run; absent if a shape is open.
  let macs: Int?
  let parameters: Int
  let weightBytes: Int
  /// The bytes of what it makes; absent if a shape is open.
  let activationBytes: Int?

  init(_ cost: NodeCost) {
    macs = cost.macs
    parameters = cost.parameters
    weightBytes = cost.constantBytes
    activationBytes = cost.activationBytes
  }

  /// Whether `other` is more than a hundredth away in any respect.
  func isNotable(beside other: NodeCostReport) -> Bool {
    let numbers = [
      (macs, other.macs), (parameters, other.parameters), (activationBytes, other.activationBytes),
    ]
    return numbers.contains { old, new in
      guard let old, let new else { return (old == nil) != (new == nil) }
      return 100 * (Double(old) - Double(new)).magnitude > Double(old)
    }
  }

  /// What each number is called, and how it reads; those that say nothing are left out.
  var statements: [[String]] {
    let all: [(String, Int?, (Int) -> String)] = [
      ("parameters", parameters, Quantities.grouped),
      ("stored", weightBytes, Quantities.bytes),
      ("multiplications", macs, Quantities.scaled),
      ("result takes", activationBytes, Quantities.bytes),
    ]
    return all.compactMap { name, number, text in
      number.flatMap { $0 > 0 ? [name, text($0)] : nil }
    }
  }
}
