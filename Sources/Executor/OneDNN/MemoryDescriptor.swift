internal import COneDNN
import IR

/// How the elements of a tensor lie in memory, as oneDNN says it.
struct MemoryDescriptor: Equatable, Sendable {
  var raw: dnnl_memory_desc_t

  init(_ raw: dnnl_memory_desc_t) { self.raw = raw }

  /// Row-major elements; a scalar is a vector of one.
  init(plain type: ElementType, _ shape: [Int]) throws(ExecutionError) {
    let shape = shape.isEmpty ? [1] : shape
    try self.init(type, shape, strides: StridedView.rowMajor(shape))
  }

  /// Elements `strides` apart along each axis.
  init(_ type: ElementType, _ shape: [Int], strides: [Int]) throws(ExecutionError) {
    var raw = dnnl_memory_desc_t()
    let (dims, steps) = (shape.map(Int64.init), strides.map(Int64.init))
    try unsafe dnnl_memory_desc_init_by_strides(
      &raw, Int32(dims.count), dims, try type.dnnl, steps
    ).check("describe a tensor of shape \(shape)")
    self.raw = raw
  }

  /// Elements in whatever order a primitive likes best.
  init(any type: ElementType, _ shape: [Int]) throws(ExecutionError) {
    var raw = dnnl_memory_desc_t()
    let dims = shape.map(Int64.init)
    try unsafe dnnl_memory_desc_init_by_tag(
      &raw, Int32(dims.count), dims, try type.dnnl, dnnl_format_tag_any
    ).check("describe a tensor of shape \(shape)")
    self.raw = raw
  }

  /// The same memory with axis `order[i]` as axis i.
  func transposed(_ order: [Int]) throws(ExecutionError) -> MemoryDescriptor {
    var (source, target) = (raw, dnnl_memory_desc_t())
    // The library wants to know where each axis goes.
    var places = order.map { _ in Int32(0) }
    for (place, axis) in order.enumerated() { places[axis] = Int32(place) }
    try unsafe dnnl_memory_desc_permute_axes(&target, &source, places).check("turn axes round")
    return MemoryDescriptor(target)
  }

  /// The strides of the axes, if elements lie in no blocks.
  var strides: [Int]? {
    let blocking = unsafe raw.format_desc.blocking
    guard raw.format_kind == dnnl_blocked, blocking.inner_nblks == 0 else { return nil }
    return unsafe withUnsafeBytes(of: blocking.strides) { bytes in
      unsafe bytes.bindMemory(to: Int64.self).prefix(Int(raw.ndims)).map { Int($0) }
    }
  }

  /// The bytes that the tensor takes, padding included.
  var byteCount: Int {
    var raw = raw
    return unsafe dnnl_memory_desc_get_size(&raw)
  }

  static func == (left: Self, right: Self) -> Bool {
    var (first, second) = (left.raw, right.raw)
    return unsafe dnnl_memory_desc_equal(&first, &second) != 0
  }
}

extension ElementType {
  /// The same type in oneDNN's numbering.
  var dnnl: dnnl_data_type_t {
    get throws(ExecutionError) {
      switch self {
      case .float32: dnnl_f32
      case .bfloat16: dnnl_bf16
      case .float16: dnnl_f16
      case .int32: dnnl_s32
      case .int8: dnnl_s8
      case .uint8: dnnl_u8
      default: throw ExecutionError(.unsupported, "oneDNN has no elements of type \(self)")
      }
    }
  }
}
