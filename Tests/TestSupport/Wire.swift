/// Builds protobuf messages field by field, sound or not.
public struct Wire: Sendable {
  /// The encoded message.
  public var bytes: [UInt8]

  /// Starts with an empty message.
  public init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  /// Joins fields into one message.
  public init(_ fields: Wire...) { bytes = fields.flatMap(\.bytes) }

  /// Joins fields into one message.
  public init(joining fields: [Wire]) { bytes = fields.flatMap(\.bytes) }

  /// Encodes a number in base 128.
  public static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
  }

  /// A field that holds a number.
  public static func number(_ field: UInt64, _ value: Int64) -> Wire {
    Wire(varint(field << 3) + varint(UInt64(bitPattern: value)))
  }

  /// A field that holds bytes.
  public static func bytes(_ field: UInt64, _ content: [UInt8]) -> Wire {
    Wire(varint(field << 3 | 2) + varint(UInt64(content.count)) + content)
  }

  /// A field that holds text.
  public static func text(_ field: UInt64, _ content: String) -> Wire {
    bytes(field, Array(content.utf8))
  }

  /// A field that holds a message.
  public static func message(_ field: UInt64, _ content: Wire...) -> Wire {
    bytes(field, content.flatMap(\.bytes))
  }
}

// The messages of ONNX that tests build, by name.
extension Wire {
  /// A ModelProto of IR version 9 and operator set 17.
  public static func model(_ graph: Wire..., opset: Int64 = 17, irVersion: Int64 = 9) -> Wire {
    Wire(
      .number(1, irVersion), .message(8, .number(2, opset)),
      .message(7, .text(2, "g"), Wire(joining: graph)))
  }

  /// A node of a graph.
  public static func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ rest: Wire...
  ) -> Wire {
    let operands = inputs.map { text(1, $0) } + outputs.map { text(2, $0) }
    return message(1, Wire(joining: operands), .text(4, type), Wire(joining: rest))
  }

  /// A graph input without a type.
  public static func input(_ name: String) -> Wire { message(11, .text(1, name)) }

  /// A graph output without a type.
  public static func output(_ name: String) -> Wire { message(12, .text(1, name)) }

  /// An initializer.
  public static func initializer(
    _ name: String, type: Int64 = 1, dims: [Int64], _ rest: Wire...
  ) -> Wire {
    message(
      5, Wire(joining: dims.map { .number(1, $0) }), .number(2, type), .text(8, name),
      Wire(joining: rest))
  }
}
