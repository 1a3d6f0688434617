internal import IR

/// Lets one Reshape do what two nodes do that only give the same elements another shape.
///
/// ```
/// before: %2 = Squeeze(%1, [2, 3])  %3 = Reshape(%2, [-1, 8])      after: %3 = Reshape(%1, [-1, 8])
/// ```
///
/// Legal cases, for Reshape, Flatten, Squeeze, Unsqueeze, or a Transpose that moves nothing but axes
/// of extent 1, behind another of them whose result nobody else reads and which is no output:
/// 1. The second is a Reshape whose request means the same of the first one's data: where it copies
///    an extent (0), the data has the same.
/// 2. The result's shape can be requested of the data for every size: each extent is a number, is
///    the data's own on the same axis (0), or is the only one left (-1). The last only beside numbers,
///    or where the second node asks for it, too: from nothing, runtimes work out no extent.
///
/// Two Transposes are left to `LayoutMerging`.
enum ReshapeMerging {
  static let name = "merge-reshapes"
  static let kept = RewriteRule(
    pass: name, number: 1, title: "let a Reshape skip a change of shape")
  static let joined = RewriteRule(
    pass: name, number: 2, title: "write two changes of shape as one Reshape")

  static let pass = Pass(
    name: name, summary: "Join neighbouring nodes that change nothing but the shape.",
    rules: [kept, joined], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    let inference = ShapeInference.infer(rewriter.graph)
    for node in rewriter.graph.nodeIDs {
      guard let pair = Pair(node, inference, rewriter) else { continue }
      pair.join(&rewriter)
    }
  }

  /// Two changes of shape in a row.
  private struct Pair {
    let first: NodeID
    let second: NodeID
    /// What the first reads.
    let data: ValueID
    let dataShape: Shape
    let middleShape: Shape
    let resultShape: Shape

    /// Nil unless `second` is such a node behind another.
    init?(_ second: NodeID, _ inference: ShapeInference, _ rewriter: Rewriter) {
      let graph = rewriter.graph
      let row = graph.nodes[second]
      guard let first = rewriter.exclusiveProducer(of: row.input(0)),
        ReshapeMerging.keepsOrder(second, in: graph), ReshapeMerging.keepsOrder(first, in: graph),
        row.op.kind != .transpose || graph.nodes[first].op.kind != .transpose,
        let data = graph.nodes[first].input(0), let middle = row.input(0),
        let result = row.output(0)
      else { return nil }
      // What this pass has made itself is known to the graph only.
      let shapes = [data, middle, result].compactMap {
        inference.shape(of: $0) ?? graph.shape(of: $0)
      }
      guard shapes.count == 3 else { return nil }
      self.first = first
      self.second = second
      self.data = data
      (dataShape, middleShape, resultShape) = (shapes[0], shapes[1], shapes[2])
    }

    func join(_ rewriter: inout Rewriter) {
      let detail = "takes over from \(rewriter.label(first))"
      if isRequestKept(in: rewriter.graph) {
        rewriter.apply(kept, to: rewriter.label(second), detail) { graph in
          graph.replaceInput(of: second, at: 0, with: data)
        }
      } else if let request = request(in: rewriter.graph) {
        let stored = rewriter.addIntegers(request, name: rewriter.label(second) + "_shape")
        let draft = NodeDraft(
          Operator(.reshape), inputs: [data, stored], origin: rewriter.graph.nodes[second].origin)
        rewriter.replace(second, with: draft, joined, detail)
      } else {
        let reason = "no request for a shape means the same at every size"
        rewriter.refuse(name, rewriter.label(second), because: reason)
        return
      }
      rewriter.remove(first)
    }

    /// What the second node asks for, if it is a Reshape that says so.
    private func written(in graph: Graph) -> [Int64]? {
      ReshapeView(second, in: graph)?.requested
    }

    /// Whether the second node's request means the same of the data.
    private func isRequestKept(in graph: Graph) -> Bool {
      guard let view = ReshapeView(second, in: graph), let requested = view.requested else {
        return false
      }
      return view.allowZero
        || requested.indices.allSatisfy { axis in
          requested[axis] != 0
            || axis < min(dataShape.count, middleShape.count)
              && dataShape[axis] == middleShape[axis] && dataShape[axis] != .unknown
        }
    }

    /// The extents to ask for; nil if they cannot be written for every size.
    private func request(in graph: Graph) -> [Int]? {
      let extents = resultShape.enumerated().map { axis, extent -> Int in
        switch extent {
        case .known(let count): count
        case .symbol where axis < dataShape.count && dataShape[axis] == extent: 0
        case .symbol, .unknown: -1
        }
      }
      let open = extents.indices.filter { extents[$0] == -1 }
      guard !resultShape.contains(.known(0)), open.count <= 1 else { return nil }
      guard let axis = open.first, extents.contains(0) else { return extents }
      let written = written(in: graph)
      return written?.count == extents.count && written?[axis] == -1 ? extents : nil
    }
  }

  /// Whether `node` hands on all elements in the order in which they are stored.
  private static func keepsOrder(_ node: NodeID, in graph: Graph) -> Bool {
    switch graph.nodes[node].op.kind {
    case .reshape, .flatten, .squeeze, .unsqueeze: return true
    case .transpose:
      guard let view = TransposeView(node, in: graph), let shape = graph.shape(of: view.data) else {
        return false
      }
      let wide = view.permutation.filter { shape[$0] != .known(1) }
      return wide == wide.sorted()
    default: return false
    }
  }
}
