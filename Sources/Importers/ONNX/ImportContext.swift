import COnnx
import Formats
import IR

/// What all parts of one import share.
@safe
final class ImportContext {
  /// The bytes that payload offsets count in.
  let source: Payload
  /// Whether those offsets, and the nodes', are offsets in the file.
  let hasFileOffsets: Bool
  /// Finds elements that are stored outside of the messages.
  let store: any ExternalElements
  /// Operators that the model defines itself, whatever ONNX means by their names.
  var functions: Set<FunctionKey> = []
  private(set) var notes: [ImportNote] = []
  private var noted: Set<ImportNote> = []
  private var droppedFields: [String: Int] = [:]

  init(source: Payload, hasFileOffsets: Bool, store: any ExternalElements) {
    self.source = source
    self.hasFileOffsets = hasFileOffsets
    self.store = store
  }

  /// Adds a note, unless it was made before or there are very many already.
  func note(_ message: String, entity: String? = nil) {
    let note = ImportNote(message, entity: entity)
    guard notes.count < 200, noted.insert(note).inserted else { return }
    notes.append(note)
  }

  /// Counts the unknown fields of a message for which the IR has no place.
  func drop(unknownFieldsOf message: ProtobufCMessage, in kind: String) {
    let count = unsafe Int(message.n_unknown_fields)
    if count > 0 { droppedFields[kind, default: 0] += count }
  }

  /// Adds a note for each kind of message that lost fields.
  func noteDroppedFields() {
    for kind in droppedFields.keys.sorted() {
      note("\(droppedFields[kind, default: 0]) unknown fields of \(kind) were left out")
    }
  }
}

/// Names a model-local function.
struct FunctionKey: Hashable {
  private let parts: [ExactName]

  init(domain: String, name: String, overload: String) {
    parts = [domain == "ai.onnx" ? "" : domain, name, overload].map(ExactName.init)
  }

  var domain: String { parts[0].text }
  var name: String { parts[1].text }
  var overload: String { parts[2].text }
}

/// Finds the elements of tensors that the model stores elsewhere.
protocol ExternalElements: AnyObject {
  /// The bytes that `entries` of a TensorProto's external_data name.
  ///
  /// - Parameters:
  ///   - entries: What the tensor says about where its elements are.
  ///   - tensor: The tensor's name.
  ///   - type: The type of an element.
  ///   - shape: The extents.
  ///   - byteCount: How many bytes the elements take.
  /// - Returns: the bytes.
  /// - Throws: `ImportError` if there are not exactly that many bytes.
  func elements(
    _ entries: [MetadataEntry], tensor: String, type: ElementType, shape: [Int], byteCount: Int
  ) throws(ImportError) -> Payload
}
