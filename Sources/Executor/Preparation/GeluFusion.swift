import IR

/// Puts one node in place of those that spell out GELU.
///
/// ```
/// before: %1 = Div(%x, √2)  %2 = Erf(%1)  %3 = Add(%2, 1)  %4 = Mul(%x, %3)  %5 = Mul(%4, ½)
/// after:  %5 = Gelu(%x)
/// ```
///
/// Exporters write it so for operator sets before 20. The factors may come in any order, and the first may be a
/// product with 1/√2.
enum GeluFusion {
  static func run(on graph: inout Graph) {
    for node in graph.nodeIDs where graph.contains(node) && graph.nodes[node].op.kind == .erf {
      guard let match = Match(node, in: graph) else { continue }
      replace(match, in: &graph)
    }
  }

  private static func replace(_ match: Match, in graph: inout Graph) {
    let result = graph.values[match.result]
    let draft = NodeDraft(
      Operator(.gelu), name: graph.nodes[match.last].name, inputs: [match.data],
      origin: graph.nodes[match.last].origin)
    let node = graph.insert(
      draft, results: [(result.name + " fused", result.type)], before: match.last)
    guard let made = graph.nodes[node].output(0) else { return }
    graph.replaceUses(of: match.result, with: made)
    for each in match.nodes.reversed() { graph.remove(each) }
  }

  /// The nodes of one GELU.
  private struct Match {
    let data: ValueID
    let result: ValueID
    let last: NodeID
    let nodes: [NodeID]

    init?(_ erf: NodeID, in graph: Graph) {
      guard let argument = graph.nodes[erf].input(0), let scaling = graph.producer(of: argument),
        graph.soleReader(of: argument)?.node == erf,
        let data = Self.scaled(scaling, in: graph),
        let sum = Self.reader(of: erf, .add, with: 1, in: graph)
      else { return nil }
      var nodes = [scaling, erf, sum]
      var factors: Set<Factor> = [.data, .half]
      var last = sum
      while !factors.isEmpty {
        guard let value = graph.nodes[last].output(0), let reader = graph.soleReader(of: value),
          graph.nodes[reader.node].op.kind == .mul,
          let other = graph.nodes[reader.node].input(1 - reader.input)
        else { return nil }
        let factor: Factor = other == data || Self.isHalf(of: data, other, graph) ? .data : .half
        if factor == .half, !Self.isNumber(other, 0.5, graph) { return nil }
        guard factors.remove(factor) != nil else { return nil }
        if other != data, factor == .data {
          // x/2 is taken first.
          guard factors.remove(.half) != nil, let product = graph.producer(of: other) else {
            return nil
          }
          nodes.append(product)
        }
        last = reader.node
        nodes.append(last)
      }
      guard let result = graph.nodes[last].output(0), !graph.isOutput(result) else { return nil }
      (self.data, self.result, self.last, self.nodes) = (data, result, last, nodes)
    }

    private enum Factor { case data, half }

    /// What is divided by √2 by `node`.
    private static func scaled(_ node: NodeID, in graph: Graph) -> ValueID? {
      let (first, second) = (graph.nodes[node].input(0), graph.nodes[node].input(1))
      switch graph.nodes[node].op.kind {
      case .div: return isNumber(second, 2.0.squareRoot(), graph) ? first : nil
      case .mul:
        if isNumber(second, 0.5.squareRoot(), graph) { return first }
        return isNumber(first, 0.5.squareRoot(), graph) ? second : nil
      default: return nil
      }
    }

    private static func reader(
      of node: NodeID, _ kind: OperatorKind, with number: Double, in graph: Graph
    ) -> NodeID? {
      guard let value = graph.nodes[node].output(0), let reader = graph.soleReader(of: value),
        graph.nodes[reader.node].op.kind == kind,
        isNumber(graph.nodes[reader.node].input(1 - reader.input), number, graph)
      else { return nil }
      return reader.node
    }

    /// Whether `value` is the data times a half, for this alone.
    private static func isHalf(of data: ValueID, _ value: ValueID, _ graph: Graph) -> Bool {
      guard let node = graph.producer(of: value), graph.nodes[node].op.kind == .mul,
        graph.soleReader(of: value) != nil
      else { return false }
      let (first, second) = (graph.nodes[node].input(0), graph.nodes[node].input(1))
      return first == data && isNumber(second, 0.5, graph)
        || second == data && isNumber(first, 0.5, graph)
    }

    private static func isNumber(_ value: ValueID?, _ number: Double, _ graph: Graph) -> Bool {
      guard let constant = graph.storedConstant(value), constant.count == 1,
        let element = constant.inSinglePrecision?.elements(as: Float.self)?.first
      else { return false }
      return (Double(element) - number).magnitude < 1e-6
    }
  }
}
