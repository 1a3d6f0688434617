internal import IR

/// Something wrong with a graph that a pass made.
struct Fault: Hashable, Sendable {
  /// The value or node that is wrong, by the name users know it by; nil if it is the graph.
  let subject: String?
  /// What is wrong.
  let message: String
}

/// A pass made a graph that is not valid, which is a fault in dearc and not in the model.
public struct PipelineError: Error, CustomStringConvertible {
  /// The pass after which the fault was found; nil if only the end of the pipeline checked.
  public let pass: String?
  /// What is wrong with the graph.
  public var faults: [String] { found.map(\.message) }
  /// The smallest part of the graph, before the pass, on which the pass goes wrong, in text form;
  /// nil if none was found.
  public internal(set) var subgraph: String?

  let found: [Fault]

  init(pass: String?, found: [Fault]) {
    self.pass = pass
    self.found = found
  }

  /// The faults in words, the first few of them.
  public var description: String {
    let place = pass.map { "pass \($0)" } ?? "the pipeline"
    let list = faults.prefix(5).joined(separator: "; ")
    return "internal error: \(place) made an invalid graph; please report this: \(list)"
  }
}
