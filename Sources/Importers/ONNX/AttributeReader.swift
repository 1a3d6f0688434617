import COnnx
import IR

/// Reads the attributes of a node, or the defaults of a function.
struct AttributeReader {
  let context: ImportContext
  /// The graph around the bodies that attributes may hold.
  let scope: GraphScope

  /// Reads all attributes, refusing two of one name.
  func readAll(
    _ base: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__AttributeProto>?>?, _ count: Int
  ) throws(ImportError) -> [Attribute] {
    var attributes: [Attribute] = []
    var seen: Set<ExactName> = []
    let list = unsafe messages(base, count)
    for index in unsafe list.indices {
      let message = unsafe list[index]
      let attribute: Attribute
      do throws(ImportError) {
        attribute = unsafe try read(message)
      } catch {
        throw error.adding(entity: "attribute '\(unsafe text(message.pointee.name))'")
      }
      guard seen.insert(ExactName(attribute.name)).inserted else {
        throw ImportError(.malformed, "the attribute '\(attribute.name)' is given twice")
      }
      attributes.append(attribute)
    }
    return attributes
  }

  private func read(
    _ message: UnsafeMutablePointer<Onnx__AttributeProto>
  ) throws(ImportError) -> Attribute {
    let kind = unsafe try kind(of: message)
    let reference = unsafe text(message.pointee.ref_attr_name)
    let value: AttributeValue =
      reference.isEmpty
      ? unsafe try readValue(message, kind)
      : .reference(parameter: reference, kind: Int32(bitPattern: kind.rawValue))
    var attribute = unsafe Attribute(
      text(message.pointee.name), value, documentation: text(message.pointee.doc_string))
    attribute.opaqueFields = unsafe opaqueFields(message.pointee.base)
    return attribute
  }

  /// The declared kind, checked against which fields are there; files before IR version 2 need not
  /// declare it.
  private func kind(
    of message: UnsafeMutablePointer<Onnx__AttributeProto>
  ) throws(ImportError) -> Onnx__AttributeProto__AttributeType {
    let found = unsafe presentKinds(message.pointee)
    let declared = unsafe message.pointee.type
    guard unsafe message.pointee.has_type != 0,
      declared != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED
    else {
      if found.count == 1 { return found[0] }
      throw ImportError(.malformed, "the attribute does not say which type it has")
    }
    if let stray = found.first(where: { $0 != declared }) {
      throw ImportError(
        .malformed,
        "the attribute says it has type \(declared.rawValue), but holds a value of type "
          + "\(stray.rawValue)")
    }
    return declared
  }

  private func presentKinds(
    _ message: Onnx__AttributeProto
  ) -> [Onnx__AttributeProto__AttributeType] {
    let kinds: [(Onnx__AttributeProto__AttributeType, Bool)] = unsafe [
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT, message.has_f != 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, message.has_i != 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING, message.has_s != 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR, message.t != nil),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH, message.g != nil),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR, message.sparse_tensor != nil),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TYPE_PROTO, message.tp != nil),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS, message.n_floats > 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS, message.n_ints > 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS, message.n_strings > 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSORS, message.n_tensors > 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPHS, message.n_graphs > 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSORS, message.n_sparse_tensors > 0),
      (ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TYPE_PROTOS, message.n_type_protos > 0),
    ]
    return kinds.filter(\.1).map(\.0)
  }

  private func readValue(
    _ message: UnsafeMutablePointer<Onnx__AttributeProto>,
    _ kind: Onnx__AttributeProto__AttributeType
  ) throws(ImportError) -> AttributeValue {
    let attribute = unsafe message.pointee
    switch kind {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: return unsafe .float(attribute.f)
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: return unsafe .int(attribute.i)
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING: return unsafe .string(bytes(attribute.s))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
      return unsafe .floats(numbers(attribute.floats, attribute.n_floats))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
      return unsafe .ints(numbers(attribute.ints, attribute.n_ints))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS:
      return unsafe .strings(
        numbers(attribute.strings, attribute.n_strings).map { unsafe bytes($0) })
    default: return unsafe try readStructuredValue(attribute, kind)
    }
  }

  private func readStructuredValue(
    _ attribute: Onnx__AttributeProto, _ kind: Onnx__AttributeProto__AttributeType
  ) throws(ImportError) -> AttributeValue {
    switch kind {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
      guard let tensor = unsafe attribute.t else { break }
      return unsafe .tensor(name: text(tensor.pointee.name), try readTensor(tensor))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR:
      guard let tensor = unsafe attribute.sparse_tensor else { break }
      return unsafe .tensor(name: sparseName(tensor), try readSparse(tensor))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH:
      guard let graph = unsafe attribute.g else { break }
      return unsafe .graph(try readBody(graph))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TYPE_PROTO:
      guard let type = unsafe attribute.tp else { break }
      return unsafe .type(try readType(type))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSORS,
      ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSORS:
      return unsafe .tensors(try readTensors(attribute))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPHS:
      var bodies: [Graph] = []
      let graphList = unsafe messages(attribute.graphs, attribute.n_graphs)
      for index in unsafe graphList.indices {
        let graph = unsafe graphList[index]
        bodies.append(unsafe try readBody(graph))
      }
      return .graphs(bodies)
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TYPE_PROTOS:
      var types: [ValueType] = []
      let typeList = unsafe messages(attribute.type_protos, attribute.n_type_protos)
      for index in unsafe typeList.indices {
        let type = unsafe typeList[index]
        types.append(unsafe try readType(type))
      }
      return .types(types)
    default:
      throw ImportError(.unsupported, "the attribute has the unknown type \(kind.rawValue)")
    }
    throw ImportError(.malformed, "the attribute lacks the value that its type promises")
  }

  private func readTensors(
    _ attribute: Onnx__AttributeProto
  ) throws(ImportError) -> AttributeValue.NamedTensors {
    var tensors: AttributeValue.NamedTensors = []
    let tensorList = unsafe messages(attribute.tensors, attribute.n_tensors)
    for index in unsafe tensorList.indices {
      let tensor = unsafe tensorList[index]
      tensors.append((unsafe text(tensor.pointee.name), unsafe try readTensor(tensor)))
    }
    let sparseList = unsafe messages(attribute.sparse_tensors, attribute.n_sparse_tensors)
    for index in unsafe sparseList.indices {
      let tensor = unsafe sparseList[index]
      tensors.append((unsafe sparseName(tensor), unsafe try readSparse(tensor)))
    }
    return tensors
  }

  private func readTensor(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>
  ) throws(ImportError) -> Constant {
    unsafe try TensorReader(context: context).read(message)
  }

  private func readSparse(
    _ message: UnsafeMutablePointer<Onnx__SparseTensorProto>
  ) throws(ImportError) -> Constant {
    unsafe try TensorReader(context: context).readSparse(message)
  }

  private func sparseName(_ message: UnsafeMutablePointer<Onnx__SparseTensorProto>) -> String {
    unsafe text(message.pointee.values?.pointee.name)
  }

  private func readBody(
    _ message: UnsafeMutablePointer<Onnx__GraphProto>
  ) throws(ImportError) -> Graph {
    var reader = GraphReader(
      unsafe GraphSource(message, operatorSets: scope.graph.operatorSets), context: context,
      parent: scope)
    return try reader.read()
  }

  private func readType(
    _ message: UnsafeMutablePointer<Onnx__TypeProto>
  ) throws(ImportError) -> ValueType {
    var reader = TypeReader(context: context)
    guard let type = unsafe try reader.read(message) else {
      throw ImportError(.unsupported, "the attribute holds a type that says nothing")
    }
    if !reader.denotations.isEmpty {
      context.note("remarks on a type in an attribute were left out")
    }
    return type
  }
}

extension AttributeValue {
  typealias NamedTensors = [(name: String, Constant)]
}
