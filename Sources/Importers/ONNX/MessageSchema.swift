import COnnx

/// What the wire scan needs to know about one field of a message.
struct FieldRule: Sendable {
  enum Content: Sendable {
    /// A message; the index of its rule.
    case message(Int)
    /// Text, which must be UTF-8 without NUL.
    case text
    /// Uninterpreted bytes.
    case bytes
    case number(NumberKind)
  }

  enum NumberKind: Sendable {
    case signed, unsigned, float, double
    /// A number that JSON gives by name.
    case enumeration([String: Int32])
  }

  let number: Int
  let content: Content
  let isRepeated: Bool
}

/// What the wire scan needs to know about one message.
struct MessageRule: Sendable {
  enum Role: Sendable { case node, tensor, other }

  let name: String
  let role: Role
  /// Indexed by field number; nil where the schema has no such field.
  let fields: [FieldRule?]
  let fieldsByName: [String: FieldRule]

  func field(_ number: Int) -> FieldRule? { number < fields.count ? fields[number] : nil }
}

/// The messages of ONNX, read off the tables that the protobuf runtime itself uses.
///
/// Taking them from there means that the scan and the runtime cannot disagree about a field.
struct MessageSchema: Sendable {
  /// Field numbers from here on are private to dearc.
  static let firstPrivateField = 1_000_000

  /// The rules that apply from `ModelProto` down; the model's own rule is the first.
  static let onnx = MessageSchema()

  let rules: [MessageRule]

  private init() {
    rules = unsafe SchemaBuilder(root: onnx__model_proto__descriptor_pointer()).rules
  }
}

/// Numbers the messages reachable from one and writes down their rules.
@safe
private struct SchemaBuilder {
  private(set) var rules: [MessageRule] = []
  private var indices: [UnsafeRawPointer: Int]

  init(root: UnsafePointer<ProtobufCMessageDescriptor>) {
    unsafe indices = [UnsafeRawPointer(root): 0]
    var pending = unsafe [root]
    var next = 0
    while unsafe next < pending.count {
      unsafe rules.append(makeRule(pending[next], pending: &pending))
      next += 1
    }
  }

  private mutating func makeRule(
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    pending: inout [UnsafePointer<ProtobufCMessageDescriptor>]
  ) -> MessageRule {
    var fields: [FieldRule?] = []
    var fieldsByName: [String: FieldRule] = [:]
    for index in 0..<Int(unsafe descriptor.pointee.n_fields) {
      let field = unsafe descriptor.pointee.fields[index]
      guard unsafe field.id < MessageSchema.firstPrivateField else { continue }
      let number = unsafe Int(field.id)
      while fields.count <= number { fields.append(nil) }
      let rule = unsafe FieldRule(
        number: number, content: content(of: field, pending: &pending),
        isRepeated: field.label == PROTOBUF_C_LABEL_REPEATED)
      fields[number] = rule
      fieldsByName[unsafe String(cString: field.name)] = rule
    }
    let name = unsafe String(cString: descriptor.pointee.short_name)
    let role: MessageRule.Role =
      switch name {
      case "NodeProto": .node
      case "TensorProto": .tensor
      default: .other
      }
    return MessageRule(name: name, role: role, fields: fields, fieldsByName: fieldsByName)
  }

  private mutating func content(
    of field: ProtobufCFieldDescriptor,
    pending: inout [UnsafePointer<ProtobufCMessageDescriptor>]
  ) -> FieldRule.Content {
    switch unsafe field.type {
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let child = unsafe field.descriptor else { return .bytes }
      if let known = unsafe indices[child] { return .message(known) }
      let index = unsafe pending.count
      unsafe indices[child] = index
      unsafe pending.append(child.assumingMemoryBound(to: ProtobufCMessageDescriptor.self))
      return .message(index)
    case PROTOBUF_C_TYPE_STRING: return .text
    case PROTOBUF_C_TYPE_BYTES: return .bytes
    case PROTOBUF_C_TYPE_FLOAT: return .number(.float)
    case PROTOBUF_C_TYPE_DOUBLE: return .number(.double)
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_INT64: return .number(.signed)
    case PROTOBUF_C_TYPE_ENUM: return .number(.enumeration(unsafe names(of: field)))
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_UINT64: return .number(.unsigned)
    default: preconditionFailure("the schema uses a protobuf type that ONNX does not")
    }
  }

  private func names(of field: ProtobufCFieldDescriptor) -> [String: Int32] {
    guard let descriptor = unsafe field.descriptor else { return [:] }
    let enumeration = unsafe descriptor.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
    var names: [String: Int32] = [:]
    for index in 0..<Int(unsafe enumeration.pointee.n_values) {
      let value = unsafe enumeration.pointee.values[index]
      names[unsafe String(cString: value.name)] = unsafe value.value
    }
    return names
  }
}
