import COnnx
import IR

/// Writes one graph, with the bodies in it.
@safe
struct GraphWriter {
  let arena: MessageArena
  let graph: Graph
  /// What takes the elements of initializers.
  let store: any InitializerStore
  /// The names of what the graph captures, if it is a body.
  var capturedNames: [String] = []
  /// Whether constants must be listed as inputs, as before IR version 4.
  var listsConstants = false

  /// Makes the GraphProto.
  func write() throws(EmitError) -> UnsafeMutablePointer<Onnx__GraphProto> {
    try checkCapturedNames()
    let message = unsafe arena.make(onnx__graph_proto__init)
    unsafe message.pointee.name = try arena.optionalText(graph.name)
    let nodes = unsafe try writeNodes()
    unsafe message.pointee.n_node = nodes.count
    unsafe message.pointee.node = arena.list(nodes)
    unsafe try writeConstants(to: message)
    unsafe try writeValues(to: message)
    let annotations = graph.annotations ?? Annotations()
    unsafe message.pointee.doc_string = try arena.optionalText(annotations.documentation)
    unsafe message.pointee.n_metadata_props = annotations.metadata.count
    unsafe message.pointee.metadata_props = try arena.entries(annotations.metadata)
    unsafe arena.attach(annotations.opaqueFields, to: &message.pointee.base)
    return unsafe message
  }

  /// Makes the NodeProto of every node, in order.
  func writeNodes() throws(EmitError) -> [UnsafeMutablePointer<Onnx__NodeProto>] {
    var nodes: [UnsafeMutablePointer<Onnx__NodeProto>] = unsafe []
    for id in graph.nodeIDs { unsafe nodes.append(try writeNode(graph.nodes[id])) }
    return unsafe nodes
  }

  /// Makes the ValueInfoProto of a value.
  func writeInfo(
    _ value: ValueID, type: ValueType?
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__ValueInfoProto> {
    let message = unsafe arena.make(onnx__value_info_proto__init)
    unsafe message.pointee.name = try arena.text(name(of: value))
    let annotations = graph.values[value].annotations ?? Annotations()
    if let type {
      unsafe message.pointee.type = try TypeWriter(
        arena: arena, denotations: annotations.denotations
      ).write(type)
    }
    unsafe message.pointee.doc_string = try arena.optionalText(annotations.documentation)
    unsafe message.pointee.n_metadata_props = annotations.metadata.count
    unsafe message.pointee.metadata_props = try arena.entries(annotations.metadata)
    unsafe arena.attach(annotations.opaqueFields, to: &message.pointee.base)
    return unsafe message
  }

  /// The declared values that `isIncluded` says are to be stated apart from inputs and outputs.
  func writeInfos(
    where isIncluded: (ValueID) -> Bool
  ) throws(EmitError) -> [UnsafeMutablePointer<Onnx__ValueInfoProto>] {
    var infos: [UnsafeMutablePointer<Onnx__ValueInfoProto>] = unsafe []
    for id in graph.valueIDs where isIncluded(id) {
      let value = graph.values[id]
      let type = value.isDeclared ? value.type : nil
      guard type != nil || value.annotations != nil else { continue }
      unsafe infos.append(try writeInfo(id, type: type))
    }
    return unsafe infos
  }

  /// The name a value has in the file; captured ones go by their present name outside.
  func name(of value: ValueID) -> String {
    if case .captured(let index) = graph.values[value].definition, index < capturedNames.count {
      return capturedNames[index]
    }
    return graph.values[value].name
  }

  /// Refuses a body in which the name of something captured would mean something else.
  private func checkCapturedNames() throws(EmitError) {
    guard !capturedNames.isEmpty else { return }
    let captured = Set(capturedNames.map(ExactName.init))
    for id in graph.valueIDs where captured.contains(ExactName(graph.values[id].name)) {
      if case .captured = graph.values[id].definition { continue }
      throw EmitError(
        .unrepresentable,
        "a body defines a value of this name and reads another of the same name from outside",
        entity: "value '\(graph.values[id].name)'")
    }
  }

  private func writeNode(_ node: Node) throws(EmitError) -> UnsafeMutablePointer<Onnx__NodeProto> {
    let message = unsafe arena.make(onnx__node_proto__init)
    unsafe message.pointee.op_type = try arena.text(node.op.type)
    unsafe message.pointee.domain = try arena.optionalText(node.op.domain)
    unsafe message.pointee.overload = try arena.optionalText(node.op.overload)
    unsafe message.pointee.name = try arena.optionalText(node.name)
    unsafe message.pointee.n_input = node.inputs.count
    unsafe message.pointee.input = try arena.texts(node.inputs.map { $0.map(name) ?? "" })
    unsafe message.pointee.n_output = node.outputs.count
    unsafe message.pointee.output = try arena.texts(node.outputs.map { $0.map(name) ?? "" })
    let attributes = unsafe try AttributeWriter(
      arena: arena, store: store, capturedNames: node.captures.map(name)
    ).writeAll(node.attributes)
    unsafe message.pointee.n_attribute = attributes.count
    unsafe message.pointee.attribute = arena.list(attributes)
    let annotations = node.annotations ?? Annotations()
    unsafe message.pointee.doc_string = try arena.optionalText(annotations.documentation)
    unsafe message.pointee.n_metadata_props = annotations.metadata.count
    unsafe message.pointee.metadata_props = try arena.entries(annotations.metadata)
    unsafe arena.attach(annotations.opaqueFields, to: &message.pointee.base)
    return unsafe message
  }
}

// Constants, inputs and outputs.
extension GraphWriter {
  private func writeConstants(
    to message: UnsafeMutablePointer<Onnx__GraphProto>
  ) throws(EmitError) {
    let writer = TensorWriter(arena: arena)
    var dense: [UnsafeMutablePointer<Onnx__TensorProto>] = unsafe []
    var sparse: [UnsafeMutablePointer<Onnx__SparseTensorProto>] = unsafe []
    for id in graph.constantIDs {
      guard let constant = graph.constant(id) else { continue }
      let name = name(of: id)
      if case .sparse(let values, let indices) = constant.storage {
        unsafe sparse.append(
          try writer.writeSparse(constant, values: values, indices: indices, name: name))
      } else {
        unsafe dense.append(try writer.write(constant, name: name, store: store))
      }
    }
    unsafe message.pointee.n_initializer = dense.count
    unsafe message.pointee.initializer = arena.list(dense)
    unsafe message.pointee.n_sparse_initializer = sparse.count
    unsafe message.pointee.sparse_initializer = arena.list(sparse)
  }

  private func writeValues(
    to message: UnsafeMutablePointer<Onnx__GraphProto>
  ) throws(EmitError) {
    let inputIDs = listedInputs
    var inputs: [UnsafeMutablePointer<Onnx__ValueInfoProto>] = unsafe []
    for id in inputIDs { unsafe inputs.append(try writeInfo(id, type: graph.values[id].type)) }
    var outputs: [UnsafeMutablePointer<Onnx__ValueInfoProto>] = unsafe []
    for id in graph.outputs {
      let value = graph.values[id]
      unsafe outputs.append(try writeInfo(id, type: value.isDeclared ? value.type : nil))
    }
    let ports = Set(inputIDs + graph.outputs)
    let infos = unsafe try writeInfos { !ports.contains($0) }
    unsafe message.pointee.n_input = inputs.count
    unsafe message.pointee.input = arena.list(inputs)
    unsafe message.pointee.n_output = outputs.count
    unsafe message.pointee.output = arena.list(outputs)
    unsafe message.pointee.n_value_info = infos.count
    unsafe message.pointee.value_info = arena.list(infos)
    let annotations = unsafe try writeQuantization()
    unsafe message.pointee.n_quantization_annotation = annotations.count
    unsafe message.pointee.quantization_annotation = arena.list(annotations)
  }

  private var listedInputs: [ValueID] {
    guard listsConstants else { return graph.inputs }
    let listed = Set(graph.inputs)
    return graph.inputs + graph.constantIDs.filter { !listed.contains($0) }
  }

  private func writeQuantization()
    throws(EmitError) -> [UnsafeMutablePointer<Onnx__TensorAnnotation>]
  {
    var annotations: [UnsafeMutablePointer<Onnx__TensorAnnotation>] = unsafe []
    for annotation in graph.quantization {
      let message = unsafe arena.make(onnx__tensor_annotation__init)
      unsafe message.pointee.tensor_name = try arena.text(annotation.valueName)
      unsafe message.pointee.n_quant_parameter_tensor_names = annotation.parameters.count
      unsafe message.pointee.quant_parameter_tensor_names = try arena.entries(
        annotation.parameters)
      unsafe annotations.append(message)
    }
    return unsafe annotations
  }
}
