import Formats
import IR

/// Reads a safetensors file whose metadata hold the graph.
func importSafetensors(_ file: MappedFile) throws(ImportError) -> ImportedModel {
  let header = try importing { () throws(FormatError) in
    try SafetensorsHeader(reading: file)
  }
  guard let graph = header.metadata("onnx") else {
    throw ImportError(
      .unsupported,
      "the file has \(header.entries.count) tensors but no graph (no 'onnx' in its metadata); give "
        + "the ONNX model that the tensors belong to instead")
  }
  let unknownFields = try readUnknownFields(header)
  let wire: [UInt8]
  do throws(FormatError) {
    wire = try MessageDecoder(Array(graph.utf8), unknownFields: unknownFields).wire
  } catch {
    throw inGraph(ImportError(error))
  }
  let stored = StoredTensors(header, MappedWeights(file))
  let source = unsafe OwnedBytes(count: wire.count) { unsafe $0.copyBytes(from: wire) }.payload
  let context = ImportContext(source: source, hasFileOffsets: false, store: stored)
  var model: Model
  do throws(ImportError) {
    model = try readModel(context)
  } catch {
    throw inGraph(error)
  }
  noteLeftovers(header, stored, context)
  let records = header.metadata.filter {
    $0.key.hasPrefix("dearc.") && $0.key != unknownFieldsKey
  }
  let provenance =
    model.takeProvenance() + records.map { MetadataEntry(key: $0.key, value: $0.value) }
  return ImportedModel(
    model: model, format: .safetensors, notes: context.notes, provenance: provenance,
    fileByteCount: file.count, externalFiles: [])
}

/// Where fields are kept that JSON has no place for.
private let unknownFieldsKey = "dearc.onnx.unknown_fields"

/// Says that an offset counts in the graph's JSON or its wire form, not in the file.
private func inGraph(_ error: ImportError) -> ImportError {
  let place = error.offset.map { " at \($0)" } ?? ""
  return ImportError(
    error.kind, error.message,
    entity: "the 'onnx' metadata\(place)" + (error.entity.map { ": " + $0 } ?? ""))
}

private func readUnknownFields(
  _ header: SafetensorsHeader
) throws(ImportError) -> [String: [UInt8]] {
  guard let json = header.metadata(unknownFieldsKey) else { return [:] }
  var fields: [String: [UInt8]] = [:]
  do throws(FormatError) {
    var cursor = JSONCursor(Array(json.utf8))
    try cursor.readObject { (cursor, path) throws(FormatError) in
      let offset = cursor.offset
      guard let bytes = Base64.decode(try cursor.readStringBytes()) else {
        throw FormatError(.malformed, offset: offset, "expected bytes in Base64")
      }
      fields[path] = bytes
    }
    try cursor.expectEnd()
  } catch {
    throw ImportError(.malformed, error.message, entity: "the '\(unknownFieldsKey)' metadata")
  }
  return fields
}

private func noteLeftovers(
  _ header: SafetensorsHeader, _ stored: StoredTensors, _ context: ImportContext
) {
  let unused = header.entries.count { !stored.used.contains(ExactName($0.name)) }
  if unused > 0 {
    context.note("\(unused) tensors belong to no initializer of the graph and were left out")
  }
  for (key, _) in header.metadata where key != "onnx" && !key.hasPrefix("dearc.") {
    context.note("the metadata entry '\(key)' was left out")
  }
}

/// Lends the tensors of a safetensors file to the initializers of its graph.
private final class StoredTensors: ExternalElements {
  private let entries: [ExactName: SafetensorsEntry]
  private let dataOffset: Int
  private let weights: MappedWeights
  private(set) var used: Set<ExactName> = []

  init(_ header: SafetensorsHeader, _ weights: MappedWeights) {
    entries = Dictionary(header.entries.map { (ExactName($0.name), $0) }) { first, _ in first }
    dataOffset = header.dataOffset
    self.weights = weights
  }

  func elements(
    _ entries: [MetadataEntry], tensor: String, type: ElementType, shape: [Int], byteCount: Int
  ) throws(ImportError) -> Payload {
    let keys = entries.filter { $0.key == "key" }
    let locations = entries.filter { $0.key == "location" }
    guard locations.count == 1, locations[0].value == ".", keys.count <= 1,
      keys.count + locations.count == entries.count
    else {
      throw ImportError(
        .unsupported,
        "the elements are outside of this file, or in two places; expected location '.' and at "
          + "most one key")
    }
    let key = keys.first?.value ?? tensor
    guard let entry = self.entries[ExactName(key)] else {
      throw ImportError(.malformed, "the file has no tensor '\(key)'")
    }
    let storedShape = type.bitWidth < 8 ? [byteCount] : shape
    guard entry.type == SafetensorsType(onnxType: type.rawValue), entry.shape == storedShape,
      entry.range.count == byteCount
    else {
      throw ImportError(
        .malformed,
        "the graph wants \(type) \(shape), the file stores \(entry.type.rawValue) \(entry.shape)")
    }
    used.insert(ExactName(key))
    return weights.payload.slice(
      dataOffset + entry.range.lowerBound..<dataOffset + entry.range.upperBound)
  }
}
