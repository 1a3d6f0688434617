import COnnx
import IR

/// What a graph and a function body have in common, as the messages give it.
@safe
struct GraphSource {
  /// A parameter or result, with what is said about it.
  @safe
  struct Port {
    let name: String
    let info: UnsafeMutablePointer<Onnx__ValueInfoProto>?

    init(name: String, info: UnsafeMutablePointer<Onnx__ValueInfoProto>?) {
      self.name = name
      unsafe self.info = info
    }
  }

  var name = ""
  var operatorSets: [OperatorSet] = []
  var inputs: [Port] = []
  var outputs: [Port] = []
  var nodes: [UnsafeMutablePointer<Onnx__NodeProto>] = unsafe []
  var initializers: [UnsafeMutablePointer<Onnx__TensorProto>] = unsafe []
  var sparseInitializers: [UnsafeMutablePointer<Onnx__SparseTensorProto>] = unsafe []
  var infos: [UnsafeMutablePointer<Onnx__ValueInfoProto>] = unsafe []
  var quantization: [UnsafeMutablePointer<Onnx__TensorAnnotation>] = unsafe []
  var annotations: Annotations?

  /// Describes a graph.
  init(_ message: UnsafeMutablePointer<Onnx__GraphProto>, operatorSets: [OperatorSet]) {
    let graph = unsafe message.pointee
    name = unsafe text(graph.name)
    self.operatorSets = operatorSets
    inputs = unsafe messages(graph.input, graph.n_input).map {
      unsafe Port(name: text($0.pointee.name), info: $0)
    }
    outputs = unsafe messages(graph.output, graph.n_output).map {
      unsafe Port(name: text($0.pointee.name), info: $0)
    }
    unsafe nodes = messages(graph.node, graph.n_node)
    unsafe initializers = messages(graph.initializer, graph.n_initializer)
    unsafe sparseInitializers = messages(graph.sparse_initializer, graph.n_sparse_initializer)
    unsafe infos = messages(graph.value_info, graph.n_value_info)
    unsafe quantization = messages(graph.quantization_annotation, graph.n_quantization_annotation)
    annotations = unsafe Importers.annotations(
      documentation: graph.doc_string,
      metadata: entries(graph.metadata_props, graph.n_metadata_props), of: graph.base)
  }

  /// Describes a function body.
  init(_ message: UnsafeMutablePointer<Onnx__FunctionProto>, operatorSets: [OperatorSet]) {
    let function = unsafe message.pointee
    name = unsafe text(function.name)
    self.operatorSets = operatorSets
    inputs = unsafe texts(function.input, function.n_input).map { unsafe Port(name: $0, info: nil) }
    outputs = unsafe texts(function.output, function.n_output).map {
      unsafe Port(name: $0, info: nil)
    }
    unsafe nodes = messages(function.node, function.n_node)
    unsafe infos = messages(function.value_info, function.n_value_info)
    annotations = unsafe Importers.annotations(
      documentation: function.doc_string,
      metadata: entries(function.metadata_props, function.n_metadata_props), of: function.base)
  }
}
