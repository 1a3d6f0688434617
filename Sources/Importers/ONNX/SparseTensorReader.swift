import COnnx
import IR

extension TensorReader {
  /// Reads a sparse tensor and checks that its indices ascend within the shape.
  func readSparse(
    _ message: UnsafeMutablePointer<Onnx__SparseTensorProto>
  ) throws(ImportError) -> Constant {
    let name = unsafe text(message.pointee.values?.pointee.name)
    do throws(ImportError) {
      return unsafe try readUnnamedSparse(message)
    } catch {
      throw error.adding(entity: "sparse tensor '\(name)'")
    }
  }

  private func readUnnamedSparse(
    _ message: UnsafeMutablePointer<Onnx__SparseTensorProto>
  ) throws(ImportError) -> Constant {
    unsafe context.drop(unknownFieldsOf: message.pointee.base, in: "sparse tensors")
    guard let valuesMessage = unsafe message.pointee.values,
      let indicesMessage = unsafe message.pointee.indices
    else { throw ImportError(.malformed, "a sparse tensor needs values and indices") }
    let shape = unsafe try checkedShape(numbers(message.pointee.dims, message.pointee.n_dims))
    let values = unsafe try read(valuesMessage)
    let indices = unsafe try read(indicesMessage)
    guard values.shape.count == 1, values.elementType != .string else {
      throw ImportError(.malformed, "the values of a sparse tensor must have one axis")
    }
    try checkIndices(indices, count: values.count, within: shape)
    if unsafe !text(indicesMessage.pointee.name).isEmpty {
      context.note("the name of a sparse tensor's indices was left out")
    }
    return Constant(
      elementType: values.elementType, shape: shape,
      storage: .sparse(values: values, indices: indices))
  }

  /// Indices are either positions in the flattened tensor or one coordinate for each axis.
  private func checkIndices(
    _ indices: Constant, count: Int, within shape: [Int]
  ) throws(ImportError) {
    let isLinear = indices.shape == [count]
    guard isLinear || indices.shape == [count, shape.count],
      let numbers = indices.elements(as: Int64.self)
    else {
      throw ImportError(
        .malformed,
        "the indices have type \(indices.elementType) and shape \(indices.shape); expected i64 and "
          + "[\(count)] or [\(count), \(shape.count)]")
    }
    var previous: Int64 = -1
    for entry in 0..<count {
      let position =
        isLinear ? numbers[entry] : try flatten(numbers, entry: entry, within: shape)
      guard position > previous, position < shape.product else {
        throw ImportError(
          .malformed, "index \(entry) of a sparse tensor is out of order or outside of \(shape)")
      }
      previous = position
    }
  }

  private func flatten(
    _ coordinates: [Int64], entry: Int, within shape: [Int]
  ) throws(ImportError) -> Int64 {
    var position: Int64 = 0
    for (axis, extent) in shape.enumerated() {
      let coordinate = coordinates[entry * shape.count + axis]
      guard coordinate >= 0, coordinate < extent else {
        throw ImportError(
          .malformed, "index \(entry) of a sparse tensor is outside of \(shape)")
      }
      // The product of the extents was found to fit before.
      position = position * Int64(extent) + coordinate
    }
    return position
  }
}
