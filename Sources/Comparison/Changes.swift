public import IR

/// Something that callers of two models see differently.
public struct InterfaceChange: Hashable, Sendable {
  /// What it is about: an input, an output, or the model.
  public let subject: String
  /// What was before; nil if it was not there.
  public let before: String?
  /// What is after; nil if it is gone.
  public let after: String?

  /// Every difference in inputs, outputs, operator sets, functions and what the models say of themselves.
  static func all(_ before: Model, _ after: Model) -> [InterfaceChange] {
    ports(
      "input", before.graph, before.graph.requiredInputs, after.graph, after.graph.requiredInputs)
      + ports("output", before.graph, before.graph.outputs, after.graph, after.graph.outputs)
      + operatorSets(before.graph, after.graph) + functions(before, after)
      + metadata(before.annotations.metadata, after.annotations.metadata)
  }

  /// Outputs at `places` that other nodes compute, though both models have these.
  static func outputs(_ places: [Int], _ before: Graph, _ after: Graph) -> [InterfaceChange] {
    places.map { place in
      InterfaceChange(
        subject: "output \(place) is made by", before: before.maker(of: before.outputs[place]),
        after: after.maker(of: after.outputs[place]))
    }
  }

  private static func functions(_ before: Model, _ after: Model) -> [InterfaceChange] {
    let (old, new) = (before.functions.map(\.summary), after.functions.map(\.summary))
    return (0..<max(old.count, new.count)).compactMap { place in
      let first = place < old.count ? old[place] : nil
      let second = place < new.count ? new[place] : nil
      return first == second
        ? nil : InterfaceChange(subject: "function \(place)", before: first, after: second)
    }
  }

  /// Such entries name classes and say how pictures are to be prepared.
  private static func metadata(
    _ before: [MetadataEntry], _ after: [MetadataEntry]
  ) -> [InterfaceChange] {
    let (old, new) = (values(before), values(after))
    var seen: Set<ExactName> = []
    return (before + after).map(\.key).filter { seen.insert(ExactName($0)).inserted }
      .compactMap { key in
        let (first, second) = (old[ExactName(key)], new[ExactName(key)])
        return first == second
          ? nil : InterfaceChange(subject: "metadata \(key)", before: first, after: second)
      }
  }

  private static func values(_ entries: [MetadataEntry]) -> [ExactName: String] {
    Dictionary(entries.map { (ExactName($0.key), $0.value) }) { first, _ in first }
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

extension Function {
  fileprivate var summary: String { "\(op.domain)::\(op.type), \(body.fingerprint)" }
}

extension Graph {
  /// A body in a few words that tell it from any other, names included.
  fileprivate var fingerprint: String {
    let options = PrintOptions(constants: .summary(maxElements: 0), origins: false)
    let hash = StructureHash(17).mixing(text(options)).bits
    return "\(nodeIDs.count) nodes #\(String(hash, radix: 16))"
  }

  fileprivate func maker(of value: ValueID) -> String {
    producer(of: value).map(label) ?? values[value].name
  }

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
  /// The attributes in words, but for what says no more than leaving it out would.
  public var statements: [(name: String, text: String)] {
    attributes.filter { !isDefault($0) }.map { attribute in
      let bodies = attribute.value.graphs.map(\.fingerprint).joined(separator: ", ")
      let options = PrintOptions(constants: .summary(maxElements: 16))
      return (attribute.name, bodies.isEmpty ? attribute.value.text(options) : bodies)
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
