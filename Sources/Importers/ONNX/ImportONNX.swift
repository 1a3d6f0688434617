import COnnx
import Formats
import IR

/// Reads an ONNX protobuf file.
func importONNX(
  _ file: MappedFile, options: ImportOptions
) throws(ImportError) -> ImportedModel {
  try expectModel(file)
  let external = ExternalDataFiles(modelPath: file.path, isAllowed: options.allowsExternalData)
  let context = ImportContext(
    source: MappedWeights(file).payload, hasFileOffsets: true, store: external)
  var model = try readModel(context)
  let provenance = model.takeProvenance()
  return ImportedModel(
    model: model, format: .onnx, notes: context.notes, provenance: provenance,
    fileByteCount: file.count, externalFiles: external.opened)
}

/// Refuses, before anything else is said about it, a file that does not begin like a ModelProto.
private func expectModel(_ file: MappedFile) throws(ImportError) {
  let first = unsafe try? WireCursor.firstTag(of: file.bytes)
  guard let first, MessageSchema.onnx.rules[0].field(first.field) != nil else {
    throw ImportError(
      .malformed, "this is neither an ONNX nor a safetensors file", offset: 0)
  }
}

/// Reads the ModelProto that is the source of `context`.
func readModel(_ context: ImportContext) throws(ImportError) -> Model {
  let skeleton = try importing { () throws(FormatError) in
    try unsafe context.source.withBytes { (bytes) throws(FormatError) in
      try unsafe SkeletonScanner(bytes).skeleton
    }
  }
  let arena = UnpackArena(budget: Limits.structureByteCount)
  let unpacked = unsafe arena.withAllocator { allocator in
    unsafe skeleton.withUnsafeBufferPointer { bytes in
      unsafe onnx__model_proto__unpack(allocator, bytes.count, bytes.baseAddress)
    }
  }
  guard let unpacked = unsafe unpacked else {
    throw arena.isExhausted
      ? ImportError(
        .unsupported,
        "the structure of the model, without weights, takes more than "
          + "\(Limits.structureByteCount >> 20) MiB")
      : ImportError(.malformed, "the protobuf message cannot be unpacked")
  }
  defer { withExtendedLifetime(arena) {} }
  return unsafe try ModelReader(context: context).read(unpacked)
}

extension Model {
  /// Removes and returns what dearc recorded in the metadata earlier.
  mutating func takeProvenance() -> [MetadataEntry] {
    let isOurs = { (entry: MetadataEntry) in entry.key.hasPrefix("dearc.") }
    let provenance = annotations.metadata.filter(isOurs)
    annotations.metadata.removeAll(where: isOurs)
    return provenance
  }
}
