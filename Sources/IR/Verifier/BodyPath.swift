/// Where in a model's nested graphs a graph stands.
///
/// Empty for the outermost graph; `function my.domain::Block` for a function's body; `n3.then_branch` for a body of one of its nodes, followed by a
/// space and the same again for a body within that.
enum BodyPath {
  /// The path of the body that `attribute` of the node printed as `owner` holds.
  static func path(to owner: String, attribute: String, in path: String) -> String {
    "\(path.isEmpty ? "" : "\(path) ")\(owner).\(attribute)"
  }

  /// The path of the body of `function`.
  static func path(to function: Function) -> String { "function \(function.op.text)" }
}
