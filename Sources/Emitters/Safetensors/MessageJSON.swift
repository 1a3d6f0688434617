import COnnx
import Formats

/// Writes any protobuf message in protobuf's JSON form, with field names as in the schema.
///
/// The runtime's own descriptors say where each field lies in the C structure, so there is no code
/// for single messages. JSON has no place for fields outside of the schema; those are gathered by
/// the path of their message, for the caller to store.
struct MessageJSON {
  private(set) var writer = JSONWriter()
  /// Encoded fields outside of the schema, with the path of the message they belong to.
  private(set) var unknownFields: [(path: String, fields: [UInt8])] = []
  private var path: [String] = []

  /// Writes `message`.
  init(_ message: UnsafePointer<ProtobufCMessage>) throws(EmitError) {
    unsafe try write(message)
  }

  private mutating func write(_ message: UnsafePointer<ProtobufCMessage>) throws(EmitError) {
    guard let descriptor = unsafe message.pointee.descriptor?.pointee else { return }
    unsafe gatherUnknownFields(of: message.pointee)
    writer.beginObject()
    for index in 0..<Int(unsafe descriptor.n_fields) {
      unsafe try write(descriptor.fields[index], at: UnsafeRawPointer(message))
    }
    writer.endObject()
  }

  private mutating func write(
    _ field: ProtobufCFieldDescriptor, at message: UnsafeRawPointer
  ) throws(EmitError) {
    let name = unsafe String(cString: field.name)
    let quantifier = unsafe message + Int(field.quantifier_offset)
    let content = unsafe message + Int(field.offset)
    if unsafe field.label == PROTOBUF_C_LABEL_REPEATED {
      let count = unsafe quantifier.load(as: Int.self)
      guard count > 0, let base = unsafe content.load(as: UnsafeRawPointer?.self) else { return }
      writer.key(name)
      writer.beginArray()
      for index in 0..<count {
        unsafe try writeValue(field, at: base + index * field.type.stride, index: index)
      }
      writer.endArray()
    } else if unsafe field.isPresent(quantifier, content) {
      writer.key(name)
      unsafe try writeValue(field, at: content)
    }
  }

  private mutating func writeValue(
    _ field: ProtobufCFieldDescriptor, at address: UnsafeRawPointer, index: Int? = nil
  ) throws(EmitError) {
    switch unsafe field.type {
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let message = unsafe address.load(as: UnsafePointer<ProtobufCMessage>?.self) else {
        return
      }
      let name = unsafe String(cString: field.name)
      path.append(index.map { "\(name).\($0)" } ?? name)
      unsafe try write(message)
      path.removeLast()
    case PROTOBUF_C_TYPE_STRING:
      guard let text = unsafe address.load(as: UnsafePointer<CChar>?.self) else { return }
      unsafe writer.string(String(cString: text))
    case PROTOBUF_C_TYPE_BYTES:
      let data = unsafe address.load(as: ProtobufCBinaryData.self)
      let bytes = unsafe UnsafeRawBufferPointer(start: data.data, count: data.len)
      unsafe writer.string(utf8: Base64.encode(bytes))
    case PROTOBUF_C_TYPE_ENUM:
      unsafe writeEnumeration(field, address.load(as: Int32.self))
    case PROTOBUF_C_TYPE_FLOAT: writeFloat(unsafe address.load(as: Float.self))
    case PROTOBUF_C_TYPE_DOUBLE: writeFloat(unsafe address.load(as: Double.self))
    case PROTOBUF_C_TYPE_INT32: writer.verbatim(String(unsafe address.load(as: Int32.self)))
    // JavaScript's numbers cannot hold 64 bits, so protobuf writes these as strings.
    case PROTOBUF_C_TYPE_INT64: writer.string(String(unsafe address.load(as: Int64.self)))
    case PROTOBUF_C_TYPE_UINT64: writer.string(String(unsafe address.load(as: UInt64.self)))
    default:
      throw EmitError(
        .unrepresentable, "the field \(unsafe String(cString: field.name)) has no JSON form")
    }
  }

  private mutating func writeEnumeration(_ field: ProtobufCFieldDescriptor, _ value: Int32) {
    let descriptor = unsafe field.descriptor.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
    for index in 0..<Int(unsafe descriptor.pointee.n_values) {
      let candidate = unsafe descriptor.pointee.values[index]
      if unsafe candidate.value == value {
        unsafe writer.string(String(cString: candidate.name))
        return
      }
    }
    writer.verbatim(String(value))
  }

  private mutating func writeFloat<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ value: Number
  ) {
    if value.isFinite {
      writer.verbatim(String(value))
    } else {
      writer.string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }
  }

  private mutating func gatherUnknownFields(of message: ProtobufCMessage) {
    var encoded: [UInt8] = []
    for index in 0..<Int(unsafe message.n_unknown_fields) {
      let field = unsafe message.unknown_fields[index]
      encoded.appendVarint(unsafe UInt64(field.tag) << 3 | UInt64(field.wire_type.rawValue))
      unsafe encoded += UnsafeBufferPointer(start: field.data, count: field.len)
    }
    if !encoded.isEmpty { unknownFields.append((path.joined(separator: "."), encoded)) }
  }
}

extension ProtobufCFieldDescriptor {
  /// Whether a field that is not repeated has a value.
  fileprivate func isPresent(_ quantifier: UnsafeRawPointer, _ content: UnsafeRawPointer) -> Bool {
    if unsafe flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0 {
      return unsafe quantifier.load(as: UInt32.self) == id
    }
    switch unsafe type {
    case PROTOBUF_C_TYPE_MESSAGE, PROTOBUF_C_TYPE_STRING:
      return unsafe content.load(as: UnsafeRawPointer?.self) != nil
    default:
      return unsafe quantifier.load(as: protobuf_c_boolean.self) != 0
    }
  }
}

extension ProtobufCType {
  /// How far apart the elements of a repeated field lie.
  fileprivate var stride: Int {
    switch self {
    case PROTOBUF_C_TYPE_BYTES: unsafe MemoryLayout<ProtobufCBinaryData>.stride
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_ENUM, PROTOBUF_C_TYPE_FLOAT: 4
    default: 8
    }
  }
}
