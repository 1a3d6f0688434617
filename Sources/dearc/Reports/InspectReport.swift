import IR
import Importers

/// What `inspect` reports.
struct InspectReport: Encodable {
  let schema = "dearc.inspect/1"
  let version = Dearc.version
  let file: FileReport
  let name: String
  let irVersion: Int64
  let producer: String
  let operatorSets: [OperatorSetReport]
  let inputs: [ValueTypeReport]
  let outputs: [ValueTypeReport]
  /// How pictures are to be prepared and what the answer means, if the file states it.
  let preprocessing: String?
  let outputMeaning: String?
  let operators: [OperatorCount]
  let counts: CountsReport
  /// The input shapes that work was counted for.
  let countedAt: [String: [Int]]
  let notes: [NoteReport]
  /// Only with `--channels`.
  let channels: ChannelReport?

  init(
    _ imported: ImportedModel, path: String, countedAt shapes: [String: [Int]],
    channels: ChannelReport?
  ) {
    let model = imported.model
    file = FileReport(imported, path: path)
    name = model.graph.name
    irVersion = model.irVersion
    producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }
      .joined(separator: " ")
    operatorSets = model.graph.operatorSets.map {
      OperatorSetReport(domain: $0.domain.isEmpty ? "ai.onnx" : $0.domain, version: $0.version)
    }
    inputs = model.graph.requiredInputs.map { ValueTypeReport(model.graph.values[$0]) }
    outputs = model.graph.outputs.map { ValueTypeReport(model.graph.values[$0]) }
    preprocessing = imported.record(PreprocessingOptions.key)
    outputMeaning = imported.record(OutputMeaningOptions.key)
    operators = OperatorCount.histogram(of: model.graph)
    counts = CountsReport(
      model.graph.cost(inputShapes: shapes), fileBytes: imported.byteCount)
    countedAt = shapes
    notes = imported.notes.map(NoteReport.init)
    self.channels = channels
  }
}

/// The version of an operator set; the domain of ONNX's own is written out.
struct OperatorSetReport: Encodable {
  let domain: String
  let version: Int64
}

/// An input or output.
struct ValueTypeReport: Encodable {
  let name: String
  let type: String

  init(_ value: Value) {
    name = value.name
    type = value.type.map(\.summary) ?? "unknown"
  }
}

/// How often an operator occurs.
struct OperatorCount: Encodable {
  let `operator`: String
  let count: Int

  /// The operators of `graph` outside of bodies, the most frequent first.
  static func histogram(of graph: Graph) -> [OperatorCount] {
    let names = graph.nodeIDs.map { node in
      let op = graph.nodes[node].op
      return op.domain.isEmpty ? op.type : op.domain + "." + op.type
    }
    return Tally(names).entries
      .map { OperatorCount(operator: $0.entry, count: $0.count) }
      .sorted { ($1.count, $0.operator) < ($0.count, $1.operator) }
  }
}
