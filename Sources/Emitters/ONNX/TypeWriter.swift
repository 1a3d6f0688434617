import COnnx
import IR

/// Writes declared types.
struct TypeWriter {
  let arena: MessageArena
  /// What is said about the type and its axes.
  let denotations: [Denotation]

  /// Makes the TypeProto of `type`, which `depth` other types enclose.
  func write(
    _ type: ValueType, depth: Int = 0
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__TypeProto> {
    let message = unsafe arena.make(onnx__type_proto__init)
    unsafe message.pointee.denotation = try arena.optionalText(remark(depth, nil))
    switch type {
    case .tensor(let tensor):
      let inner = unsafe arena.make(onnx__type_proto__tensor__init)
      unsafe inner.pointee.has_elem_type = 1
      unsafe inner.pointee.elem_type = tensor.elementType?.rawValue ?? 0
      unsafe inner.pointee.shape = try writeShape(tensor.shape, depth: depth)
      unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
      unsafe message.pointee.tensor_type = inner
    case .sparseTensor(let tensor):
      let inner = unsafe arena.make(onnx__type_proto__sparse_tensor__init)
      unsafe inner.pointee.has_elem_type = 1
      unsafe inner.pointee.elem_type = tensor.elementType?.rawValue ?? 0
      unsafe inner.pointee.shape = try writeShape(tensor.shape, depth: depth)
      unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE
      unsafe message.pointee.sparse_tensor_type = inner
    case .sequence(let element):
      let inner = unsafe arena.make(onnx__type_proto__sequence__init)
      unsafe inner.pointee.elem_type = try writeInner(element, depth)
      unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE
      unsafe message.pointee.sequence_type = inner
    case .optional(let element):
      let inner = unsafe arena.make(onnx__type_proto__optional__init)
      unsafe inner.pointee.elem_type = try writeInner(element, depth)
      unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE
      unsafe message.pointee.optional_type = inner
    case .map(let key, let value):
      let inner = unsafe arena.make(onnx__type_proto__map__init)
      unsafe inner.pointee.has_key_type = 1
      unsafe inner.pointee.key_type = key?.rawValue ?? 0
      unsafe inner.pointee.value_type = try writeInner(value, depth)
      unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_MAP_TYPE
      unsafe message.pointee.map_type = inner
    case .opaque(let domain, let name):
      let inner = unsafe arena.make(onnx__type_proto__opaque__init)
      unsafe inner.pointee.domain = try arena.optionalText(domain)
      unsafe inner.pointee.name = try arena.optionalText(name)
      unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE
      unsafe message.pointee.opaque_type = inner
    }
    return unsafe message
  }

  private func writeInner(
    _ type: ValueType?, _ depth: Int
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__TypeProto>? {
    guard let type else { return nil }
    return unsafe try write(type, depth: depth + 1)
  }

  private func writeShape(
    _ shape: Shape?, depth: Int
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__TensorShapeProto>? {
    guard let shape else { return nil }
    var dimensions: [UnsafeMutablePointer<Onnx__TensorShapeProto__Dimension>] = unsafe []
    for (axis, dimension) in shape.enumerated() {
      let message = unsafe arena.make(onnx__tensor_shape_proto__dimension__init)
      unsafe message.pointee.denotation = try arena.optionalText(remark(depth, axis))
      switch dimension {
      case .known(let count):
        unsafe message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
        unsafe message.pointee.dim_value = Int64(count)
      case .symbol(let name):
        unsafe message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
        unsafe message.pointee.dim_param = try arena.text(name)
      case .unknown: break
      }
      unsafe dimensions.append(message)
    }
    let message = unsafe arena.make(onnx__tensor_shape_proto__init)
    unsafe message.pointee.n_dim = shape.count
    unsafe message.pointee.dim = arena.list(dimensions)
    return unsafe message
  }

  private func remark(_ depth: Int, _ axis: Int?) -> String {
    denotations.first { $0.depth == depth && $0.axis == axis }?.text ?? ""
  }
}
