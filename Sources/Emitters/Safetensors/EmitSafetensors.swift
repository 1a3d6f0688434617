import COnnx
import Formats
public import IR

/// Prepares a model as a safetensors file whose metadata hold the graph.
///
/// - `__metadata__["onnx"]` is the ModelProto in protobuf's JSON form, with the elements of dense
///   initializers left out (`data_location` EXTERNAL, location `.`): the convention of the
///   onnx-safetensors package.
/// - Tensors are keyed by initializer name. Should bodies have initializers of one name, the later
///   ones get `#2`, `#3` and so on appended, and say so in their `external_data` under `key`.
/// - Small tensors that shapes may depend on, such as the target of a Reshape or the scales of a
///   Resize, stay in the JSON: onnxruntime infers shapes before it reads external data.
/// - Types that the format lacks are stored as bytes (`U8`), packed as ONNX packs them. Strings,
///   complex128, sparse tensors and tensors in attributes stay in the JSON.
/// - Fields that dearc's schema of ONNX does not have are kept under `dearc.onnx.unknown_fields`.
///
/// - Parameters:
///   - model: The model, which must be sound.
///   - path: Where the file is to appear.
///   - options: Choices about how it is written.
/// - Returns: the file, which appears once it is committed.
/// - Throws: `EmitError` if the model cannot be represented or the file not be written.
public func emitSafetensors(
  _ model: Model, to path: String, options: EmissionOptions = EmissionOptions()
) throws(EmitError) -> Emission {
  do throws(EmitError) {
    let weights = KeyedWeights(shapeDeciders: ShapeDeciders(model))
    var metadata = try encodeGraph(model, store: weights)
    metadata += options.records.map { ($0.key, $0.value) }
    try checkKeys(metadata.map(\.key))
    let order = SafetensorsHeader.layout(of: weights.drafts)
    return try emitting { () throws(FormatError) in
      let header = try SafetensorsHeader.encode(
        metadata: metadata, tensors: order.map { weights.drafts[$0] })
      let file = try AtomicFile(path: path, notReplacing: options.inputs)
      try file.write(header)
      for index in order {
        try unsafe weights.payloads[index].withBytes { (bytes) throws(FormatError) in
          unsafe try file.write(bytes)
        }
        weights.payloads[index].discard()
      }
      return Emission(files: [file])
    }
  } catch {
    throw error.adding(file: path)
  }
}

/// Refuses metadata of which readers would see different parts.
private func checkKeys(_ keys: [String]) throws(EmitError) {
  var seen: Set<String> = []
  for key in keys where !seen.insert(key).inserted {
    throw EmitError(.unrepresentable, "the metadata would have two entries called '\(key)'")
  }
}

/// The metadata that hold the graph.
private func encodeGraph(
  _ model: Model, store: KeyedWeights
) throws(EmitError) -> [(key: String, value: String)] {
  let arena = MessageArena()
  defer { withExtendedLifetime(arena) {} }
  let message = unsafe try ModelWriter(arena: arena, store: store).write(model)
  let json = unsafe try MessageJSON(
    UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self))
  var metadata = [(key: "onnx", value: String(decoding: json.writer.bytes, as: UTF8.self))]
  if !json.unknownFields.isEmpty {
    var writer = JSONWriter()
    writer.object { writer in
      for (path, fields) in json.unknownFields {
        writer.key(path)
        unsafe fields.withUnsafeBytes { unsafe writer.string(utf8: Base64.encode($0)) }
      }
    }
    metadata.append(
      ("dearc.onnx.unknown_fields", String(decoding: writer.bytes, as: UTF8.self)))
  }
  return metadata
}

/// Gathers the dense initializers of a model under unique keys.
private final class KeyedWeights: InitializerStore {
  private(set) var drafts: [SafetensorsDraft] = []
  private(set) var payloads: [Payload] = []
  private var keys: Set<String> = ["__metadata__"]
  /// The number to try next for a name that several initializers have.
  private var nextNumbers: [String: Int] = [:]
  private let shapeDeciders: ShapeDeciders

  init(shapeDeciders: ShapeDeciders) { self.shapeDeciders = shapeDeciders }

  func take(_ constant: Constant, _ payload: Payload, name: String) -> [MetadataEntry]? {
    guard !shapeDeciders.contains(constant, name),
      let type = SafetensorsType(onnxType: constant.elementType.rawValue)
    else { return nil }
    let key = uniqueKey(for: name)
    // Bytes that stand for narrower elements have no axes of their own.
    let shape = constant.elementType.bitWidth < 8 ? [payload.count] : constant.shape
    drafts.append(
      SafetensorsDraft(name: key, type: type, shape: shape, byteCount: payload.count))
    payloads.append(payload)
    let location = MetadataEntry(key: "location", value: ".")
    return key == name ? [location] : [location, MetadataEntry(key: "key", value: key)]
  }

  private func uniqueKey(for name: String) -> String {
    var key = name
    while !keys.insert(key).inserted {
      let number = nextNumbers[name, default: 2]
      key = "\(name)#\(number)"
      nextNumbers[name] = number + 1
    }
    return key
  }
}
