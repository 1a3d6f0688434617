import COnnx
import IR

/// Reads declared types.
struct TypeReader {
  let context: ImportContext
  /// What was said about the types read, in source order.
  private(set) var denotations: [Denotation] = []

  init(context: ImportContext) { self.context = context }

  /// Reads a type; nil if the message leaves it open.
  ///
  /// - Parameters:
  ///   - message: The TypeProto.
  ///   - depth: How many types enclose this one.
  /// - Returns: the type.
  /// - Throws: `ImportError` for an element type or extent that cannot be represented.
  mutating func read(
    _ message: UnsafeMutablePointer<Onnx__TypeProto>, depth: Int = 0
  ) throws(ImportError) -> ValueType? {
    let type = unsafe message.pointee
    unsafe context.drop(unknownFieldsOf: type.base, in: "types")
    remark(unsafe text(type.denotation), depth: depth, axis: nil)
    switch unsafe type.value_case {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
      guard let tensor = unsafe type.tensor_type else { return nil }
      unsafe context.drop(unknownFieldsOf: tensor.pointee.base, in: "types")
      return .tensor(
        unsafe try readTensor(tensor.pointee.elem_type, tensor.pointee.shape, depth: depth))
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
      guard let tensor = unsafe type.sparse_tensor_type else { return nil }
      return .sparseTensor(
        unsafe try readTensor(tensor.pointee.elem_type, tensor.pointee.shape, depth: depth))
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
      return .sequence(unsafe try readInner(type.sequence_type?.pointee.elem_type, depth))
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
      return .optional(unsafe try readInner(type.optional_type?.pointee.elem_type, depth))
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
      guard let map = unsafe type.map_type else { return nil }
      return .map(
        key: unsafe try readElementType(map.pointee.key_type),
        value: unsafe try readInner(map.pointee.value_type, depth))
    case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE:
      guard let opaque = unsafe type.opaque_type else { return nil }
      return .opaque(
        domain: unsafe text(opaque.pointee.domain), name: unsafe text(opaque.pointee.name))
    default:
      return nil
    }
  }

  private mutating func readInner(
    _ message: UnsafeMutablePointer<Onnx__TypeProto>?, _ depth: Int
  ) throws(ImportError) -> ValueType? {
    guard let message = unsafe message else { return nil }
    return unsafe try read(message, depth: depth + 1)
  }

  private mutating func readTensor(
    _ elementType: Int32, _ shape: UnsafeMutablePointer<Onnx__TensorShapeProto>?, depth: Int
  ) throws(ImportError) -> TensorType {
    let elementType = try readElementType(elementType)
    guard let shape = unsafe shape else { return TensorType(elementType, nil) }
    unsafe context.drop(unknownFieldsOf: shape.pointee.base, in: "shapes")
    var dimensions: Shape = []
    let dimensionList = unsafe messages(shape.pointee.dim, shape.pointee.n_dim)
    for index in unsafe dimensionList.indices {
      let dimension = unsafe dimensionList[index].pointee
      unsafe context.drop(unknownFieldsOf: dimension.base, in: "dimensions")
      remark(unsafe text(dimension.denotation), depth: depth, axis: dimensions.count)
      unsafe dimensions.append(readDimension(dimension))
    }
    return TensorType(elementType, dimensions)
  }

  private func readDimension(_ dimension: Onnx__TensorShapeProto__Dimension) -> Dimension {
    switch unsafe dimension.value_case {
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE:
      guard let count = unsafe Int(exactly: dimension.dim_value), count >= 0 else {
        context.note("a declared extent is negative and was taken as unknown")
        return .unknown
      }
      return .known(count)
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM:
      let name = unsafe text(dimension.dim_param)
      return name.isEmpty ? .unknown : .symbol(name)
    default: return .unknown
    }
  }

  private func readElementType(_ code: Int32) throws(ImportError) -> ElementType? {
    guard code != 0 else { return nil }
    guard let type = ElementType(rawValue: code) else {
      throw ImportError(.unsupported, "a declared type has the unknown element type \(code)")
    }
    return type
  }

  private mutating func remark(_ text: String, depth: Int, axis: Int?) {
    guard !text.isEmpty else { return }
    denotations.append(Denotation(depth: depth, axis: axis, text: text))
  }
}
