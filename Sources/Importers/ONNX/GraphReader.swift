import COnnx
import IR

/// Builds one graph of the IR from its messages.
@safe
struct GraphReader {
  let context: ImportContext
  let source: GraphSource
  let scope: GraphScope
  private var infos = ValueInfos()

  /// Prepares to read `source` inside of `parent`, if it is a body.
  init(_ source: GraphSource, context: ImportContext, parent: GraphScope? = nil) {
    self.context = context
    self.source = source
    scope = GraphScope(
      graph: Graph(name: source.name, operatorSets: source.operatorSets), parent: parent)
  }

  /// Reads the graph.
  mutating func read() throws(ImportError) -> Graph {
    infos = try ValueInfos(source, context: context)
    scope.graph.annotations = source.annotations
    try readInputsAndConstants()
    try readNodes()
    try readOutputs()
    try describeTheRest()
    try readQuantization()
    return scope.graph
  }

  /// Constants come first if some are listed as inputs, else the inputs, which reads better.
  private func readInputsAndConstants() throws(ImportError) {
    let constants = try readConstants()
    let names = Set(constants.map { ExactName($0.name) })
    let listed = source.inputs.filter { names.contains(ExactName($0.name)) }
    if listed.isEmpty {
      try addInputs()
      try addConstants(constants)
    } else {
      try addConstants(constants)
      try addInputs()
    }
  }

  private func addInputs() throws(ImportError) {
    var seen: Set<ExactName> = []
    for input in source.inputs {
      let info = infos[input.name]
      guard !input.name.isEmpty, seen.insert(ExactName(input.name)).inserted else {
        throw ImportError(
          .malformed, "the graph has two inputs of one name, or one without a name",
          entity: "input '\(input.name)'")
      }
      if let constant = scope.known(input.name) {
        scope.graph.listAsInput(constant, declaring: nil)
        scope.graph.setAnnotations(of: constant, to: info?.annotations)
      } else {
        let value = scope.graph.addInput(
          input.name, type: info?.type, annotations: info?.annotations)
        try scope.define(input.name, as: value)
      }
    }
  }

  private func addConstants(_ constants: [NamedConstant]) throws(ImportError) {
    for constant in constants {
      let info = infos[constant.name]
      let value = scope.graph.addConstant(
        constant.name, constant.constant, annotations: info?.annotations)
      try scope.define(constant.name, as: value)
      guard let type = info?.type else { continue }
      try checkDeclaration(type, of: constant)
      scope.graph.setType(
        of: value, to: scope.graph.values[value].type, declared: infos.isStated(constant.name))
    }
  }

  /// Compares the declared type of a constant with what is stored, which prevails.
  private func checkDeclaration(
    _ declared: ValueType, of constant: NamedConstant
  ) throws(ImportError) {
    let stored = constant.constant.type
    let entity = "initializer '\(constant.name)'"
    guard let tensor = declared.tensor else { return }
    if let type = tensor.elementType, type != stored.elementType {
      throw ImportError(
        .malformed,
        "declared with elements of type \(type), stored with \(constant.constant.elementType)",
        entity: entity)
    }
    if tensor.shape != nil, tensor.shape != stored.shape {
      context.note(
        "declared with another shape than stored; the stored one was kept", entity: entity)
    }
  }

  private func readNodes() throws(ImportError) {
    let ordering = unsafe try NodeOrdering(source.nodes.map { unsafe NodeOrdering.Names($0) })
    var nodes = unsafe source.nodes
    if !ordering.isSorted {
      unsafe nodes = try ordering.sorted().map { unsafe source.nodes[$0] }
      context.note("the nodes were not in the order of execution and were sorted")
    }
    for index in unsafe nodes.indices {
      let node = unsafe nodes[index]
      unsafe try NodeReader(context: context, scope: scope, infos: infos).read(node)
    }
  }

  private func readOutputs() throws(ImportError) {
    for output in source.outputs {
      guard let value = scope.resolve(output.name) else {
        throw ImportError(
          .malformed, "no node, input or initializer defines it", entity: "output '\(output.name)'")
      }
      scope.graph.addOutput(value)
    }
  }

  /// Applies declarations of captured values, and of function parameters.
  private func describeTheRest() throws(ImportError) {
    var strays = 0
    let names = unsafe source.infos.map { unsafe text($0.pointee.name) }
    for name in names + source.outputs.map(\.name) {
      guard let value = scope.known(name), let info = infos[name] else {
        strays += 1
        continue
      }
      switch scope.graph.values[value].definition {
      case .captured, .input:
        guard info.type != nil || info.annotations != nil else { break }
        scope.graph.setType(
          of: value, to: info.type ?? scope.graph.values[value].type, declared: info.type != nil)
        scope.graph.setAnnotations(of: value, to: info.annotations)
      case .constant, .node: break
      }
    }
    if strays > 0 {
      context.note("\(strays) declarations of values that do not exist were left out")
    }
  }

  private func readQuantization() throws(ImportError) {
    for index in unsafe source.quantization.indices {
      let message = unsafe source.quantization[index]
      unsafe context.drop(unknownFieldsOf: message.pointee.base, in: "quantization annotations")
      let parameters = unsafe entries(
        message.pointee.quant_parameter_tensor_names,
        message.pointee.n_quant_parameter_tensor_names)
      scope.graph.quantization.append(
        QuantizationAnnotation(
          valueName: unsafe text(message.pointee.tensor_name), parameters: parameters))
    }
  }
}

/// An initializer and the name of the value it defines.
struct NamedConstant {
  let name: String
  let constant: Constant
}

extension GraphReader {
  fileprivate func readConstants() throws(ImportError) -> [NamedConstant] {
    var constants: [NamedConstant] = []
    let reader = TensorReader(context: context)
    for index in unsafe source.initializers.indices {
      let message = unsafe source.initializers[index]
      constants.append(
        NamedConstant(
          name: unsafe text(message.pointee.name), constant: unsafe try reader.read(message)))
    }
    for index in unsafe source.sparseInitializers.indices {
      let message = unsafe source.sparseInitializers[index]
      constants.append(
        NamedConstant(
          name: unsafe text(message.pointee.values?.pointee.name),
          constant: unsafe try reader.readSparse(message)))
    }
    var seen: Set<ExactName> = []
    for constant in constants
    where constant.name.isEmpty || !seen.insert(ExactName(constant.name)).inserted {
      throw ImportError(
        .malformed, "the graph has two initializers of one name, or one without a name",
        entity: "initializer '\(constant.name)'")
    }
    return constants
  }
}
