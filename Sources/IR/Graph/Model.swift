/// A function defined by the model itself, which nodes may apply like an operator.
public struct Function: Sendable {
  /// The operator that nodes use to apply it.
  public var op: Operator
  /// The body; its inputs and outputs are the function's parameters and results.
  public var body: Graph
  /// Names of attributes the caller must give.
  public var attributeNames: [String]
  /// Attributes with default values.
  public var attributeDefaults: [Attribute]

  /// Describes a function.
  public init(
    op: Operator, body: Graph, attributeNames: [String], attributeDefaults: [Attribute]
  ) {
    self.op = op
    self.body = body
    self.attributeNames = attributeNames
    self.attributeDefaults = attributeDefaults
  }
}

/// A graph with what a model file says around it.
public struct Model: Sendable {
  /// The version of the ONNX file format.
  public var irVersion: Int64
  /// The tool that made the model.
  public var producerName = ""
  /// The version of that tool.
  public var producerVersion = ""
  /// A reverse-DNS name space for the model.
  public var domain = ""
  /// The version of the model itself; nil if it does not say.
  public var modelVersion: Int64?
  /// What the model says about itself: documentation, metadata, unmodelled fields.
  public var annotations = Annotations()
  /// The computation.
  public var graph: Graph
  /// Functions the model defines.
  public var functions: [Function] = []

  /// Wraps a graph.
  public init(irVersion: Int64, graph: Graph) {
    self.irVersion = irVersion
    self.graph = graph
  }
}

extension Model {
  /// The model with the values called `names` behind its other outputs; names that there are not are left out.
  public func exposing(_ names: [String]) -> Model {
    var model = self
    let places = Dictionary(
      graph.valueIDs.map { (ExactName(graph.values[$0].name), $0) }
    ) { first, _ in first }
    for name in names {
      if let value = places[ExactName(name)] { model.graph.addOutput(value) }
    }
    return model
  }
}
