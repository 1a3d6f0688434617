import COnnx
import IR

/// What a graph says about the values in it.
struct ValueInfos {
  struct Info {
    let type: ValueType?
    let annotations: Annotations?
  }

  private var infos: [ExactName: Info] = [:]
  /// Values declared apart from the inputs.
  private var stated: Set<ExactName> = []

  init() {}

  /// Reads all declarations of a graph; those of inputs count before those of outputs.
  init(_ source: GraphSource, context: ImportContext) throws(ImportError) {
    for index in unsafe source.infos.indices {
      let message = unsafe source.infos[index]
      stated.insert(ExactName(unsafe text(message.pointee.name)))
      unsafe try add(message, context)
    }
    stated.formUnion(source.outputs.map { ExactName($0.name) })
    for port in source.outputs + source.inputs {
      if let message = unsafe port.info { unsafe try add(message, context) }
    }
  }

  /// What is said about the value called `name`.
  subscript(name: String) -> Info? { infos[ExactName(name)] }

  /// Whether `name` is declared apart from the inputs.
  func isStated(_ name: String) -> Bool { stated.contains(ExactName(name)) }

  private mutating func add(
    _ message: UnsafeMutablePointer<Onnx__ValueInfoProto>, _ context: ImportContext
  ) throws(ImportError) {
    let name = unsafe text(message.pointee.name)
    var types = TypeReader(context: context)
    var type: ValueType?
    do throws(ImportError) {
      if let declared = unsafe message.pointee.type { type = unsafe try types.read(declared) }
    } catch {
      throw error.adding(entity: "value '\(name)'")
    }
    infos[ExactName(name)] = unsafe Info(
      type: type,
      annotations: annotations(
        documentation: message.pointee.doc_string,
        metadata: entries(message.pointee.metadata_props, message.pointee.n_metadata_props),
        denotations: types.denotations, of: message.pointee.base))
  }
}
