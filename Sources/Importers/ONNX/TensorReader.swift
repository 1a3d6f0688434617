import COnnx
import IR

/// Reads stored tensors; whatever can be lent from the file is.
struct TensorReader {
  let context: ImportContext

  /// Reads a dense tensor of any element type.
  func read(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>
  ) throws(ImportError) -> Constant {
    do throws(ImportError) {
      return unsafe try readUnnamed(message)
    } catch {
      let name = unsafe text(message.pointee.name)
      let offset =
        unsafe message.pointee.has_payload_offset != 0
        ? Int(message.pointee.payload_offset) : nil
      throw error.adding(
        offset: context.hasFileOffsets ? offset : nil, entity: "tensor '\(name)'")
    }
  }

  private func readUnnamed(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>
  ) throws(ImportError) -> Constant {
    let code = unsafe message.pointee.data_type
    guard let type = ElementType(rawValue: code) else {
      throw ImportError(.unsupported, "the tensor has the unknown element type \(code)")
    }
    guard unsafe message.pointee.segment == nil else {
      throw ImportError(
        .unsupported, "the tensor is a segment of a larger one, which ONNX no longer allows")
    }
    let shape = unsafe try checkedShape(numbers(message.pointee.dims, message.pointee.n_dims))
    let storage = unsafe try readStorage(message, type: type, shape: shape)
    var constant = Constant(elementType: type, shape: shape, storage: storage)
    constant.annotations = unsafe annotations(
      documentation: message.pointee.doc_string,
      metadata: entries(message.pointee.metadata_props, message.pointee.n_metadata_props),
      of: message.pointee.base)
    return constant
  }

  private func readStorage(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>, type: ElementType, shape: [Int]
  ) throws(ImportError) -> Constant.Storage {
    let fields = unsafe ElementFields(message)
    if unsafe message.pointee.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL {
      guard fields.all.isEmpty else {
        throw ImportError(.malformed, "the tensor has external data and elements of its own")
      }
      let byteCount = try self.byteCount(of: type, shape)
      return .dense(
        try context.store.elements(
          unsafe entries(message.pointee.external_data, message.pointee.n_external_data),
          tensor: unsafe text(message.pointee.name), type: type, shape: shape,
          byteCount: byteCount))
    }
    guard fields.all.count <= 1 else {
      throw ImportError(
        .malformed,
        "the tensor has elements in \(fields.all.map(\.name).joined(separator: " and ")); expected "
          + "one field")
    }
    if type == .string { return unsafe try readStrings(message, fields.all.first, shape) }
    return .dense(unsafe try readDense(message, fields.all.first, type, shape))
  }

  private func readStrings(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>, _ field: ElementField?, _ shape: [Int]
  ) throws(ImportError) -> Constant.Storage {
    guard field == nil || field == .strings else {
      throw ImportError(
        .malformed, "the strings of the tensor are in \(field?.name ?? ""), expected string_data")
    }
    let data = unsafe numbers(message.pointee.string_data, message.pointee.n_string_data)
    let found = unsafe data.count
    try expect(found, of: shape.product, field)
    return .strings(unsafe data.map { unsafe bytes($0) })
  }

  private func readDense(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>, _ field: ElementField?,
    _ type: ElementType, _ shape: [Int]
  ) throws(ImportError) -> Payload {
    let byteCount = try self.byteCount(of: type, shape)
    guard let field else {
      guard byteCount == 0 else {
        throw ImportError(
          .malformed, "the tensor has no elements; its type and shape take \(byteCount) bytes")
      }
      return unsafe OwnedBytes(count: 0) { _ in }.payload
    }
    let run = unsafe try lentRun(message)
    if field == .raw, let run {
      try expectBytes(run.count, byteCount)
      return run
    }
    guard field == type.typedField else {
      throw ImportError(
        .malformed,
        "elements of type \(type) are in \(field.name), expected raw_data or "
          + (type.typedField?.name ?? "nothing else"))
    }
    if let run, field.isFixedWidth {
      try expectBytes(run.count, byteCount)
      return run
    }
    return unsafe try TypedElements(message: message, run: run, field: field)
      .decode(as: type, count: shape.product, byteCount: byteCount)
  }

  /// The contiguous run of elements that the wire scan found, if it found one.
  private func lentRun(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>
  ) throws(ImportError) -> Payload? {
    guard unsafe message.pointee.has_payload_offset != 0 else { return nil }
    guard let offset = unsafe Int(exactly: message.pointee.payload_offset),
      let length = unsafe Int(exactly: message.pointee.payload_length),
      offset <= context.source.count, length <= context.source.count - offset
    else { throw ImportError(.malformed, "the elements lie outside of the file") }
    return context.source.slice(offset..<offset + length)
  }

  private func byteCount(of type: ElementType, _ shape: [Int]) throws(ImportError) -> Int {
    guard let count = type.byteCount(of: shape.product) else {
      throw ImportError(.malformed, "a tensor of type \(type) and shape \(shape) cannot be stored")
    }
    return count
  }

  private func expect(
    _ found: Int, of expected: Int, _ field: ElementField?
  ) throws(ImportError) {
    guard found == expected else {
      throw ImportError(
        .malformed,
        "\(field?.name ?? "the tensor") has \(found) elements, the shape takes \(expected)")
    }
  }

  private func expectBytes(_ found: Int, _ expected: Int) throws(ImportError) {
    guard found == expected else {
      throw ImportError(
        .malformed, "the elements take \(expected) bytes by type and shape, but \(found) are there")
    }
  }
}

/// Checks that no extent is negative and that no product of extents overflows, zeros aside.
func checkedShape(_ dims: [Int64]) throws(ImportError) -> [Int] {
  var shape: [Int] = []
  var product = 1
  for dim in dims {
    guard let extent = Int(exactly: dim), extent >= 0 else {
      throw ImportError(.malformed, "the shape \(dims) has a negative extent")
    }
    let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
    guard !overflow else {
      throw ImportError(.malformed, "the shape \(dims) has more elements than can be counted")
    }
    product = next
    shape.append(extent)
  }
  return shape
}
