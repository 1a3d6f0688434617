import IR
import TestSupport
import Testing

/// Compares inferred types with those the ONNX backend suite declares or the onnx package infers.
@Suite struct ShapeBackendTests {
  /// Every one-node model: what it declares must never be contradicted, and operand values that
  /// are known must lead to the result's extents and, for shape arithmetic, to its elements.
  @Test func oneNodeModels() throws {
    var tally = Tally()
    for model in try BackendModel.all("node") {
      let graph = try parseGraph(model.graph)
      guard graph.nodeIDs.allSatisfy({ graph.nodes[$0].op.kind != nil }) else { continue }
      tally.compare(model, ShapeInference.infer(graph), in: graph)
    }
    #expect(tally.contradictions == [])
    // Measured with onnx 1.22: 2801 of the 3146 results of 2587 models, and 5238 elements. The rest
    // have extents that operands decide which are not known.
    #expect(tally.models >= 2_587)
    #expect(tally.determined >= 2_801, "only \(tally.determined) of \(tally.values) values")
    #expect(tally.checkedElements >= 5_238, "only \(tally.checkedElements)")
  }

  /// Whole networks: every value, against the onnx package with data propagation.
  @Test func networks() throws {
    var tally = Tally()
    for model in try BackendModel.all("real") {
      let graph = try parseGraph(model.graph)
      tally.compare(model, ShapeInference.infer(graph), in: graph)
    }
    #expect(tally.contradictions == [])
    #expect(tally.models == 149)
    #expect(tally.determined >= 4_190, "only \(tally.determined) of \(tally.values) values")
    #expect(tally.missed == [])
  }
}

/// One model in text form with what is expected of its values.
private struct BackendModel {
  var name = ""
  var graph = ""
  var types: [(value: String, element: String, extents: [String]?)] = []
  var elements: [(value: String, numbers: [Double])] = []

  static func all(_ suite: String) throws -> [BackendModel] {
    let folder = try TemporaryDirectory()
    let output = folder.appending("models")
    let script = "\(repositoryRoot())/Tests/Judges/shape_models.py"
    let result = try runProcess(try Python.interpreter(), [script, suite, output])
    try #require(result.status == 0, "\(result.errors)")
    return try readFile(output).components(startingWith: "=== ").map(BackendModel.init)
  }

  init(_ lines: [Substring]) {
    for (index, line) in lines.enumerated() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      switch fields[0] {
      case "type":
        let extents = fields[3] == "*" ? nil : fields[3].split(separator: " ").map(String.init)
        types.append((fields[1], fields[2], extents))
      case "values":
        elements.append((fields[1], fields[2].split(separator: " ").compactMap { Double($0) }))
      case "graph":
        graph = lines[(index + 1)...].joined(separator: "\n")
        return
      default: name = String(line.dropFirst(4))
      }
    }
  }
}

extension Graph {
  /// Whether dearc knows the operator that computes `value`.
  fileprivate func isKnown(_ value: ValueID) -> Bool {
    producer(of: value).map { nodes[$0].op.kind != nil } ?? true
  }
}

extension String {
  fileprivate func components(startingWith prefix: String) -> [[Substring]] {
    var parts: [[Substring]] = []
    for line in split(separator: "\n") {
      if line.hasPrefix(prefix) { parts.append([]) }
      parts[parts.count - 1].append(line)
    }
    return parts
  }
}

/// What comparing has shown so far.
private struct Tally {
  var models = 0
  var values = 0
  /// Values of which element type and every extent were found.
  var determined = 0
  /// Elements of results that were computed, and agree.
  var checkedElements = 0
  var contradictions: [String] = []
  /// Values of which the judge knows more.
  var missed: [String] = []

  mutating func compare(_ model: BackendModel, _ inference: ShapeInference, in graph: Graph) {
    models += 1
    var byName: [String: ValueID] = [:]
    for value in graph.valueIDs { byName[graph.values[value].name] = value }
    for expected in model.types {
      guard let value = byName[expected.value], graph.isKnown(value) else { continue }
      values += 1
      let type = inference.types[value]?.tensor
      let place =
        "\(model.name): \(expected.value) is \(expected.element)"
        + "\(expected.extents ?? ["*"]), found \(summary(inference.types[value]))"
      compare(type, with: expected, place)
    }
    for expected in model.elements {
      guard let value = byName[expected.value], let found = inference.partialTensor(of: value)
      else { continue }
      compare(found, with: expected.numbers, "\(model.name): elements of \(expected.value)")
    }
  }

  private mutating func compare(
    _ type: TensorType?, with expected: (value: String, element: String, extents: [String]?),
    _ place: String
  ) {
    if let element = type?.elementType {
      if expected.element != "?", element.description != expected.element {
        contradictions.append(place)
      }
    } else if expected.element != "?" {
      missed.append(place)
    }
    guard let shape = type?.shape else {
      if expected.extents != nil { missed.append(place) }
      return
    }
    if shape.counts != nil, type?.elementType != nil { determined += 1 }
    guard let extents = expected.extents else { return }
    guard extents.count == shape.count else {
      contradictions.append(place)
      return
    }
    let counts = zip(shape, extents).map { ($0.count, Int($1)) }
    if counts.contains(where: { $0 != nil && $1 != nil && $0 != $1 }) {
      contradictions.append(place)
    }
    if counts.contains(where: { $0 == nil && $1 != nil }) { missed.append(place) }
  }

  private mutating func compare(
    _ found: PartialTensor, with numbers: [Double], _ place: String
  ) {
    guard found.elements.count == numbers.count else {
      contradictions.append("\(place): \(found.elements.count) instead of \(numbers.count)")
      return
    }
    for (element, number) in zip(found.elements, numbers) {
      switch element {
      case .integer(let value): if Double(value) != number { contradictions.append(place) }
      case .real(let value):
        if value != number, !(value.isNaN && number.isNaN) { contradictions.append(place) }
      case .symbol, .unknown: continue
      }
      checkedElements += 1
    }
  }
}
