internal import COneDNN
import IR

/// Weights in the orders that primitives want them in, put into each once for all plans of a graph.
final class PackedWeights {
  private var known: [Key: Entry] = [:]

  private struct Entry {
    /// Who lends the original; once it is gone, another tensor may lie at the same place.
    weak var owner: (any PayloadOwner)?
    var forms: [(layout: MemoryDescriptor, bytes: OwnedBytes)] = []
  }

  /// Which tensor it is, by where its elements are and how they are looked at.
  private struct Key: Hashable {
    let owner: ObjectIdentifier
    let address: Int
    let shape: [Int]
    let strides: [Int]
  }

  /// The elements of `constant`, seen as `source`, in the order of `target`.
  func packed(
    _ constant: Constant, _ source: MemoryDescriptor, shape: [Int], strides: [Int],
    as target: MemoryDescriptor
  ) throws(ExecutionError) -> OwnedBytes {
    guard let payload = constant.payload else {
      throw ExecutionError(.unsupported, "weights have to be dense")
    }
    let address = unsafe payload.withBytes { Int(bitPattern: $0.baseAddress) }
    let key = Key(
      owner: ObjectIdentifier(payload.owner), address: address, shape: shape, strides: strides)
    known = known.filter { $0.value.owner != nil }
    if let form = known[key]?.forms.first(where: { $0.layout == target }) { return form.bytes }
    let owner = unsafe OwnedBytes(count: target.byteCount) {
      unsafe $0.initializeMemory(as: UInt8.self, repeating: 0)
    }
    try Reorder.run(payload, source, owner, target)
    unsafe payload.withBytes { unsafe payload.owner.discard($0) }
    known[key, default: Entry(owner: payload.owner)].forms.append((target, owner))
    return owner
  }
}

/// Puts tensors into another order.
enum Reorder {
  /// A primitive that does so.
  static func primitive(
    from source: MemoryDescriptor, to target: MemoryDescriptor
  ) throws(ExecutionError) -> Primitive {
    let attributes = try PrimitiveAttributes()
    var (first, second) = (source.raw, target.raw)
    let engine = unsafe Library.shared.engine
    return try unsafe Primitive("change a layout") { made in
      unsafe dnnl_reorder_primitive_desc_create(
        &made, &first, engine, &second, engine, attributes.handle)
    }
  }

  fileprivate static func run(
    _ payload: Payload, _ source: MemoryDescriptor, _ result: OwnedBytes, _ target: MemoryDescriptor
  ) throws(ExecutionError) {
    let primitive = try primitive(from: source, to: target)
    let arguments = Arguments()
    let temporary = unsafe OwnedBytes(count: max(primitive.scratchByteCount, 1)) { _ in }
    try unsafe payload.withBytes { bytes throws(ExecutionError) in
      try unsafe arguments.add(
        DNNL_ARG_SRC_0, source, at: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
    try unsafe result.payload.withBytes { bytes throws(ExecutionError) in
      try unsafe arguments.add(
        DNNL_ARG_DST_0, target, at: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
    try unsafe temporary.payload.withBytes { bytes throws(ExecutionError) in
      try unsafe arguments.add(
        DNNL_ARG_SCRATCHPAD, primitive.layout(dnnl_query_scratchpad_md),
        at: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
    try primitive.run(arguments)
    withExtendedLifetime((payload, result, temporary)) {}
  }
}
