import COnnx
import Formats
public import IR

/// Prepares a model as an ONNX file.
///
/// Weights go from where they are lent straight to the file. A model whose message would exceed
/// `options.messageByteLimit` keeps its larger weights in a second file, called like the first with
/// `.data` appended.
///
/// - Parameters:
///   - model: The model, which must be sound.
///   - path: Where the file is to appear.
///   - options: Choices about how it is written.
/// - Returns: the files, which appear once they are committed.
/// - Throws: `EmitError` if the model cannot be represented or a file not be written.
public func emitONNX(
  _ model: Model, to path: String, options: EmissionOptions = EmissionOptions()
) throws(EmitError) -> Emission {
  do throws(EmitError) {
    let message = try PackedModel(model, options.records, store: InlineStore())
    if message.byteCount <= options.messageByteLimit {
      return try write(message, weights: nil, to: path, options)
    }
    let weights = ExternalWeights(modelPath: path)
    let smaller = try PackedModel(model, options.records, store: weights)
    guard smaller.byteCount <= options.messageByteLimit else {
      throw EmitError(
        .unrepresentable,
        "the model takes \(smaller.byteCount) bytes even without its larger weights, more than the "
          + "\(options.messageByteLimit) that an ONNX message may have")
    }
    return try write(smaller, weights: weights, to: path, options)
  } catch {
    throw error.adding(file: path)
  }
}

private func write(
  _ message: PackedModel, weights: ExternalWeights?, to path: String, _ options: EmissionOptions
) throws(EmitError) -> Emission {
  try emitting { () throws(FormatError) in
    var files: [AtomicFile] = []
    if let weights {
      let file = try AtomicFile(path: weights.path, notReplacing: options.inputs)
      try weights.write(to: file)
      files.append(file)
    }
    let file = try AtomicFile(path: path, notReplacing: options.inputs)
    try message.write(to: file)
    files.append(file)
    return Emission(files: files)
  }
}

/// Leaves all elements in the message.
private final class InlineStore: InitializerStore {
  func take(_ constant: Constant, _ payload: Payload, name: String) -> [MetadataEntry]? { nil }
}

extension Graph {
  /// The stored tensors large enough to be worth giving back once they are written, by address.
  fileprivate var largePayloads: [UInt: Payload] {
    var payloads: [UInt: Payload] = [:]
    for value in constantIDs {
      guard let payload = constant(value)?.payload, payload.count >= 1 << 16 else { continue }
      let address = unsafe payload.withBytes { UInt(bitPattern: $0.baseAddress) }
      payloads[address] = payload
    }
    return payloads
  }
}

/// A message ready to be packed, with the memory it lives in.
@safe
private final class PackedModel {
  private let arena = MessageArena()
  private let message: UnsafeMutablePointer<Onnx__ModelProto>
  /// Keeps the lent weights alive.
  private let model: Model

  init(
    _ model: Model, _ records: [MetadataEntry], store: any InitializerStore
  ) throws(EmitError) {
    self.model = model
    unsafe message = try ModelWriter(arena: arena, store: store).write(model, records: records)
  }

  var byteCount: Int { unsafe onnx__model_proto__get_packed_size(message) }

  /// Packs the message piece by piece into `file`.
  func write(to file: AtomicFile) throws(FormatError) {
    let sink = PackSink(file, lent: model.graph.largePayloads)
    var receiver = unsafe OnnxPackReceiver(
      base: ProtobufCBuffer(append: { buffer, count, data in
        guard let buffer = unsafe buffer else { return }
        unsafe buffer.withMemoryRebound(to: OnnxPackReceiver.self, capacity: 1) { receiver in
          guard let opaque = unsafe receiver.pointee.receiver else { return }
          let sink = unsafe Unmanaged<PackSink>.fromOpaque(opaque).takeUnretainedValue()
          unsafe sink.append(UnsafeRawBufferPointer(start: data, count: count))
        }
      }), receiver: Unmanaged.passUnretained(sink).toOpaque())
    withExtendedLifetime(sink) {
      unsafe withUnsafeMutablePointer(to: &receiver) { pointer in
        _ = unsafe onnx__model_proto__pack_to_buffer(
          message, UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: ProtobufCBuffer.self))
      }
    }
    if let error = sink.error { throw error }
  }
}

/// Takes packed bytes from the runtime, which cannot be told that writing failed.
private final class PackSink {
  private let file: AtomicFile
  private let lent: [UInt: Payload]
  private(set) var error: FormatError?

  init(_ file: AtomicFile, lent: [UInt: Payload]) {
    self.file = file
    self.lent = lent
  }

  func append(_ bytes: UnsafeRawBufferPointer) {
    guard error == nil else { return }
    do throws(FormatError) { unsafe try file.write(bytes) } catch { self.error = error }
    lent[UInt(bitPattern: bytes.baseAddress)]?.discard()
  }
}
