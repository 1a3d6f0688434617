import COnnx
import IR

/// Writes a model as a ModelProto.
struct ModelWriter {
  let arena: MessageArena
  let store: any InitializerStore

  /// Makes the message, with `records` among its metadata.
  func write(
    _ model: Model, records: [MetadataEntry] = []
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__ModelProto> {
    let message = unsafe arena.make(onnx__model_proto__init)
    unsafe message.pointee.has_ir_version = 1
    unsafe message.pointee.ir_version = model.irVersion
    unsafe message.pointee.producer_name = try arena.optionalText(model.producerName)
    unsafe message.pointee.producer_version = try arena.optionalText(model.producerVersion)
    unsafe message.pointee.domain = try arena.optionalText(model.domain)
    if let version = model.modelVersion {
      unsafe message.pointee.has_model_version = 1
      unsafe message.pointee.model_version = version
    }
    let sets = unsafe try writeOperatorSets(model.graph.operatorSets)
    unsafe message.pointee.n_opset_import = sets.count
    unsafe message.pointee.opset_import = arena.list(sets)
    unsafe message.pointee.graph = try GraphWriter(
      arena: arena, graph: model.graph, store: store, listsConstants: model.irVersion < 4
    ).write()
    var functions: [UnsafeMutablePointer<Onnx__FunctionProto>] = unsafe []
    for function in model.functions { unsafe functions.append(try write(function)) }
    unsafe message.pointee.n_functions = functions.count
    unsafe message.pointee.functions = arena.list(functions)
    let metadata = model.annotations.metadata + records
    unsafe message.pointee.doc_string = try arena.optionalText(model.annotations.documentation)
    unsafe message.pointee.n_metadata_props = metadata.count
    unsafe message.pointee.metadata_props = try arena.entries(metadata)
    unsafe arena.attach(model.annotations.opaqueFields, to: &message.pointee.base)
    return unsafe message
  }

  private func writeOperatorSets(
    _ sets: [OperatorSet]
  ) throws(EmitError) -> [UnsafeMutablePointer<Onnx__OperatorSetIdProto>] {
    var messages: [UnsafeMutablePointer<Onnx__OperatorSetIdProto>] = unsafe []
    for set in sets {
      let message = unsafe arena.make(onnx__operator_set_id_proto__init)
      unsafe message.pointee.domain = try arena.text(set.domain)
      unsafe message.pointee.has_version = 1
      unsafe message.pointee.version = set.version
      unsafe messages.append(message)
    }
    return unsafe messages
  }

  private func write(
    _ function: Function
  ) throws(EmitError) -> UnsafeMutablePointer<Onnx__FunctionProto> {
    let body = function.body
    let writer = GraphWriter(arena: arena, graph: body, store: store)
    guard body.constantIDs.isEmpty else {
      throw EmitError(
        .unrepresentable, "a function cannot have initializers",
        entity: "function '\(function.op.type)'")
    }
    let message = unsafe arena.make(onnx__function_proto__init)
    unsafe message.pointee.name = try arena.text(function.op.type)
    unsafe message.pointee.domain = try arena.optionalText(function.op.domain)
    unsafe message.pointee.overload = try arena.optionalText(function.op.overload)
    unsafe message.pointee.n_input = body.inputs.count
    unsafe message.pointee.input = try arena.texts(body.inputs.map(writer.name))
    unsafe message.pointee.n_output = body.outputs.count
    unsafe message.pointee.output = try arena.texts(body.outputs.map(writer.name))
    let nodes = unsafe try writer.writeNodes()
    unsafe message.pointee.n_node = nodes.count
    unsafe message.pointee.node = arena.list(nodes)
    let infos = unsafe try writer.writeInfos { _ in true }
    unsafe message.pointee.n_value_info = infos.count
    unsafe message.pointee.value_info = arena.list(infos)
    unsafe try writeParameters(of: function, to: message)
    let annotations = body.annotations ?? Annotations()
    unsafe message.pointee.doc_string = try arena.optionalText(annotations.documentation)
    unsafe message.pointee.n_metadata_props = annotations.metadata.count
    unsafe message.pointee.metadata_props = try arena.entries(annotations.metadata)
    unsafe arena.attach(annotations.opaqueFields, to: &message.pointee.base)
    return unsafe message
  }

  private func writeParameters(
    of function: Function, to message: UnsafeMutablePointer<Onnx__FunctionProto>
  ) throws(EmitError) {
    unsafe message.pointee.n_attribute = function.attributeNames.count
    unsafe message.pointee.attribute = try arena.texts(function.attributeNames)
    let defaults = unsafe try AttributeWriter(arena: arena, store: store, capturedNames: [])
      .writeAll(function.attributeDefaults)
    unsafe message.pointee.n_attribute_proto = defaults.count
    unsafe message.pointee.attribute_proto = arena.list(defaults)
    let sets = unsafe try writeOperatorSets(function.body.operatorSets)
    unsafe message.pointee.n_opset_import = sets.count
    unsafe message.pointee.opset_import = arena.list(sets)
  }
}
