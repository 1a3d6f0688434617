import COnnx
import IR

/// Decides where the elements of initializers go.
protocol InitializerStore: AnyObject {
  /// Takes the elements of a dense initializer, or declines by returning nil.
  ///
  /// - Parameters:
  ///   - constant: The initializer.
  ///   - payload: Its elements.
  ///   - name: Its name.
  /// - Returns: What the TensorProto is to say about where they are.
  func take(_ constant: Constant, _ payload: Payload, name: String) -> [MetadataEntry]?
}

/// Writes stored tensors; their elements stay where they are until the message is packed.
struct TensorWriter {
  let arena: MessageArena

  /// Makes the TensorProto of a constant that is not sparse.
  ///
  /// - Parameters:
  ///   - constant: The tensor.
  ///   - name: Its name.
  ///   - store: What may take the elements.
  /// - Returns: the message, which lives as long as the arena and the constant.
  /// - Throws: `EmitError` for text that ONNX cannot hold.
  func write(
    _ constant: Constant, name: String, store: (any InitializerStore)? = nil
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__TensorProto> {
    let message = unsafe arena.make(onnx__tensor_proto__init)
    unsafe message.pointee.has_data_type = 1
    unsafe message.pointee.data_type = constant.elementType.rawValue
    unsafe message.pointee.n_dims = constant.shape.count
    unsafe message.pointee.dims = arena.array(constant.shape.map(Int64.init))
    unsafe message.pointee.name = try arena.optionalText(name)
    unsafe try writeAnnotations(constant.annotations, to: message)
    switch constant.storage {
    case .dense(let payload):
      if let entries = store?.take(constant, payload, name: name) {
        unsafe try refer(message, to: entries)
      } else if payload.count > 0 {
        unsafe message.pointee.has_raw_data = 1
        unsafe message.pointee.raw_data = lend(payload)
      }
    case .strings(let strings):
      unsafe message.pointee.n_string_data = strings.count
      unsafe message.pointee.string_data = arena.array(strings.map { unsafe arena.bytes($0) })
    case .sparse:
      throw EmitError(
        .unrepresentable, "a sparse tensor stands where ONNX wants a dense one",
        entity: "tensor '\(name)'")
    }
    return unsafe message
  }

  /// Makes the SparseTensorProto of a sparse constant.
  func writeSparse(
    _ constant: Constant, values: Constant, indices: Constant, name: String
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__SparseTensorProto> {
    let message = unsafe arena.make(onnx__sparse_tensor_proto__init)
    unsafe message.pointee.values = try write(values, name: name)
    unsafe message.pointee.indices = try write(indices, name: "")
    unsafe message.pointee.n_dims = constant.shape.count
    unsafe message.pointee.dims = arena.array(constant.shape.map(Int64.init))
    return unsafe message
  }

  private func refer(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>, to entries: [MetadataEntry]
  ) throws(EmitError) {
    unsafe message.pointee.has_data_location = 1
    unsafe message.pointee.data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL
    unsafe message.pointee.n_external_data = entries.count
    unsafe message.pointee.external_data = try arena.entries(entries)
  }

  private func writeAnnotations(
    _ annotations: Annotations?, to message: UnsafeMutablePointer<Onnx__TensorProto>
  ) throws(EmitError) {
    guard let annotations else { return }
    unsafe message.pointee.doc_string = try arena.optionalText(annotations.documentation)
    unsafe message.pointee.n_metadata_props = annotations.metadata.count
    unsafe message.pointee.metadata_props = try arena.entries(annotations.metadata)
    unsafe arena.attach(annotations.opaqueFields, to: &message.pointee.base)
  }

  /// Points at the elements, which the model being written keeps alive; packing only reads them.
  private func lend(_ payload: Payload) -> ProtobufCBinaryData {
    unsafe payload.withBytes { bytes in
      let address = unsafe bytes.baseAddress.map { unsafe UnsafeMutableRawPointer(mutating: $0) }
      return unsafe ProtobufCBinaryData(
        len: bytes.count, data: address?.assumingMemoryBound(to: UInt8.self))
    }
  }
}
