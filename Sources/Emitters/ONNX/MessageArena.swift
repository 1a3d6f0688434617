import COnnx
import IR

/// Memory for the messages of one emission, given back all at once.
@safe
final class MessageArena {
  private var blocks: [UnsafeMutableRawPointer]
  private var next: UnsafeMutableRawPointer
  private var remaining: Int
  private static let blockByteCount = 1 << 16

  init() {
    unsafe next = .allocate(byteCount: Self.blockByteCount, alignment: 16)
    remaining = Self.blockByteCount
    unsafe blocks = [next]
  }

  deinit { for index in unsafe blocks.indices { unsafe blocks[index].deallocate() } }

  /// Makes a message and lets the protobuf runtime initialise it.
  func make<Message>(
    _ initialize: (UnsafeMutablePointer<Message>?) -> Void
  ) -> UnsafeMutablePointer<Message> {
    let memory = unsafe allocate(MemoryLayout<Message>.size)
    let message = unsafe memory.bindMemory(to: Message.self, capacity: 1)
    unsafe initialize(message)
    return unsafe message
  }

  /// Copies an array; nil if it is empty.
  func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element>? {
    guard !elements.isEmpty else { return nil }
    let memory = unsafe allocate(elements.count * MemoryLayout<Element>.stride)
    let target = unsafe memory.bindMemory(to: Element.self, capacity: elements.count)
    unsafe target.initialize(from: elements, count: elements.count)
    return unsafe target
  }

  /// Copies a list of messages into the form that the runtime takes.
  func list<Message>(
    _ messages: [UnsafeMutablePointer<Message>]
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Message>?>? {
    unsafe array(messages.map(Optional.some))
  }

  /// Copies text.
  func text(_ text: String) throws(EmitError) -> UnsafeMutablePointer<CChar> {
    guard !text.utf8.contains(0) else {
      throw EmitError(.unrepresentable, "ONNX text cannot contain a NUL character", entity: text)
    }
    let characters = text.utf8.map { CChar(bitPattern: $0) } + [0]
    let memory = unsafe allocate(characters.count)
    let target = unsafe memory.bindMemory(to: CChar.self, capacity: characters.count)
    unsafe target.initialize(from: characters, count: characters.count)
    return unsafe target
  }

  /// Copies text; nil if it is empty.
  func optionalText(_ text: String) throws(EmitError) -> UnsafeMutablePointer<CChar>? {
    text.isEmpty ? nil : unsafe try self.text(text)
  }

  /// Copies a list of texts.
  func texts(
    _ texts: [String]
  ) throws(EmitError) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    var copies: [UnsafeMutablePointer<CChar>] = unsafe []
    for text in texts { unsafe copies.append(try self.text(text)) }
    return unsafe list(copies)
  }

  /// Copies bytes.
  func bytes(_ content: [UInt8]) -> ProtobufCBinaryData {
    unsafe ProtobufCBinaryData(len: content.count, data: array(content))
  }

  /// Copies key-value pairs.
  func entries(
    _ entries: [MetadataEntry]
  ) throws(EmitError) -> UnsafeMutablePointer<UnsafeMutablePointer<Onnx__StringStringEntryProto>?>?
  {
    var copies: [UnsafeMutablePointer<Onnx__StringStringEntryProto>] = unsafe []
    for entry in entries {
      let copy = unsafe make(onnx__string_string_entry_proto__init)
      unsafe copy.pointee.key = try text(entry.key)
      unsafe copy.pointee.value = try text(entry.value)
      unsafe copies.append(copy)
    }
    return unsafe list(copies)
  }

  /// Attaches fields that the schema does not have.
  func attach(_ fields: [OpaqueField], to message: inout ProtobufCMessage) {
    guard !fields.isEmpty else { return }
    let copies = unsafe fields.map { field in
      let content = unsafe bytes(field.content)
      return unsafe ProtobufCMessageUnknownField(
        tag: field.number, wire_type: ProtobufCWireType(rawValue: UInt32(field.wireType)),
        len: content.len, data: content.data)
    }
    unsafe message.n_unknown_fields = UInt32(copies.count)
    unsafe message.unknown_fields = unsafe array(copies)
  }

  private func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    let size = max((count + 15) & ~15, 16)
    if size > remaining {
      let block = max(size, Self.blockByteCount)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: block, alignment: 16)
      unsafe blocks.append(memory)
      // A request of more than half a block gets its own, so that the current one stays in use.
      if block > Self.blockByteCount || size > block / 2 { return unsafe memory }
      unsafe next = memory
      remaining = block
    }
    defer {
      unsafe next += size
      remaining -= size
    }
    return unsafe next
  }
}
