import FoundationEssentials
import TestSupport
import Testing

/// What is said of two models, in files that know nothing of each other.
@Suite struct DiffTests {
  private struct Diff: Decodable {
    struct Side: Decodable {
      let counts: Report.Counts
    }
    struct Change: Decodable {
      let subject: String
      let before: String?
      let after: String?
    }
    struct Fold: Decodable {
      let node: String
      let into: String?
      let sort: String
    }
    struct Pair: Decodable {
      let before: String?
      let after: String?
    }
    struct Attribute: Decodable {
      let name: String
    }
    struct Single: Decodable {
      let node: String
    }
    struct Nodes: Decodable {
      let pairs: [Pair]
      let folded: [Fold]
      let unfolded: [Fold]
      let attributes: [Attribute]

      let removed: [Single]
      let rewired: [Single]
    }
    struct Layer: Decodable {
      let before: String
      let channelsBefore: Int
      let channels: [Int?]
      let knownBy: String
    }
    struct Weight: Decodable {
      let name: String
      let isRounding: Bool
    }
    let schema: String
    let verdict: String
    let before: Side
    let interface: [Change]
    let nodes: Nodes
    let layers: [Layer]
    let weights: [Weight]
  }

  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func diff(_ before: String, _ after: String) throws -> Diff {
    let result = try Program.run("diff", before, after, "--json")
    #expect(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode(Diff.self, from: Data(result.output.utf8))
  }

  @Test func channelsAndNodesAreFoundAgain() throws {
    try Judge.run("diff_judge.py", "write", folder.path, "60")
    for number in 0..<60 {
      let result = try Program.run(
        "diff", folder.appending("\(number).a.onnx"), folder.appending("\(number).b.onnx"), "--json"
      )
      #expect(result.status == 0, "\(result.errors)")
      try writeFile(result.output, to: folder.appending("\(number).json"))
    }
    try Judge.run("diff_judge.py", "check", folder.path)
  }

  @Test func whatCannotBeToldIsSaidSo() throws {
    try Judge.run("diff_judge.py", "write", folder.path, "1")
    let (before, after) = (
      folder.appending("retrained.a.onnx"), folder.appending("retrained.b.onnx")
    )
    let layers = try diff(before, after).layers
    #expect(layers.first { $0.before == "first" }?.channels == Array(0..<12))
    #expect(layers.first { $0.before == "second" }?.channels == [nil, nil, nil, nil])
    let result = try Program.run("diff", before, after)
    #expect(result.output.contains("cannot be told: the weights are others"))
  }

  /// Training hides which channels are which; the record of a pruned file does not.
  @Test func theRecordOfAPrunedFileSaysWhatWeightsDoNot() throws {
    let (detector, slim) = (fixture("detector/detector.onnx"), folder.appending("slim.onnx"))
    let (trained, other) = (folder.appending("trained.onnx"), folder.appending("other.onnx"))
    let pruned = try Program.run(
      "prune", detector, "--stats", fixture("detector/alignment.h5"), "--head",
      fixture("detector/head.h5"), "--scope", "group", "-o", slim)
    #expect(pruned.status == 0, "\(pruned.errors)")
    try Judge.run("diff_judge.py", "train", slim, trained)
    try Judge.run("diff_judge.py", "train", detector, other)
    let told = try diff(detector, slim).layers.filter { $0.channels.count < $0.channelsBefore }
    let recorded = try diff(detector, trained).layers
      .filter { $0.channels.count < $0.channelsBefore }
    #expect(told.count == 4 && told.map(\.channels) == recorded.map(\.channels))
    #expect(recorded.allSatisfy { $0.knownBy == "the file's own record" })
    // A record is of one file alone.
    let unknown = try diff(other, trained).layers.filter { $0.channels.count < $0.channelsBefore }
    #expect(unknown.count == 4 && unknown.allSatisfy { $0.channels.allSatisfy { $0 == nil } })
    // Folded, it is the same file.
    let folded = folder.appending("folded.safetensors")
    #expect(try Program.run("convert", detector, "-o", folded).status == 0)
    #expect(try diff(folded, trained).layers.contains { $0.knownBy == "the file's own record" })
  }

  @Test func namesAndOrderAreNoDifference() throws {
    try Judge.run("diff_judge.py", "write", folder.path, "1")
    let found = try diff(folder.appending("renamed.a.onnx"), folder.appending("renamed.b.onnx"))
    #expect(found.interface.map(\.subject) == ["input 0", "output 0"])
    #expect(found.nodes.pairs.count == found.before.counts.nodes)
    #expect(found.nodes.folded.isEmpty && found.nodes.unfolded.isEmpty)
    #expect(found.nodes.attributes.isEmpty)
    #expect(found.weights.isEmpty)
  }

  /// Nodes and weights are all there, but the network is another.
  @Test func aNodeThatReadsSomethingElseIsSaidTo() throws {
    try Judge.run("diff_judge.py", "write", folder.path, "1")
    let (before, after) = (folder.appending("rewired.a.onnx"), folder.appending("rewired.b.onnx"))
    let found = try diff(before, after)
    #expect(found.verdict == "changed")
    #expect(found.nodes.rewired.map(\.node) == ["block1.a"])
    #expect(try Program.run("diff", before, after, "--exit-code").status == 1)
  }

  @Test func whatStandsBetweenTwoChangesIsFoundByItsOrder() throws {
    try Judge.run("diff_judge.py", "write", folder.path, "1")
    let found = try diff(
      folder.appending("shortened.a.onnx"), folder.appending("shortened.b.onnx"))
    #expect(found.nodes.removed.map(\.node) == ["a1.act", "a10.act"])
    #expect(found.nodes.rewired.isEmpty)
    #expect(found.nodes.pairs.count == 22)
    for pair in found.nodes.pairs {
      #expect(pair.before?.dropFirst() == pair.after?.dropFirst())
    }
  }

  /// Equally many nodes of each kind make no network the same as another.
  @Test func theSameNodesInAnotherOrderAreAnotherNetwork() throws {
    let kinds = ["Relu", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Sqrt", "Floor"]
    let paths = try [("a", kinds), ("b", kinds.reversed())].map { name, kinds in
      let path = folder.appending("\(name).onnx")
      let nodes = kinds.enumerated().map { place, kind in
        Wire.node(kind, ["\(name)\(place)"], ["\(name)\(place + 1)"])
      }
      let ports = Wire(joining: [.input("\(name)0"), .output("\(name)8")])
      try writeFile(Wire.model(Wire(joining: nodes), ports).bytes, to: path)
      return path
    }
    #expect(try diff(paths[0], paths[1]).verdict != "identical")
  }

  /// What a model holds besides the nodes of its graph.
  @Test(arguments: [
    ("body", "attribute then_branch"), ("function", "interface function 0"),
    ("table", "weight table"),
    ("metadata", "interface metadata scale"),
  ])
  func whatIsNoNodeCounts(variant: String, change: String) throws {
    try Judge.run("diff_judge.py", "write", folder.path, "1")
    let found = try diff(
      folder.appending("branched.a.onnx"), folder.appending("branched.\(variant).onnx"))
    let changes =
      found.interface.map { "interface \($0.subject)" }
      + found.nodes.attributes.map { "attribute \($0.name)" }
      + found.weights.map { "weight \($0.name)" }
    #expect(changes == [change])
    #expect(found.verdict == (variant == "table" ? "weights" : "changed"))
  }

  @Test func aModelIsTheSameAsItself() throws {
    let model = try Models.gated.get()
    let result = try Program.run("diff", model, model, "--exit-code")
    #expect(result.status == 0)
    #expect(result.output.hasSuffix("The models are the same.\n"))
    #expect(try diff(model, model).verdict == "identical")
  }

  @Test func foldingIsNamed() throws {
    let (model, folded) = (try Models.gated.get(), folder.appending("folded.safetensors"))
    #expect(try Program.run("convert", model, "-o", folded).status == 0)
    let found = try diff(model, folded)
    #expect(found.verdict == "changed")
    #expect(found.nodes.folded.count(where: { $0.sort == "layer" && $0.into != nil }) >= 20)
    #expect(found.weights.isEmpty)
    #expect(try diff(folded, model).nodes.unfolded.count == found.nodes.folded.count)
    let result = try Program.run("diff", model, folded, "--exit-code")
    #expect(result.status == 1)
    #expect(result.errors.isEmpty)
    #expect(result.output.contains("BatchNormalization"))
  }

  @Test func otherWeightsOfTheSameArchitectureAreSaidSo() throws {
    let model = try Models.gated.get()
    try Judge.run("weight_files.py", "write", model, folder.path)
    let found = try diff(model, folder.appending("all.onnx"))
    #expect(found.schema == "dearc.diff/1")
    #expect(found.verdict == "weights")
    #expect(found.interface.isEmpty)
    #expect(found.weights.count > 20)
    let head = try diff(model, folder.appending("head.onnx"))
    #expect(head.verdict == "weights")
    #expect(head.weights.map(\.name).sorted() == ["fc.weight"])
    let result = try Program.run("diff", model, folder.appending("head.onnx"))
    #expect(result.output.contains("The same architecture with other weights."))
  }

  /// A node is in one entry at most, and one that was folded in that of the node that does its work.
  @Test func nodesAreMappedForModelExplorer() throws {
    struct Mapping: Decodable {
      struct Entry: Decodable {
        let leftNodeIds: [String]
        let rightNodeIds: [String]
      }
      let type: String
      let mappingEntries: [Entry]
      let disableMappingFallback: Bool
    }
    let (detector, folded, file) = (
      fixture("detector/detector.onnx"), folder.appending("folded.onnx"),
      folder.appending("map.json")
    )
    #expect(try Program.run("convert", detector, "-o", folded).status == 0)
    #expect(try Program.run("diff", detector, folded, "--model-explorer", file).status == 0)
    let mapping = try JSONDecoder().decode(Mapping.self, from: Data(try readBytes(file)))
    #expect(mapping.type == "sync_navigation")
    #expect(mapping.disableMappingFallback)
    let entries = Dictionary(
      uniqueKeysWithValues: mapping.mappingEntries.map { ($0.rightNodeIds, $0.leftNodeIds) })
    #expect(entries[["stem.0.Conv"]] == ["stem.0.Conv", "stem.1.BatchNormalization"])
    #expect(entries[["[value] stem.0.weight", "[value] stem.0.bias"]]?.count == 5)
    #expect(entries[["[value] logit"]] == ["[value] logit"])
    #expect(entries[["main_graph___group___"]] == ["main_graph___group___"])
    for ids in [
      mapping.mappingEntries.flatMap(\.leftNodeIds), mapping.mappingEntries.flatMap(\.rightNodeIds),
    ] {
      #expect(Set(ids).count == ids.count)
    }
    // Everything is there: 82 nodes, 127 tensors, an input, an output, and the group of all.
    #expect(mapping.mappingEntries.flatMap(\.leftNodeIds).count == 212)
  }

  @Test func unrelatedModelsAreSaidToBe() throws {
    try Judge.run("diff_judge.py", "write", folder.path, "4")
    for number in 0..<4 {
      let found = try Program.run(
        "diff", try Models.gated.get(), folder.appending("\(number).a.onnx"), "--exit-code")
      #expect(found.status == 1)
      #expect(found.output.contains("The models have little in common"), "\(found.output)")
    }
  }

  @Test func whatIsNoModelIsRefused() throws {
    let text = folder.appending("text.onnx")
    try writeFile("hello", to: text)
    #expect(try Program.run("diff", try Models.gated.get(), text).status == 65)
    #expect(try Program.run("diff", folder.appending("nobody.onnx"), text).status == 66)
    #expect(try Program.run("diff", text).status == 64)
    let model = try Models.gated.get()
    for shape in ["nobody:1,3,64,64", "input:1,3"] {
      #expect(try Program.run("diff", model, model, "--input-shape", shape).status == 64)
    }
  }
}
