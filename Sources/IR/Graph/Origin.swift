/// Where an entity came from, for diagnostics and provenance.
public enum Origin: Hashable, Sendable {
  /// The byte offset of the message that described it in the input file.
  case offset(Int)
  /// A path inside a structured file, such as an HDF5 group.
  case path(String)
  /// Made by the pass with this name.
  case pass(String)
  /// Made by a program through the library.
  case program

  /// Whether a pass made it up, so that nobody knows it by name.
  public var isInserted: Bool { if case .pass = self { true } else { false } }
}

/// One entry of the free-form metadata a model may carry on any entity.
public struct MetadataEntry: Hashable, Sendable {
  /// The key; keys need not be unique.
  public var key: String
  /// The value.
  public var value: String

  /// Pairs `key` with `value`.
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// A field of the source message that dearc does not model, carried through byte for byte.
public struct OpaqueField: Hashable, Sendable {
  /// The field number.
  public var number: UInt32
  /// The protobuf wire type.
  public var wireType: UInt8
  /// The encoded content after the tag, with its length prefix if it has one.
  public var content: [UInt8]

  /// Describes one uninterpreted field.
  public init(number: UInt32, wireType: UInt8, content: [UInt8]) {
    self.number = number
    self.wireType = wireType
    self.content = content
  }
}

/// A remark on what a type, or one of its axes, stands for, such as `IMAGE` or `DATA_CHANNEL`.
public struct Denotation: Hashable, Sendable {
  /// How many sequence, optional or map types enclose the type remarked on.
  public var depth: Int
  /// The axis remarked on; nil for the type as a whole.
  public var axis: Int?
  /// The remark.
  public var text: String

  /// Remarks on a type or one of its axes.
  public init(depth: Int, axis: Int?, text: String) {
    self.depth = depth
    self.axis = axis
    self.text = text
  }
}

/// What a model says about an entity without it meaning anything to the computation.
public struct Annotations: Hashable, Sendable {
  /// Human-readable documentation.
  public var documentation = ""
  /// Free-form metadata, in source order.
  public var metadata: [MetadataEntry] = []
  /// Remarks on the entity's type.
  public var denotations: [Denotation] = []
  /// Fields carried through byte for byte.
  public var opaqueFields: [OpaqueField] = []

  /// Annotates nothing.
  public init() {}

  /// Whether there is nothing to carry.
  public var isEmpty: Bool {
    documentation.isEmpty && metadata.isEmpty && denotations.isEmpty && opaqueFields.isEmpty
  }
}
