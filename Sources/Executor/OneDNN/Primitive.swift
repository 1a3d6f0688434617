internal import COneDNN
import IR

/// Work that oneDNN has compiled for certain tensors.
@safe
final class Primitive {
  private let descriptor: dnnl_primitive_desc_t
  private let handle: dnnl_primitive_t

  /// Compiles what `create` describes.
  init(
    _ what: String, _ create: (inout dnnl_primitive_desc_t?) -> dnnl_status_t
  ) throws(ExecutionError) {
    var descriptor: dnnl_primitive_desc_t?
    try unsafe create(&descriptor).check(what)
    var handle: dnnl_primitive_t?
    try unsafe dnnl_primitive_create(&handle, descriptor).check(what)
    guard let descriptor = unsafe descriptor, let handle = unsafe handle else {
      throw ExecutionError(.internalFailure, "oneDNN made nothing to \(what)")
    }
    unsafe self.descriptor = descriptor
    unsafe self.handle = handle
  }

  deinit {
    unsafe dnnl_primitive_destroy(handle)
    unsafe dnnl_primitive_desc_destroy(descriptor)
  }

  /// The layout of an operand or result, as the primitive wants it.
  func layout(_ what: dnnl_query_t, _ index: Int = 0) -> MemoryDescriptor {
    guard let raw = unsafe dnnl_primitive_desc_query_md(descriptor, what, Int32(index)) else {
      return MemoryDescriptor(dnnl_memory_desc_t())
    }
    return unsafe MemoryDescriptor(raw.pointee)
  }

  /// The bytes it needs besides its operands.
  var scratchByteCount: Int { layout(dnnl_query_scratchpad_md).byteCount }

  /// Does the work.
  func run(_ arguments: Arguments) throws(ExecutionError) {
    let list = unsafe arguments.list
    let count = Int32(unsafe list.count)
    try unsafe dnnl_primitive_execute(
      handle, Library.shared.stream, count, list
    ).check("run")
    try unsafe dnnl_stream_wait(Library.shared.stream).check("finish")
  }
}

/// Where the operands and results of a primitive are.
@safe
final class Arguments {
  fileprivate private(set) var list: [dnnl_exec_arg_t] = unsafe []

  /// Adds an operand or a result that lies at `address`.
  func add(
    _ role: Int32, _ layout: MemoryDescriptor, at address: UnsafeMutableRawPointer?
  ) throws(ExecutionError) {
    var (memory, raw): (dnnl_memory_t?, dnnl_memory_desc_t) = (nil, layout.raw)
    try unsafe dnnl_memory_create(&memory, &raw, Library.shared.engine, address)
      .check("address a tensor")
    unsafe list.append(dnnl_exec_arg_t(arg: role, memory: memory))
  }

  deinit {
    for index in unsafe list.indices { unsafe dnnl_memory_destroy(list[index].memory) }
  }
}

/// What a primitive does to its result before it is stored, and where it keeps temporaries.
@safe
final class PrimitiveAttributes {
  let handle: dnnl_primitive_attr_t

  init(_ steps: [PostOperation] = []) throws(ExecutionError) {
    var handle: dnnl_primitive_attr_t?
    try unsafe dnnl_primitive_attr_create(&handle).check("describe a primitive")
    guard let handle = unsafe handle else {
      throw ExecutionError(.internalFailure, "oneDNN has no memory for attributes")
    }
    unsafe self.handle = handle
    try unsafe dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user)
      .check("keep temporaries")
    guard !steps.isEmpty else { return }
    var list: dnnl_post_ops_t?
    try unsafe dnnl_post_ops_create(&list).check("describe a primitive")
    defer { unsafe dnnl_post_ops_destroy(list) }
    for step in steps {
      switch step {
      case .activation(let function):
        try unsafe dnnl_post_ops_append_eltwise(
          list, 1, function.algorithm, function.alpha, function.beta
        ).check("append an activation")
      case .accumulation:
        try unsafe dnnl_post_ops_append_sum(list, 1).check("append a sum")
      case .binary(let algorithm, let operand):
        var raw = operand.raw
        try unsafe dnnl_post_ops_append_binary(list, algorithm, &raw).check("append a sum")
      }
    }
    try unsafe dnnl_primitive_attr_set_post_ops(handle, list).check("describe a primitive")
  }

  deinit { unsafe dnnl_primitive_attr_destroy(handle) }
}

/// A step that a primitive takes with each element of its result before it stores it.
enum PostOperation {
  case activation(Activation)
  /// What the result's memory holds already is added.
  case accumulation
  /// Joined with a tensor that broadcasts to the result.
  case binary(dnnl_alg_kind_t, MemoryDescriptor)
}

/// A function of one number that oneDNN knows.
struct Activation: Equatable {
  let algorithm: dnnl_alg_kind_t
  var alpha: Float = 0
  var beta: Float = 0
}
