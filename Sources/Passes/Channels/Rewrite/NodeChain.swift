internal import IR

/// Inserts nodes in order before a node, named after it.
struct NodeChain {
  let successor: NodeID
  let label: String
  /// The pass that makes the nodes.
  let origin: String

  init(before successor: NodeID, label: String, origin: String = ChannelPruning.name) {
    self.successor = successor
    self.label = label
    self.origin = origin
  }

  /// The only result of a new node.
  func add(
    _ kind: OperatorKind, _ inputs: [ValueID], attributes: [Attribute] = [],
    _ rewriter: inout Rewriter
  ) -> ValueID {
    let name = rewriter.freshName("\(label)_\(kind.rawValue.lowercased())")
    let draft = NodeDraft(
      Operator(kind), name: name, inputs: inputs, attributes: attributes,
      origin: .pass(origin))
    return rewriter.edit { graph in
      let added = graph.insert(draft, results: [(name, nil)], before: successor)
      return graph.nodes[added].outputs[0] ?? inputs[0]
    }
  }

  /// The mean along `axis`, which stays with extent 1; axes are operands since version 18.
  func mean(of data: ValueID, axis: Int, _ rewriter: inout Rewriter) -> ValueID {
    guard rewriter.graph.version >= 18 else {
      let axes = Attribute("axes", .ints([Int64(axis)]))
      return add(.reduceMean, [data], attributes: [axes], &rewriter)
    }
    return add(.reduceMean, [data, integers([axis], &rewriter)], &rewriter)
  }

  func integers(
    _ integers: [Int], as role: String = "axes", _ rewriter: inout Rewriter
  ) -> ValueID {
    rewriter.addIntegers(integers, name: "\(label)_\(role)")
  }

  /// The `channels` that `data` has now, and their positions, with an axis for the groups and one for the
  /// rest.
  ///
  /// The rest is stated where it is known: of an empty batch, runtimes work out no extent.
  func grouped(
    _ data: ValueID, of channels: Int, by groups: Int, _ rewriter: inout Rewriter
  ) -> ValueID {
    let positions = rewriter.graph.shape(of: data)?.dropFirst(2).map(\.count)
    let known = positions?.compactMap { $0 } ?? []
    let rest = known.count == positions?.count ? (known + [channels / groups]).checkedProduct : nil
    let shape = integers([0, groups, rest ?? -1], as: "shape", &rewriter)
    return add(.reshape, [data, shape], &rewriter)
  }

  /// The elements of `value` in the shape of `data`.
  func shaped(_ value: ValueID, like data: ValueID, _ rewriter: inout Rewriter) -> ValueID {
    add(.reshape, [value, add(.shape, [data], &rewriter)], &rewriter)
  }

  /// One number a group, or one for all where they agree.
  func numbers(_ numbers: [Double], _ rewriter: inout Rewriter) -> ValueID {
    let isUniform = numbers.allSatisfy { $0 == numbers[0] }
    let (stored, shape) = isUniform ? ([numbers[0]], []) : (numbers, [numbers.count, 1])
    return rewriter.addConstant(
      Constant(stored.map { Float($0) }, shape: shape), name: label + "_counted")
  }

  /// A parameter with one number a slot, shaped to run along the axis that `trailing` others follow.
  func broadcast(
    _ parameter: ValueID, over trailing: Int, _ rewriter: inout Rewriter
  ) -> ValueID {
    guard trailing > 0, let stored = rewriter.graph.constant(parameter) else { return parameter }
    let shape = stored.shape + Array(repeating: 1, count: trailing)
    return rewriter.storeBeside(stored.reshaped(shape), parameter)
  }

  /// What the distance of `mean` from that of the missing slots adds to the variance.
  func squaredDistances(
    of groups: [RemovedSlots], from mean: ValueID, _ rewriter: inout Rewriter
  ) -> ValueID {
    var distance = mean
    if groups.contains(where: { $0.mean != 0 }) {
      distance = add(.sub, [mean, numbers(groups.map(\.mean), &rewriter)], &rewriter)
    }
    let shares = groups.map { 1 - $0.share }
    let square = add(.mul, [distance, distance], &rewriter)
    return add(.mul, [square, numbers(shares, &rewriter)], &rewriter)
  }
}
