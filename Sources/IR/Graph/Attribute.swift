/// A named parameter of a node that is fixed when the model is built.
public struct Attribute: Sendable {
  /// The name, unique within its node.
  public var name: String
  /// The content.
  public var value: AttributeValue
  /// Human-readable documentation, usually empty.
  public var documentation: String
  /// Fields carried through byte for byte.
  public var opaqueFields: [OpaqueField] = []

  /// Names an attribute value.
  public init(_ name: String, _ value: AttributeValue, documentation: String = "") {
    self.name = name
    self.value = value
    self.documentation = documentation
  }
}

/// The content of an attribute; the cases are those of ONNX's `AttributeProto`.
public enum AttributeValue: Sendable {
  case int(Int64)
  case float(Float)
  /// Bytes, usually but not always UTF-8.
  case string([UInt8])
  /// A tensor and the name it carries.
  case tensor(name: String, Constant)
  case graph(Graph)
  case type(ValueType)
  case ints([Int64])
  case floats([Float])
  case strings([[UInt8]])
  case tensors([(name: String, Constant)])
  case graphs([Graph])
  case types([ValueType])
  /// Stands for an attribute of the enclosing function; `kind` is ONNX's attribute type code.
  case reference(parameter: String, kind: Int32)
}

extension AttributeValue {
  /// A UTF-8 string.
  public static func text(_ text: String) -> AttributeValue { .string(Array(text.utf8)) }

  /// The graphs this attribute holds.
  public var graphs: [Graph] {
    switch self {
    case .graph(let graph): [graph]
    case .graphs(let graphs): graphs
    default: []
    }
  }
}
