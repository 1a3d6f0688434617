internal import IR

/// Lets one node do what it and the node before it do to the layout of their data.
///
/// ```
/// before: %2 = Transpose(%1) {perm = [0, 2, 3, 1]}  %3 = Transpose(%2) {perm = [0, 3, 2, 1]}
/// after:                                            %3 = Transpose(%1) {perm = [0, 1, 3, 2]}
/// ```
///
/// Legal cases, for a first node whose result the second alone reads and which is no output:
/// 1. Transpose behind Transpose: one permutation after the other.
/// 2. Slice behind Slice with stored bounds: other axes, or the same axis where the joint bounds are
///    right for every extent, which `AxisSlice.followed(by:extent:)` tells. Several Slices behind
///    one that nobody else reads all take it over: none of them reads more than before.
/// 3. Gather behind Gather along one axis, with stored indices, those of the first in one dimension:
///    indices of indices.
/// 4. Concat among the operands of Concat along the same axis: all operands in a row.
/// 5. Cast behind a Cast to a type that holds every number of the first: from the first type.
///
/// What comes to nothing, such as a permutation undone, `IdentityElimination` removes afterwards.
enum LayoutMerging {
  static let name = "merge-layouts"
  static let transposes = RewriteRule(
    pass: name, number: 1, title: "join a Transpose and the one before")
  static let slices = RewriteRule(pass: name, number: 2, title: "join a Slice and the one before")
  static let gathers = RewriteRule(pass: name, number: 3, title: "join a Gather and the one before")
  static let concats = RewriteRule(pass: name, number: 4, title: "join a Concat and its operands")
  static let casts = RewriteRule(pass: name, number: 5, title: "join a Cast and the one before")

  static let pass = Pass(
    name: name, summary: "Join neighbouring nodes that change the layout.",
    rules: [transposes, slices, gathers, concats, casts], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    // What stands before a node has been joined already, so one step each is enough.
    for node in rewriter.graph.nodeIDs {
      switch rewriter.graph.nodes[node].op.kind {
      case .transpose: joinTransposes(node, &rewriter)
      case .slice:
        joinSlices(node, &rewriter)
        spreadSlice(node, &rewriter)
      case .gather: joinGathers(node, &rewriter)
      case .cast: joinCasts(node, &rewriter)
      default: break
      }
    }
    // The last of a row of Concats takes them all at once: lists of operands may be long.
    for node in rewriter.graph.nodeIDs.reversed() where rewriter.graph.contains(node) {
      joinConcats(node, &rewriter)
    }
  }

  /// The node of the same operator that computes the data of `node` for it alone.
  private static func predecessor(of node: NodeID, in rewriter: Rewriter) -> NodeID? {
    let row = rewriter.graph.nodes[node]
    guard let first = rewriter.exclusiveProducer(of: row.input(0)),
      rewriter.graph.nodes[first].op == row.op
    else { return nil }
    return first
  }

  /// Lets `node` read `data` instead of the result of `first`, which goes.
  private static func join(
    _ node: NodeID, _ first: NodeID, reading data: ValueID, _ rule: RewriteRule,
    _ rewriter: inout Rewriter, edit: (inout Graph) -> Void
  ) {
    let detail = "takes over from \(rewriter.label(first))"
    rewriter.apply(rule, to: rewriter.label(node), detail) { graph in
      graph.replaceInput(of: node, at: 0, with: data)
      edit(&graph)
      graph.remove(first)
    }
  }

  private static func joinTransposes(_ node: NodeID, _ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    guard let first = predecessor(of: node, in: rewriter),
      let view = TransposeView(node, in: graph),
      let inner = TransposeView(first, in: graph),
      view.permutation.count == inner.permutation.count
    else { return }
    let permutation = view.permutation.map { Int64(inner.permutation[$0]) }
    join(node, first, reading: inner.data, transposes, &rewriter) {
      $0.setAttribute(of: node, "perm", to: .ints(permutation))
    }
  }

  private static func joinSlices(_ node: NodeID, _ rewriter: inout Rewriter) {
    guard let first = predecessor(of: node, in: rewriter),
      let inner = SliceView(first, in: rewriter.graph),
      let joint = JointSlices(of: node, behind: inner, in: rewriter.graph)
    else { return }
    switch joint {
    case .open(let axis):
      let reason = "where both Slices end depends on the extent of axis \(axis)"
      rewriter.refuse(name, rewriter.label(node), because: reason)
    case .bounds(let bounds):
      join(node, first, reading: inner.data, bounds, &rewriter)
      rewriter.remove(first)
    }
  }

  /// Lets all that read a Slice take it over, if they are Slices that can.
  private static func spreadSlice(_ node: NodeID, _ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    guard let inner = SliceView(node, in: graph), let result = graph.nodes[node].output(0),
      graph.values[result].uses.count > 1, !rewriter.isMarked(result)
    else { return }
    var joints: [(NodeID, [AxisSlice])] = []
    for use in graph.values[result].uses {
      guard case .node(let reader, input: 0) = use, graph.nodes[reader].op == graph.nodes[node].op,
        case .bounds(let bounds)? = JointSlices(of: reader, behind: inner, in: graph)
      else { return }
      joints.append((reader, bounds))
    }
    for (reader, bounds) in joints { join(reader, node, reading: inner.data, bounds, &rewriter) }
    rewriter.remove(node)
  }

  private static func join(
    _ node: NodeID, _ first: NodeID, reading data: ValueID, _ bounds: [AxisSlice],
    _ rewriter: inout Rewriter
  ) {
    let inputs = rewriter.graph.version >= 10 ? rewriter.bounds(of: bounds, for: node) : []
    let detail = "takes over from \(rewriter.label(first))"
    rewriter.apply(slices, to: rewriter.label(node), detail) { graph in
      graph.setInputs(of: node, to: [data] + inputs)
      if inputs.isEmpty { graph.setBounds(of: node, to: bounds) }
    }
  }

  private static func joinGathers(_ node: NodeID, _ rewriter: inout Rewriter) {
    guard let first = predecessor(of: node, in: rewriter),
      let (data, indices) = jointIndices(of: node, behind: first, in: rewriter.graph)
    else { return }
    let stored = rewriter.addConstant(indices, name: rewriter.label(node) + "_indices")
    join(node, first, reading: data, gathers, &rewriter) {
      $0.replaceInput(of: node, at: 1, with: stored)
    }
  }

  /// What two Gathers take together, and from what.
  private static func jointIndices(
    of node: NodeID, behind first: NodeID, in graph: Graph
  ) -> (data: ValueID, indices: Constant)? {
    guard let view = GatherView(node, in: graph), let inner = GatherView(first, in: graph),
      view.axis == inner.axis, graph.rank(of: inner.indices) == 1,
      let shape = graph.shape(of: view.indices)?.counts,
      let taken = inner.constantIndices(in: graph), let indices = view.constantIndices(in: graph),
      indices.allSatisfy(taken.indices.contains)
    else { return nil }
    return (inner.data, Constant(indices.map { Int64(taken[$0]) }, shape: shape))
  }

  private static func joinConcats(_ node: NodeID, _ rewriter: inout Rewriter) {
    guard let view = ConcatView(node, in: rewriter.graph) else { return }
    var operands: [ValueID?] = []
    var gone: [NodeID] = []
    var open = Array(view.operands.reversed())
    while let operand = open.popLast() {
      if let first = rewriter.exclusiveProducer(of: operand),
        let inner = ConcatView(first, in: rewriter.graph), inner.axis == view.axis
      {
        open += inner.operands.reversed()
        gone.append(first)
      } else {
        operands.append(operand)
      }
    }
    guard !gone.isEmpty else { return }
    let detail = "takes over from " + gone.map(rewriter.label).joined(separator: ", ")
    rewriter.apply(concats, to: rewriter.label(node), detail) { graph in
      graph.setInputs(of: node, to: operands)
      for first in gone { graph.remove(first) }
    }
  }

  private static func joinCasts(_ node: NodeID, _ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    guard let first = predecessor(of: node, in: rewriter), let view = CastView(node, in: graph),
      let inner = CastView(first, in: graph),
      let source = graph.values[inner.data].elementType,
      source.isHeld(by: inner.target), view.target.isReached(from: source)
    else { return }
    join(node, first, reading: inner.data, casts, &rewriter) { _ in }
  }
}

extension ElementType {
  /// The types that hold every number of this one, itself left out.
  private var wider: [ElementType] {
    switch self {
    case .bool, .uint8: [.int16, .uint16, .int32, .uint32, .int64, .float32, .float64]
    case .int8: [.int16, .int32, .int64, .float32, .float64]
    case .int16: [.int32, .int64, .float32, .float64]
    case .uint16: [.int32, .uint32, .int64, .float32, .float64]
    case .int32, .uint32: [.int64, .float64]
    case .float16, .bfloat16: [.float32, .float64]
    case .float32: [.float64]
    default: []
    }
  }

  /// Whether every number of this type is one of `other`, too.
  fileprivate func isHeld(by other: ElementType) -> Bool { self == other || wider.contains(other) }

  /// Whether a number of type `source` that went through a wider type arrives as it does directly.
  ///
  /// Only where every runtime agrees: a type that holds the number, or a float, which takes the
  /// nearest. What becomes of a number out of range is left open by ONNX.
  fileprivate func isReached(from source: ElementType) -> Bool {
    source.isHeld(by: self) || source.isInteger && [.float32, .float64].contains(self)
  }
}
