import COnnx
import IR

/// Builds a model of the IR from the unpacked ModelProto.
struct ModelReader {
  /// The oldest version of ONNX's operator set whose operators mean what dearc takes them to mean.
  static let oldestKnownVersion: Int64 = 7
  /// The newest version of ONNX's operator set that dearc was written for.
  static let newestKnownVersion: Int64 = 27
  /// The newest version of the file format that dearc was written for.
  static let newestKnownIRVersion: Int64 = 13

  let context: ImportContext

  func read(_ message: UnsafeMutablePointer<Onnx__ModelProto>) throws(ImportError) -> Model {
    let model = unsafe message.pointee
    guard unsafe model.has_ir_version != 0 && model.ir_version > 0,
      let graphMessage = unsafe model.graph
    else {
      throw ImportError(
        .malformed, "this is not an ONNX model: expected an IR version from 1 on and a graph")
    }
    let operatorSets = unsafe try readOperatorSets(
      model.opset_import, model.n_opset_import, irVersion: model.ir_version)
    let functions = unsafe messages(model.functions, model.n_functions)
    unsafe try noteFunctions(functions)
    var reader = GraphReader(
      unsafe GraphSource(graphMessage, operatorSets: operatorSets), context: context)
    var result = Model(irVersion: unsafe model.ir_version, graph: try reader.read())
    result.producerName = unsafe text(model.producer_name)
    result.producerVersion = unsafe text(model.producer_version)
    result.domain = unsafe text(model.domain)
    result.modelVersion = unsafe model.has_model_version != 0 ? model.model_version : nil
    result.annotations =
      unsafe annotations(
        documentation: model.doc_string,
        metadata: entries(model.metadata_props, model.n_metadata_props), of: model.base)
      ?? Annotations()
    for index in unsafe functions.indices {
      let function = unsafe functions[index]
      result.functions.append(unsafe try readFunction(function, irVersion: model.ir_version))
    }
    try checkCalls(among: result.functions)
    noteVersions(of: result)
    context.noteDroppedFields()
    return result
  }

  private func readOperatorSets(
    _ base: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__OperatorSetIdProto>?>?, _ count: Int,
    irVersion: Int64
  ) throws(ImportError) -> [OperatorSet] {
    var sets: [OperatorSet] = []
    let list = unsafe messages(base, count)
    for index in unsafe list.indices {
      let message = unsafe list[index]
      unsafe context.drop(unknownFieldsOf: message.pointee.base, in: "operator sets")
      let domain = unsafe text(message.pointee.domain)
      let set = OperatorSet(
        domain: domain == "ai.onnx" ? "" : domain, version: unsafe message.pointee.version)
      if let other = sets.first(where: { $0.domain == set.domain }) {
        guard other.version == set.version else {
          throw ImportError(
            .malformed, "the operator set '\(domain)' is imported in two versions")
        }
        continue
      }
      guard sets.count < 1000 else {
        throw ImportError(.malformed, "more than 1000 operator sets are imported")
      }
      sets.append(set)
    }
    guard !sets.isEmpty || irVersion < 3 else {
      throw ImportError(
        .malformed,
        "the model does not say which operator set it uses (opset_import), which IR version "
          + "\(irVersion) demands")
    }
    return sets
  }

  private func noteFunctions(
    _ functions: [UnsafeMutablePointer<Onnx__FunctionProto>]
  ) throws(ImportError) {
    for index in unsafe functions.indices {
      let function = unsafe functions[index]
      let key = unsafe FunctionKey(
        domain: text(function.pointee.domain), name: text(function.pointee.name),
        overload: text(function.pointee.overload))
      guard context.functions.insert(key).inserted else {
        throw ImportError(.malformed, "the function is defined twice", entity: key.description)
      }
    }
  }

  private func readFunction(
    _ message: UnsafeMutablePointer<Onnx__FunctionProto>, irVersion: Int64
  ) throws(ImportError) -> Function {
    let function = unsafe message.pointee
    let op = unsafe Operator(
      opaqueIn: text(function.domain), type: text(function.name), overload: text(function.overload))
    do throws(ImportError) {
      let operatorSets = unsafe try readOperatorSets(
        function.opset_import, function.n_opset_import, irVersion: irVersion)
      var reader = GraphReader(
        unsafe GraphSource(message, operatorSets: operatorSets), context: context)
      let body = try reader.read()
      return Function(
        op: op, body: body,
        attributeNames: unsafe texts(function.attribute, function.n_attribute),
        attributeDefaults: unsafe try AttributeReader(context: context, scope: reader.scope)
          .readAll(function.attribute_proto, function.n_attribute_proto))
    } catch {
      throw error.adding(entity: "function '\(op.type)'")
    }
  }

  /// Refuses functions that apply themselves, by whatever detour.
  private func checkCalls(among functions: [Function]) throws(ImportError) {
    let calls = functions.map { function in
      NodeOrdering.Names(
        reads: function.body.appliedOperators.map(\.identity),
        defines: [FunctionKey(function.op).identity])
    }
    let ordering = try NodeOrdering(calls)
    guard !ordering.isSorted else { return }
    do throws(ImportError) { _ = try ordering.sorted() } catch {
      throw ImportError(.malformed, "the model's functions apply each other in a circle")
    }
  }

  private func noteVersions(of model: Model) {
    let version = model.graph.version
    if version < Self.oldestKnownVersion {
      context.note(
        "the model uses operator set \(version); before \(Self.oldestKnownVersion) operators had "
          + "other meanings, so its nodes are carried through unchanged")
    }
    if version > Self.newestKnownVersion {
      context.note(
        "the model uses operator set \(version), newer than the \(Self.newestKnownVersion) that "
          + "dearc knows")
    }
    if model.irVersion > Self.newestKnownIRVersion {
      context.note(
        "the model has IR version \(model.irVersion), newer than the "
          + "\(Self.newestKnownIRVersion) that dearc knows")
    }
    let listed = model.graph.inputs.count - model.graph.requiredInputs.count
    if model.irVersion >= 4, listed > 0 {
      context.note(
        "\(listed) initializers are also inputs, which callers may override; dearc takes them as "
          + "constants")
    }
  }
}

extension Graph {
  /// The operators that the nodes apply, those in bodies included.
  fileprivate var appliedOperators: [FunctionKey] {
    nodeIDs.flatMap { id in
      let node = nodes[id]
      let bodies = node.attributes.flatMap(\.value.graphs)
      return [FunctionKey(node.op)] + bodies.flatMap(\.appliedOperators)
    }
  }
}

extension FunctionKey {
  /// Text that no other key has; names contain no NUL.
  fileprivate var identity: ExactName { ExactName("\(domain)\0\(name)\0\(overload)") }

  /// The function that `op` applies, if the model defines it.
  fileprivate init(_ op: Operator) {
    self.init(domain: op.domain, name: op.type, overload: op.overload)
  }
}

extension FunctionKey: CustomStringConvertible {
  var description: String {
    "function '\(domain.isEmpty ? "" : domain + ".")\(name)\(overload.isEmpty ? "" : ":" + overload)'"
  }
}
