/// The version of one operator set that a graph is written in.
public struct OperatorSet: Hashable, Sendable {
  /// The set's domain; empty for ONNX's own.
  public var domain: String
  /// Its version.
  public var version: Int64

  /// Names a version of an operator set.
  public init(domain: String, version: Int64) {
    self.domain = domain
    self.version = version
  }
}

/// Ties quantisation parameters to a value, as ONNX's `TensorAnnotation`.
public struct QuantizationAnnotation: Hashable, Sendable {
  /// The name of the annotated value.
  public var valueName: String
  /// Pairs of a parameter role, such as `SCALE_TENSOR`, and a constant's name.
  public var parameters: [MetadataEntry]

  /// Annotates the value called `valueName`.
  public init(valueName: String, parameters: [MetadataEntry]) {
    self.valueName = valueName
    self.parameters = parameters
  }
}

/// A directed acyclic graph of operators over values.
///
/// The graph owns its nodes and values as rows addressed by dense identifiers, and keeps def-use
/// chains up to date through the few verbs of `Graph+Mutation.swift`. Nodes stay in a linear
/// order in which every value is defined before it is read.
public struct Graph: Sendable {
  /// The name the source gives.
  public var name: String
  /// The operator sets in force, inherited by bodies.
  public var operatorSets: [OperatorSet]
  /// Quantisation parameters stated for values.
  public var quantization: [QuantizationAnnotation] = []
  /// What the model says about the graph.
  public var annotations: Annotations?

  /// Rows of all nodes ever made.
  public internal(set) var nodes = Arena<NodeID, Node>()
  /// Rows of all values ever made.
  public internal(set) var values = Arena<ValueID, Value>()
  /// What the caller sees as inputs, in order, with the constants that the source lists there.
  public internal(set) var inputs: [ValueID] = []
  /// What the caller receives, in order; one value may appear more than once.
  public internal(set) var outputs: [ValueID] = []

  var order = NodeOrder()
  var isRemoved = SideTable<ValueID, Bool>(count: 0, initial: false)

  /// Makes an empty graph.
  public init(name: String = "", operatorSets: [OperatorSet]) {
    self.name = name
    self.operatorSets = operatorSets
  }

  /// The version of the operator set `domain`, or nil if the graph does not import it.
  public func version(ofDomain domain: String) -> Int64? {
    operatorSets.first { $0.domain == domain }?.version
  }

  /// The version of ONNX's own operator set; 1 if none is stated.
  public var version: Int64 { version(ofDomain: "") ?? 1 }

  /// The nodes in a valid execution order.
  ///
  /// The sequence is a snapshot: inserting or removing nodes while walking it is safe.
  public var nodeIDs: [NodeID] { order.identifiers }

  /// The values that are still part of the graph, oldest first.
  public var valueIDs: [ValueID] {
    (0..<values.count).lazy.map(ValueID.init(index:)).filter { !isRemoved[$0] }
  }

  /// The constants, oldest first.
  public var constantIDs: [ValueID] { valueIDs.filter { values[$0].constant != nil } }

  /// The inputs that the caller must supply, leaving out constants listed as inputs.
  public var requiredInputs: [ValueID] { inputs.filter { values[$0].constant == nil } }

  /// The node that comes after `node`, or nil if it is the last.
  public func next(after node: NodeID) -> NodeID? { order.next(after: node) }

  /// Whether `node` has not been removed.
  public func contains(_ node: NodeID) -> Bool { order.contains(node) }

  /// Whether `value` has not been removed.
  public func contains(_ value: ValueID) -> Bool {
    value.index < values.count && !isRemoved[value]
  }

  /// The shape of `value`, if its rank is known.
  public func shape(of value: ValueID) -> Shape? { values[value].shape }

  /// The constant that defines `value`, if one does.
  public func constant(_ value: ValueID?) -> Constant? { value.flatMap { values[$0].constant } }

  /// The node that computes `value`, if one does.
  public func producer(of value: ValueID) -> NodeID? { values[value].producer }

  /// The only reader of `value`, if exactly one operand in the graph reads it and nothing else does.
  public func soleReader(of value: ValueID) -> (node: NodeID, input: Int)? {
    guard values[value].uses.count == 1, let use = values[value].uses.first,
      case .node(let node, let input) = use
    else { return nil }
    return (node, input)
  }

  /// The name by which users know `node`: its own, or that of its first result.
  public func label(_ node: NodeID) -> String {
    let row = nodes[node]
    if !row.name.isEmpty { return row.name }
    return row.outputs.lazy.compactMap { $0 }.first.map { values[$0].name } ?? "\(node)"
  }

  /// Says that stored elements will not be read for a while.
  ///
  /// Of a mapped file the system keeps far more in memory than what was looked at.
  public func discardPayloads() {
    var owners: Set<ObjectIdentifier> = []
    for value in constantIDs {
      guard let owner = constant(value)?.payload?.owner else { continue }
      if owners.insert(ObjectIdentifier(owner)).inserted { owner.discardAll() }
    }
  }

  /// Whether the graph's caller receives `value`.
  public func isOutput(_ value: ValueID) -> Bool {
    values[value].uses.contains { if case .output = $0 { true } else { false } }
  }
}

/// A linked list over node identifiers, so that insertion and removal take constant time.
struct NodeOrder: Sendable {
  struct Link: Sendable {
    var previous: NodeID?
    var next: NodeID?
    var isPresent = false
  }

  /// Written by the methods below only, and by tests of the verifier.
  var links = SideTable<NodeID, Link>(count: 0, initial: Link())
  private(set) var first: NodeID?
  private(set) var last: NodeID?
  private(set) var count = 0

  var identifiers: [NodeID] {
    var identifiers: [NodeID] = []
    identifiers.reserveCapacity(count)
    var cursor = first
    while let node = cursor {
      identifiers.append(node)
      cursor = links[node].next
    }
    return identifiers
  }

  func contains(_ node: NodeID) -> Bool { links[node].isPresent }

  func next(after node: NodeID) -> NodeID? { links[node].next }

  /// Places `node` before `successor`, or at the end if that is nil.
  mutating func insert(_ node: NodeID, before successor: NodeID?) {
    let previous = successor.map { links[$0].previous } ?? last
    links[node] = Link(previous: previous, next: successor, isPresent: true)
    if let previous { links[previous].next = node } else { first = node }
    if let successor { links[successor].previous = node } else { last = node }
    count += 1
  }

  mutating func remove(_ node: NodeID) {
    let link = links[node]
    if let previous = link.previous { links[previous].next = link.next } else { first = link.next }
    if let next = link.next { links[next].previous = link.previous } else { last = link.previous }
    links[node] = Link()
    count -= 1
  }
}
