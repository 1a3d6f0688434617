// A graph as written, before its identifiers are resolved.

struct GraphSyntax {
  var name: String
  /// Nil if the graph takes over those of the enclosing one.
  var operatorSets: [OperatorSet]?
  var annotations: Annotations?
  var quantization: [QuantizationAnnotation] = []
  var statements: [StatementSyntax] = []
  var outputs: [ReferenceSyntax] = []
  var start: Int
}

enum StatementSyntax {
  case input(ValueSyntax)
  case constant(ValueSyntax, Constant, isListed: Bool)
  case capture(ValueSyntax, index: Int)
  case node(NodeSyntax)
  case about(ReferenceSyntax, Annotations)
}

/// A value where it is defined.
struct ValueSyntax {
  var id: ReferenceSyntax
  var name: String
  var type: ValueType?
  var isDeclared: Bool
}

/// A value where it is mentioned.
struct ReferenceSyntax {
  var id: ExactName
  var start: Int
}

struct NodeSyntax {
  var op: Operator
  var results: [ValueSyntax?]
  var inputs: [ReferenceSyntax?] = []
  var captures: [ReferenceSyntax] = []
  var attributes: [AttributeSyntax] = []
  var name = ""
  var origin = Origin.program
  var annotations: Annotations?
  var start: Int
}

struct AttributeSyntax {
  enum Content {
    case plain(AttributeValue)
    case graph(GraphSyntax)
    case graphs([GraphSyntax])
  }

  var name: String
  var content: Content
  var documentation = ""
  var opaqueFields: [OpaqueField] = []
}

struct ModelSyntax {
  /// The model with an empty graph.
  var header: Model
  var graph: GraphSyntax
  var functions: [FunctionSyntax] = []
}

struct FunctionSyntax {
  var op: Operator
  var attributeNames: [String]
  var attributeDefaults: [AttributeSyntax]
  var body: GraphSyntax
}
