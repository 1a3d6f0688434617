import COnnx
import IR

/// Writes attributes, and the bodies that some of them hold.
struct AttributeWriter {
  let arena: MessageArena
  let store: any InitializerStore
  /// The names of what the bodies capture, by index.
  let capturedNames: [String]

  /// Makes the AttributeProto of each attribute.
  func writeAll(
    _ attributes: [Attribute]
  ) throws(EmitError) -> [UnsafeMutablePointer<Onnx__AttributeProto>] {
    var messages: [UnsafeMutablePointer<Onnx__AttributeProto>] = unsafe []
    for attribute in attributes {
      let message = unsafe arena.make(onnx__attribute_proto__init)
      unsafe message.pointee.name = try arena.text(attribute.name)
      unsafe message.pointee.doc_string = try arena.optionalText(attribute.documentation)
      unsafe arena.attach(attribute.opaqueFields, to: &message.pointee.base)
      let kind = unsafe try write(attribute.value, to: message)
      unsafe message.pointee.has_type = 1
      unsafe message.pointee.type = kind
      unsafe messages.append(message)
    }
    return unsafe messages
  }

  /// Writes a value and returns the type code to go with it.
  private func write(
    _ value: AttributeValue, to message: UnsafeMutablePointer<Onnx__AttributeProto>
  ) throws(EmitError) -> Onnx__AttributeProto__AttributeType {
    switch value {
    case .int(let value):
      unsafe message.pointee.has_i = 1
      unsafe message.pointee.i = value
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
    case .float(let value):
      unsafe message.pointee.has_f = 1
      unsafe message.pointee.f = value
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
    case .string(let value):
      unsafe message.pointee.has_s = 1
      unsafe message.pointee.s = arena.bytes(value)
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
    case .ints(let values):
      unsafe message.pointee.n_ints = values.count
      unsafe message.pointee.ints = arena.array(values)
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
    case .floats(let values):
      unsafe message.pointee.n_floats = values.count
      unsafe message.pointee.floats = arena.array(values)
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
    case .strings(let values):
      unsafe message.pointee.n_strings = values.count
      unsafe message.pointee.strings = arena.array(values.map { unsafe arena.bytes($0) })
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS
    case .reference(let parameter, let kind):
      unsafe message.pointee.ref_attr_name = try arena.text(parameter)
      return Onnx__AttributeProto__AttributeType(rawValue: UInt32(bitPattern: kind))
    case .tensor(let name, let constant):
      return unsafe try writeTensors([(name, constant)], isList: false, to: message)
    case .tensors(let tensors):
      return unsafe try writeTensors(tensors, isList: true, to: message)
    case .graph, .graphs, .type, .types:
      return unsafe try writeStructured(value, to: message)
    }
  }

  private func writeStructured(
    _ value: AttributeValue, to message: UnsafeMutablePointer<Onnx__AttributeProto>
  ) throws(EmitError) -> Onnx__AttributeProto__AttributeType {
    let types = TypeWriter(arena: arena, denotations: [])
    switch value {
    case .graph(let graph):
      unsafe message.pointee.g = try writeBody(graph)
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH
    case .graphs(let graphs):
      var bodies: [UnsafeMutablePointer<Onnx__GraphProto>] = unsafe []
      for graph in graphs { unsafe bodies.append(try writeBody(graph)) }
      unsafe message.pointee.n_graphs = bodies.count
      unsafe message.pointee.graphs = arena.list(bodies)
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPHS
    case .type(let type):
      unsafe message.pointee.tp = try types.write(type)
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TYPE_PROTO
    case .types(let list):
      var written: [UnsafeMutablePointer<Onnx__TypeProto>] = unsafe []
      for type in list { unsafe written.append(try types.write(type)) }
      unsafe message.pointee.n_type_protos = written.count
      unsafe message.pointee.type_protos = arena.list(written)
      return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TYPE_PROTOS
    default: return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED
    }
  }

  /// Writes one tensor or a list; sparse ones have fields of their own, and a list is of one sort.
  private func writeTensors(
    _ tensors: [(name: String, Constant)], isList: Bool,
    to message: UnsafeMutablePointer<Onnx__AttributeProto>
  ) throws(EmitError) -> Onnx__AttributeProto__AttributeType {
    let writer = TensorWriter(arena: arena)
    var dense: [UnsafeMutablePointer<Onnx__TensorProto>] = unsafe []
    var sparse: [UnsafeMutablePointer<Onnx__SparseTensorProto>] = unsafe []
    for (name, constant) in tensors {
      if case .sparse(let values, let indices) = constant.storage {
        unsafe sparse.append(
          try writer.writeSparse(constant, values: values, indices: indices, name: name))
      } else {
        unsafe dense.append(try writer.write(constant, name: name))
      }
    }
    guard unsafe dense.isEmpty || sparse.isEmpty else {
      throw EmitError(.unrepresentable, "an attribute lists sparse and dense tensors")
    }
    let isSparse = unsafe !sparse.isEmpty
    if isList {
      unsafe message.pointee.n_tensors = dense.count
      unsafe message.pointee.tensors = arena.list(dense)
      unsafe message.pointee.n_sparse_tensors = sparse.count
      unsafe message.pointee.sparse_tensors = arena.list(sparse)
      return isSparse
        ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSORS
        : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSORS
    }
    unsafe message.pointee.t = dense.first
    unsafe message.pointee.sparse_tensor = sparse.first
    return isSparse
      ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR
      : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
  }

  private func writeBody(
    _ graph: Graph
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__GraphProto> {
    unsafe try GraphWriter(
      arena: arena, graph: graph, store: store, capturedNames: capturedNames
    ).write()
  }
}
