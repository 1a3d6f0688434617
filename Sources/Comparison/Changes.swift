public import IR

/// Something that callers of two models see differently.
public struct InterfaceChange: Hashable, Sendable {
  /// What it is about: an input, an output, or the model.
  public let subject: String
  /// What was before; nil if it was not there.
  public let before: String?
  /// What is after; nil if it is gone.
  public let after: String?

  /// Every difference in inputs, outputs and operator sets.
  static func all(_ before: Model, _ after: Model) -> [InterfaceChange] {
    ports(
      "input", before.graph, before.graph.requiredInputs, after.graph, after.graph.requiredInputs)
      + ports("output", before.graph, before.graph.outputs, after.graph, after.graph.outputs)
      + operatorSets(before.graph, after.graph)
  }

  private static func ports(
    _ kind: String, _ before: Graph, _ first: [ValueID], _ after: Graph, _ second: [ValueID]
  ) -> [InterfaceChange] {
    (0..<max(first.count, second.count)).compactMap { place in
      let old = place < first.count ? before.port(first[place]) : nil
      let new = place < second.count ? after.port(second[place]) : nil
      return old == new
        ? nil : InterfaceChange(subject: "\(kind) \(place)", before: old, after: new)
    }
  }

  private static func operatorSets(_ before: Graph, _ after: Graph) -> [InterfaceChange] {
    let domains = (before.operatorSets + after.operatorSets).map(\.domain)
    var seen: Set<String> = []
    return domains.filter { seen.insert($0).inserted }.compactMap { domain in
      let old = before.version(ofDomain: domain).map { "\($0)" }
      let new = after.version(ofDomain: domain).map { "\($0)" }
      let name = domain.isEmpty ? "operator set" : "operator set \(domain)"
      return old == new ? nil : InterfaceChange(subject: name, before: old, after: new)
    }
  }
}

extension Graph {
  fileprivate func port(_ value: ValueID) -> String {
    "\(values[value].name): \(values[value].type.map { "\($0)" } ?? "?")"
  }
}

/// An attribute of a node that two models have differently.
public struct AttributeChange: Hashable, Sendable {
  /// The node after.
  public let node: NodeID
  /// The attribute.
  public let name: String
  /// What it was; nil if it was not stated.
  public let before: String?
  /// What it is; nil if it is not stated.
  public let after: String?

  /// Every difference; that layers in `narrowed` have fewer groups says no more than that channels are gone.
  static func all(
    of pairs: [ModelComparison.Pair], _ before: Graph, _ after: Graph, narrowed: Set<NodeID>
  ) -> [AttributeChange] {
    pairs.flatMap { pair -> [AttributeChange] in
      let old = before.nodes[pair.before].statements
      let new = after.nodes[pair.after].statements
      let names = (old + new).map(\.name)
      var seen: Set<String> = []
      return names.filter { seen.insert($0).inserted }.compactMap { name in
        let (first, second) = (
          old.first { $0.name == name }?.text, new.first { $0.name == name }?.text
        )
        return first == second || name == "group" && narrowed.contains(pair.after)
          ? nil
          : AttributeChange(node: pair.after, name: name, before: first, after: second)
      }
    }
  }
}

extension Node {
  /// The attributes, but bodies and what says no more than leaving it out would, in words.
  public var statements: [(name: String, text: String)] {
    attributes.compactMap { attribute in
      attribute.value.graphs.isEmpty && !isDefault(attribute)
        ? (attribute.name, attribute.value.text(PrintOptions(constants: .summary(maxElements: 16))))
        : nil
    }
  }

  /// Whether an attribute of an operator that dearc knows has the value it has when left out.
  private func isDefault(_ attribute: Attribute) -> Bool {
    guard let kind = op.kind else { return false }
    switch (attribute.name, attribute.value) {
    case ("alpha", .float(1)), ("beta", .float(1)): return kind == .gemm
    case ("group", .int(1)), ("transA", .int(0)), ("transB", .int(0)), ("ceil_mode", .int(0)),
      ("count_include_pad", .int(0)), ("storage_order", .int(0)), ("training_mode", .int(0)):
      return true
    case ("dilations", .ints(let numbers)), ("strides", .ints(let numbers)):
      return numbers.allSatisfy { $0 == 1 }
    case ("pads", .ints(let numbers)): return numbers.allSatisfy { $0 == 0 }
    case ("auto_pad", .string(let text)): return text == Array("NOTSET".utf8)
    // The weights say the same.
    case ("kernel_shape", _): return kind == .conv || kind == .convTranspose
    default: return false
    }
  }
}
