/// Names an operator the way ONNX does.
public struct Operator: Hashable, Sendable {
  /// The operator set it belongs to; empty for ONNX's own.
  public let domain: String
  /// The operator's name in that set, such as `Conv`.
  public let type: String
  /// Selects among model-local functions of the same name; almost always empty.
  public let overload: String
  /// The operator's meaning, if dearc knows it.
  public let kind: OperatorKind?

  /// Looks up the meaning of `type` in `domain`.
  public init(domain: String = "", type: String, overload: String = "") {
    self.domain = domain == "ai.onnx" ? "" : domain
    self.type = type
    self.overload = overload
    kind = self.domain.isEmpty && overload.isEmpty ? OperatorKind(rawValue: type) : nil
  }

  /// An operator whose meaning is not to be relied on, whatever its name.
  ///
  /// Models older than operator set 7, and functions that take the name of an ONNX operator, mean
  /// something else by it than dearc does.
  public init(opaqueIn domain: String, type: String, overload: String = "") {
    self.domain = domain == "ai.onnx" ? "" : domain
    self.type = type
    self.overload = overload
    kind = nil
  }

  /// The ONNX operator dearc knows as `kind`.
  public init(_ kind: OperatorKind) {
    domain = ""
    type = kind.rawValue
    overload = ""
    self.kind = kind
  }
}

/// One application of an operator.
///
/// Inputs and outputs are positional; nil stands for an optional one that is left out.
public struct Node: Sendable {
  /// What is applied.
  public let op: Operator
  /// The name given in the source; may be empty and need not be unique.
  public var name: String
  /// What it reads; changed through `Graph.replaceInput` only.
  public internal(set) var inputs: [ValueID?]
  /// What it defines; never changes.
  public let outputs: [ValueID?]
  /// Values of the enclosing graph that the bodies in `attributes` read, each once.
  public internal(set) var captures: [ValueID]
  /// Its parameters, in source order; changed through `Graph.setAttributes` only.
  public internal(set) var attributes: [Attribute]
  /// Where it came from.
  public let origin: Origin
  /// What the model says about it.
  public var annotations: Annotations?

  /// The attribute called `name`.
  public func attribute(_ name: String) -> AttributeValue? {
    attributes.first { $0.name == name }?.value
  }

  /// The operand at `index`, or nil if it is left out or there are fewer.
  @inlinable
  public func input(_ index: Int) -> ValueID? {
    index < inputs.count ? inputs[index] : nil
  }

  /// The result at `index`, or nil if it is left out or there are fewer.
  @inlinable
  public func output(_ index: Int) -> ValueID? {
    index < outputs.count ? outputs[index] : nil
  }
}

/// What `Graph.insert` needs to make a node.
public struct NodeDraft: Sendable {
  /// What is applied.
  public var op: Operator
  /// The name; may be empty.
  public var name: String
  /// What it reads.
  public var inputs: [ValueID?]
  /// The parameters.
  public var attributes: [Attribute]
  /// Values of the enclosing graph that the attributes' bodies read.
  public var captures: [ValueID] = []
  /// Where it comes from.
  public var origin: Origin
  /// What the model says about it.
  public var annotations: Annotations?

  /// Describes a node to be inserted.
  public init(
    _ op: Operator, name: String = "", inputs: [ValueID?], attributes: [Attribute] = [],
    origin: Origin
  ) {
    self.op = op
    self.name = name
    self.inputs = inputs
    self.attributes = attributes
    self.origin = origin
  }
}
