import IR

/// Puts nodes into an order in which every value is defined before it is read.
struct NodeOrdering {
  /// The names that a node defines, and those that it and its bodies read.
  struct Names {
    var reads: [ExactName] = []
    var defines: [ExactName] = []
  }

  private let nodes: [Names]
  private var definedBy: [ExactName: Int] = [:]

  /// Notes which node defines what.
  init(_ nodes: [Names]) throws(ImportError) {
    self.nodes = nodes
    for (index, node) in nodes.enumerated() {
      for name in node.defines where definedBy.updateValue(index, forKey: name) != nil {
        throw ImportError(.malformed, "two nodes define it", entity: "value '\(name.text)'")
      }
    }
  }

  /// Whether the nodes are in such an order already.
  var isSorted: Bool {
    nodes.indices.allSatisfy { index in
      nodes[index].reads.allSatisfy { definedBy[$0].map { $0 < index } ?? true }
    }
  }

  /// The positions of the nodes in such an order, which keeps to the present one where it can.
  func sorted() throws(ImportError) -> [Int] {
    var order: [Int] = []
    var state = [Visit](repeating: .pending, count: nodes.count)
    for root in nodes.indices where state[root] == .pending {
      // Each entry is a node under way and how many of its operands have been looked at.
      var path = [(node: root, next: 0)]
      state[root] = .open
      while let (node, next) = path.last {
        guard next < nodes[node].reads.count else {
          path.removeLast()
          state[node] = .done
          order.append(node)
          continue
        }
        path[path.count - 1].next += 1
        guard let source = definedBy[nodes[node].reads[next]] else { continue }
        switch state[source] {
        case .done: break
        case .open: throw cycle(path.map(\.node), closingAt: source)
        case .pending:
          state[source] = .open
          path.append((source, 0))
        }
      }
    }
    return order
  }

  private enum Visit { case pending, open, done }

  private func cycle(_ path: [Int], closingAt start: Int) -> ImportError {
    let loop = path.drop { $0 != start }.map { nodes[$0].defines.first?.text ?? "" }
    let shown = loop.prefix(8).map { "'\($0)'" }.joined(separator: " ← ")
    return ImportError(
      .malformed, "the graph has a cycle of \(loop.count) nodes through \(shown)")
  }
}
