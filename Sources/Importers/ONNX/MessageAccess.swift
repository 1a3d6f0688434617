import COnnx
import IR

// Access to the structures that the protobuf runtime fills. They live in the arena of the import
// under way, so nothing below keeps a pointer.

/// The elements of a repeated message field.
func messages<Message>(
  _ base: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int
) -> [UnsafeMutablePointer<Message>] {
  unsafe UnsafeBufferPointer(start: base, count: unsafe base == nil ? 0 : count).compactMap {
    unsafe $0
  }
}

/// The elements of a repeated field of numbers.
func numbers<Number>(_ base: UnsafeMutablePointer<Number>?, _ count: Int) -> [Number] {
  unsafe Array(UnsafeBufferPointer(start: base, count: unsafe base == nil ? 0 : count))
}

/// The elements of a repeated text field.
func texts(_ base: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
  unsafe messages(base, count).map { unsafe String(cString: $0) }
}

/// A text field; empty if it is absent.
func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
  unsafe pointer.map { unsafe String(cString: $0) } ?? ""
}

/// A field of bytes.
func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
  unsafe Array(UnsafeBufferPointer(start: data.data, count: unsafe data.data == nil ? 0 : data.len))
}

/// Key-value pairs in source order.
func entries(
  _ base: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__StringStringEntryProto>?>?, _ count: Int
) -> [MetadataEntry] {
  unsafe messages(base, count).map {
    unsafe MetadataEntry(key: text($0.pointee.key), value: text($0.pointee.value))
  }
}

/// The fields of a message that the schema does not have.
func opaqueFields(_ message: ProtobufCMessage) -> [OpaqueField] {
  unsafe UnsafeBufferPointer(
    start: message.unknown_fields, count: Int(message.n_unknown_fields)
  ).map { field in
    unsafe OpaqueField(
      number: field.tag, wireType: UInt8(field.wire_type.rawValue),
      content: Array(UnsafeBufferPointer(start: field.data, count: field.len)))
  }
}

/// What a message says about an entity, or nil if that is nothing.
func annotations(
  documentation: UnsafeMutablePointer<CChar>?, metadata: [MetadataEntry] = [],
  denotations: [Denotation] = [], of message: ProtobufCMessage
) -> Annotations? {
  var result = Annotations()
  result.documentation = unsafe text(documentation)
  result.metadata = metadata
  result.denotations = denotations
  result.opaqueFields = unsafe opaqueFields(message)
  return result.isEmpty ? nil : result
}
