internal import IR

/// A normalisation over one axis that a model spells out in basic operators.
///
/// ```
/// %m = ReduceMean(%x)   %d = Sub(%x, %m)   %s = Pow(%d, 2)   %v = ReduceMean(%s)
/// %r = Sqrt(Add(%v, ε))   %y = Div(%d, %r)
/// ```
struct WrittenOutNorm {
  /// What is normalised.
  let data: ValueID
  /// The axis that is normalised over, which the means keep with extent 1.
  let axis: Int
  /// The node that takes the mean away.
  let centring: NodeID
  /// The node that divides by the root of that.
  let division: NodeID

  /// Nil unless `meanOfSquares` takes the mean of squares in a normalisation whose steps nobody else reads.
  init?(around meanOfSquares: NodeID, in graph: Graph) {
    guard let square = ReductionView(meanOfSquares, in: graph), square.keepDims,
      let axis = square.axes?.first,
      graph.nodes[meanOfSquares].op.kind == .reduceMean, square.axes?.count == 1,
      let centred = Self.squared(graph.producer(of: square.data), in: graph),
      let centring = graph.producer(of: centred), graph.nodes[centring].op.kind == .sub,
      let data = graph.nodes[centring].input(0), let mean = graph.nodes[centring].input(1),
      Self.isMean(mean, of: data, over: axis, in: graph),
      let division = Self.division(behind: graph.nodes[meanOfSquares].output(0), in: graph),
      graph.nodes[division].input(0) == centred, let rank = graph.rank(of: data),
      // A number of a higher rank would put axes in front.
      [centred, square.data, graph.nodes[division].output(0)].allSatisfy({
        $0.flatMap { graph.rank(of: $0) } == rank
      }),
      Self.areReadWithin(
        [mean, centred, square.data], [centring, division, meanOfSquares], in: graph)
    else { return nil }
    self.data = data
    self.axis = axis
    self.centring = centring
    self.division = division
  }

  /// What `node` squares, if it squares anything.
  private static func squared(_ node: NodeID?, in graph: Graph) -> ValueID? {
    guard let node, let base = graph.nodes[node].input(0) else { return nil }
    let other = graph.nodes[node].input(1)
    switch graph.nodes[node].op.kind {
    case .mul: return other == base ? base : nil
    case .pow: return graph.constant(other)?.uniformFact.value == 2 ? base : nil
    default: return nil
    }
  }

  private static func isMean(
    _ value: ValueID, of data: ValueID, over axis: Int, in graph: Graph
  ) -> Bool {
    guard let node = graph.producer(of: value), graph.nodes[node].op.kind == .reduceMean,
      let view = ReductionView(node, in: graph)
    else { return false }
    return view.data == data && view.axes == [axis] && view.keepDims
  }

  /// The division by the root of `variance` plus a number.
  private static func division(behind variance: ValueID?, in graph: Graph) -> NodeID? {
    guard let variance, let (sum, place) = graph.soleReader(of: variance),
      graph.nodes[sum].op.kind == .add,
      graph.constant(graph.nodes[sum].input(1 - place))?.count == 1,
      let shifted = graph.nodes[sum].output(0), let (root, _) = graph.soleReader(of: shifted),
      graph.nodes[root].op.kind == .sqrt, let deviation = graph.nodes[root].output(0),
      let (division, operand) = graph.soleReader(of: deviation), operand == 1,
      graph.nodes[division].op.kind == .div
    else { return nil }
    return division
  }

  /// Whether all readers of the values are the given nodes or what squares.
  private static func areReadWithin(
    _ values: [ValueID], _ nodes: [NodeID], in graph: Graph
  ) -> Bool {
    values.allSatisfy { value in
      graph.values[value].uses.allSatisfy { use in
        guard case .node(let node, _) = use else { return false }
        return nodes.contains(node)
          || graph.nodes[node].output(0).map {
            squared(node, in: graph) == value && values.contains($0)
          }
            ?? false
      }
    }
  }
}
