import COnnx
import IR

extension NodeOrdering.Names {
  /// The names that `node` defines, and those that it and its bodies read.
  init(_ node: UnsafeMutablePointer<Onnx__NodeProto>) {
    defines = unsafe names(node.pointee.output, node.pointee.n_output)
    reads = unsafe names(node.pointee.input, node.pointee.n_input)
    let attributes = unsafe messages(node.pointee.attribute, node.pointee.n_attribute)
    for index in unsafe attributes.indices {
      let attribute = unsafe attributes[index]
      if let body = unsafe attribute.pointee.g { reads += unsafe Self.freeNames(of: body) }
      let bodyList = unsafe messages(attribute.pointee.graphs, attribute.pointee.n_graphs)
      for index in unsafe bodyList.indices {
        let body = unsafe bodyList[index]
        reads += unsafe Self.freeNames(of: body)
      }
    }
  }

  /// The names that a body reads and does not define, in the order it reads them.
  private static func freeNames(of body: UnsafeMutablePointer<Onnx__GraphProto>) -> [ExactName] {
    let graph = unsafe body.pointee
    var own: Set<ExactName> = []
    let inputList = unsafe messages(graph.input, graph.n_input)
    for index in unsafe inputList.indices {
      let input = unsafe inputList[index]
      own.insert(ExactName(unsafe text(input.pointee.name)))
    }
    let tensorList = unsafe messages(graph.initializer, graph.n_initializer)
    for index in unsafe tensorList.indices {
      let tensor = unsafe tensorList[index]
      own.insert(ExactName(unsafe text(tensor.pointee.name)))
    }
    let sparseList = unsafe messages(graph.sparse_initializer, graph.n_sparse_initializer)
    for index in unsafe sparseList.indices {
      let tensor = unsafe sparseList[index]
      own.insert(ExactName(unsafe text(tensor.pointee.values?.pointee.name)))
    }
    var reads: [ExactName] = []
    let nodeList = unsafe messages(graph.node, graph.n_node)
    for index in unsafe nodeList.indices {
      let node = unsafe nodeList[index]
      let names = unsafe Self(node)
      own.formUnion(names.defines)
      reads += names.reads
    }
    let outputList = unsafe messages(graph.output, graph.n_output)
    for index in unsafe outputList.indices {
      let output = unsafe outputList[index]
      reads.append(ExactName(unsafe text(output.pointee.name)))
    }
    var seen = own
    return reads.filter { seen.insert($0).inserted }
  }
}

/// The names in a repeated text field that are not left out.
private func names(
  _ base: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int
) -> [ExactName] {
  unsafe texts(base, count).filter { !$0.isEmpty }.map(ExactName.init)
}
