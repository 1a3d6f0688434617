/// A numbered case in which a pass may change a graph, as its documentation lists them.
public struct RewriteRule: Hashable, Sendable {
  /// The pass that owns the rule.
  public let pass: String
  /// The number in the pass's list of legal cases.
  public let number: Int
  /// What the rule does, in a few words.
  public let title: String

  /// Names a legal case.
  public init(pass: String, number: Int, title: String) {
    self.pass = pass
    self.number = number
    self.title = title
  }
}

/// One change made to a graph, and the rule that allowed it.
public struct Change: Hashable, Sendable {
  /// What allowed it.
  public let rule: RewriteRule
  /// The node or value that was changed, by the name users know it by.
  public let subject: String
  /// What happened to it.
  public let detail: String
}

/// Something a pass could have done but must not, and why.
public struct Refusal: Hashable, Sendable {
  /// The pass that declined.
  public let pass: String
  /// The node or value it left alone.
  public let subject: String
  /// Why.
  public let reason: String
}

/// A rewrite of a graph, which but for marking channels keeps what the graph computes.
public struct Pass: Sendable {
  /// The name by which users skip and time the pass.
  public let name: String
  /// What it does, in one line.
  public let summary: String
  /// Its legal cases.
  public let rules: [RewriteRule]
  let run: @Sendable (inout Rewriter) -> Void
}
