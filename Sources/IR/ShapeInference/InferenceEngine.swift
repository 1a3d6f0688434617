/// Walks a graph in node order and computes the type of each value from those before it.
///
/// It works on a copy of the graph, in which operator views see the types found so far. Each
/// operator family adds its rules in an extension; a rule returns one type per result and leaves
/// open what it cannot know, also where a node is malformed.
struct InferenceEngine {
  var graph: Graph
  var contents: SideTable<ValueID, PartialTensor?>
  private var conflicts: [ShapeConflict] = []
  /// How many bodies deep the graph stands; deep ones are not examined.
  let depth: Int
  /// Extents that an earlier walk could not tell, by the names made up for them.
  private let foundExtents: [Dimension: Int]

  static var maximalDepth: Int { 16 }

  init(_ graph: Graph, depth: Int = 0, foundExtents: [Dimension: Int] = [:]) {
    self.graph = graph
    self.depth = depth
    self.foundExtents = foundExtents
    contents = SideTable(count: graph.values.count, initial: nil)
    dropInvalidExtents()
  }

  var result: ShapeInference {
    var types = SideTable<ValueID, ValueType?>(count: graph.values.count, initial: nil)
    for value in graph.valueIDs { types[value] = graph.values[value].type }
    return ShapeInference(types: types, conflicts: conflicts, contents: contents)
  }

  mutating func run() {
    nameOpenInputs()
    for node in graph.nodeIDs {
      let types = infer(node)
      for (index, output) in graph.nodes[node].outputs.enumerated() {
        guard let output else { continue }
        record(index < types.count ? types[index] : nil, for: output, of: node)
      }
      for (index, content) in evaluate(node).enumerated() {
        guard let output = graph.nodes[node].output(index) else { continue }
        contents[output] = content
      }
    }
  }

  /// Replaces names of extents by numbers.
  mutating func bind(_ bindings: [String: Int], inputShapes: [String: [Int]]) {
    var bindings = bindings
    for input in graph.requiredInputs {
      guard let counts = inputShapes[graph.values[input].name],
        let type = graph.values[input].type?.tensor
      else { continue }
      for (dimension, count) in zip(type.shape ?? [], counts) {
        if case .symbol(let name) = dimension { bindings[name] = count }
      }
      graph.values[input].type = .tensor(
        TensorType(type.elementType, counts.map { Dimension.known($0).valid }))
    }
    guard !bindings.isEmpty else { return }
    for value in graph.valueIDs {
      guard let type = graph.values[value].type?.tensor, let shape = type.shape else { continue }
      let bound = shape.map { dimension in
        guard case .symbol(let name) = dimension, let count = bindings[name] else {
          return dimension
        }
        return .known(count).valid
      }
      graph.values[value].type = .tensor(TensorType(type.elementType, bound))
    }
  }

  /// Forgets negative extents, with which some exporters say that one is open, and names in a model that
  /// look like those that inference makes up and reads more into.
  private mutating func dropInvalidExtents() {
    for value in graph.valueIDs where graph.values[value].constant == nil {
      guard let type = graph.values[value].type?.tensor, let shape = type.shape else { continue }
      let isDeclared = graph.values[value].isDeclared
      let valid = shape.map { isDeclared && $0.isInvented ? .unknown : $0.valid }
      guard valid != shape else { continue }
      graph.values[value].type = .tensor(TensorType(type.elementType, valid))
    }
  }

  private mutating func nameOpenInputs() {
    for input in graph.requiredInputs {
      guard let type = graph.values[input].type else { continue }
      graph.values[input].type = named(type, input)
    }
  }

  /// Records what a rule found, merged with what the model declares.
  private mutating func record(_ inferred: ValueType?, for value: ValueID, of node: NodeID) {
    let previous = graph.values[value].type
    guard let inferred, inferred != .tensor(.unknown) else {
      graph.values[value].type = previous.map { named($0, value) }
      return
    }
    guard graph.values[value].isDeclared, let previous else {
      graph.values[value].type = named(inferred, value)
      return
    }
    var merged = inferred
    let agrees: Bool
    switch (inferred, previous) {
    case (.tensor(let mine), .tensor(let theirs)):
      let result = mine.merged(with: theirs)
      merged = .tensor(result.type)
      agrees = result.agrees
    case (.tensor, _), (_, .tensor): agrees = false
    // Rules know next to nothing about sequences and their like.
    default:
      merged = previous
      agrees = true
    }
    if !agrees {
      conflicts.append(
        ShapeConflict(
          node: node, op: graph.nodes[node].op, value: value, name: graph.values[value].name,
          declared: previous,
          inferred: inferred))
    }
    graph.values[value].type = named(merged, value)
  }

  /// Gives open extents of `value` a name; bodies would repeat names of the graph around them.
  private func named(_ type: ValueType, _ value: ValueID) -> ValueType {
    guard case .tensor(let tensor) = type, var shape = tensor.shape, depth == 0,
      shape.count <= Axis.maximalRank
    else { return type }
    for axis in shape.indices where shape[axis] == .unknown {
      let name = Dimension.invented(value, axis: axis)
      shape[axis] = foundExtents[name].map(Dimension.known) ?? name
    }
    return .tensor(TensorType(tensor.elementType, shape))
  }
}

// What rules may ask about a node.
extension InferenceEngine {
  /// The type of operand `index`; open if it is left out or no tensor.
  func type(_ node: NodeID, _ index: Int) -> TensorType {
    guard let value = graph.nodes[node].input(index) else { return .unknown }
    return type(of: value)
  }

  /// The type of `value`; open if it is no tensor or its rank is absurd.
  func type(of value: ValueID) -> TensorType {
    guard let type = graph.values[value].type?.tensor else { return .unknown }
    guard let shape = type.shape, shape.count <= Axis.maximalRank else {
      return TensorType(type.elementType, nil)
    }
    return type
  }

  /// The shape of operand `index`, if its rank is known.
  func shape(_ node: NodeID, _ index: Int) -> Shape? { type(node, index).shape }

  /// The element type of operand `index`, if known.
  func element(_ node: NodeID, _ index: Int) -> ElementType? { type(node, index).elementType }

  /// What is known of the elements of operand `index`, if it is small.
  func content(_ node: NodeID, _ index: Int) -> PartialTensor? {
    graph.nodes[node].input(index).flatMap { content(of: $0) }
  }

  /// What is known of the elements of `value`, if it is small.
  func content(of value: ValueID) -> PartialTensor? {
    if let known = contents[value] { return known }
    if let constant = graph.values[value].constant { return PartialTensor(constant) }
    // Of a short list of numbers at least the length is known.
    guard let type = graph.values[value].type?.tensor, let element = type.elementType,
      let counts = type.shape?.counts, counts.count <= 1, !element.isFloatingPoint
    else { return nil }
    return PartialTensor(element, shape: counts, repeating: .unknown)
  }

  /// Supplies computed elements to views.
  var knownIntegers: IntegerReader {
    let contents = contents
    return { contents[$0]?.integers }
  }
}

extension Dimension {
  /// The extent, open if a model states a negative one.
  var valid: Dimension {
    if case .known(let count) = self, count < 0 { .unknown } else { self }
  }
}
