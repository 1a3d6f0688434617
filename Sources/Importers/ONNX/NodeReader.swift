import COnnx
import IR

/// Reads one node into the graph of a scope.
struct NodeReader {
  let context: ImportContext
  let scope: GraphScope
  let infos: ValueInfos

  func read(_ message: UnsafeMutablePointer<Onnx__NodeProto>) throws(ImportError) {
    do throws(ImportError) {
      unsafe try readUnnamed(message)
    } catch {
      let offset = unsafe Int(truncatingIfNeeded: message.pointee.source_offset)
      throw error.adding(
        offset: context.hasFileOffsets ? offset : nil, entity: unsafe describe(message))
    }
  }

  private func readUnnamed(
    _ message: UnsafeMutablePointer<Onnx__NodeProto>
  ) throws(ImportError) {
    scope.beginNode()
    var draft = NodeDraft(
      unsafe try readOperator(message), name: unsafe text(message.pointee.name),
      inputs: unsafe try readInputs(message), origin: unsafe origin(of: message))
    draft.attributes = unsafe try AttributeReader(context: context, scope: scope).readAll(
      message.pointee.attribute, message.pointee.n_attribute)
    draft.captures = scope.captures
    draft.annotations = unsafe annotations(
      documentation: message.pointee.doc_string,
      metadata: entries(message.pointee.metadata_props, message.pointee.n_metadata_props),
      of: message.pointee.base)
    let names = unsafe texts(message.pointee.output, message.pointee.n_output)
    let node = scope.graph.insert(
      draft, results: names.map { $0.isEmpty ? nil : ($0, infos[$0]?.type) })
    for (index, name) in names.enumerated() {
      guard let value = scope.graph.nodes[node].output(index) else { continue }
      try scope.define(name, as: value)
      guard let info = infos[name] else { continue }
      scope.graph.setType(of: value, to: info.type, declared: info.type != nil)
      scope.graph.setAnnotations(of: value, to: info.annotations)
    }
  }

  private func readOperator(
    _ message: UnsafeMutablePointer<Onnx__NodeProto>
  ) throws(ImportError) -> Operator {
    let type = unsafe text(message.pointee.op_type)
    let domain = unsafe text(message.pointee.domain)
    let overload = unsafe text(message.pointee.overload)
    guard !type.isEmpty else {
      throw ImportError(.malformed, "the node does not say which operator it applies")
    }
    let key = FunctionKey(domain: domain, name: type, overload: overload)
    if context.functions.contains(key)
      || key.domain.isEmpty && scope.graph.version < ModelReader.oldestKnownVersion
    {
      return Operator(opaqueIn: domain, type: type, overload: overload)
    }
    return Operator(domain: domain, type: type, overload: overload)
  }

  private func readInputs(
    _ message: UnsafeMutablePointer<Onnx__NodeProto>
  ) throws(ImportError) -> [ValueID?] {
    var inputs: [ValueID?] = []
    for name in unsafe texts(message.pointee.input, message.pointee.n_input) {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let value = scope.resolve(name) else {
        throw ImportError(
          .malformed, "the node reads '\(name)', which no node, input or initializer defines")
      }
      inputs.append(value)
    }
    return inputs
  }

  private func origin(of message: UnsafeMutablePointer<Onnx__NodeProto>) -> Origin {
    guard context.hasFileOffsets else { return .path("__metadata__/onnx") }
    return .offset(unsafe Int(truncatingIfNeeded: message.pointee.source_offset))
  }

  private func describe(_ message: UnsafeMutablePointer<Onnx__NodeProto>) -> String {
    let type = unsafe text(message.pointee.op_type)
    let name = unsafe text(message.pointee.name)
    let result = unsafe texts(message.pointee.output, message.pointee.n_output).first ?? ""
    return name.isEmpty ? "node of '\(result)' (\(type))" : "node '\(name)' (\(type))"
  }
}
