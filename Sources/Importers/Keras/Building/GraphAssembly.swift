import Formats
import HDF5Access
import IR

/// The graph that a Keras network becomes, with what is remembered while it is built.
///
/// A class, since all layers add to the one graph.
final class GraphAssembly {
  private(set) var graph: Graph
  /// Where the weights come from; nil while only the structure is of interest.
  private let weights: WeightFile
  /// Where the weights turned out to be of other extents than the layers want.
  private(set) var mismatches: [WeightMismatch] = []
  private var applicationCount = 0
  private var elementCount = 0
  private var names = UniqueNames()
  private var constants: [StoredTensor.Key: ValueID] = [:]
  private var turned: [Turn: ValueID] = [:]
  /// What each turned value was turned from.
  private var origins: [ValueID: Turn] = [:]

  private var orders = FeatureOrders()
  private var positions: [FeatureOrder: ValueID] = [:]
  private var gathered: [ValueID: ValueID] = [:]

  private struct Turn: Hashable {
    let value: ValueID
    let order: [Int]
  }

  /// The operator set that layers are expressed in.
  ///
  /// The oldest that has all of them: runtimes in the field lag behind.
  static let operatorSet: Int64 = 17

  /// Begins a graph in which the names in `layers` belong to what these layers compute.
  init(name: String, weights: WeightFile, layers: [String]) {
    self.weights = weights
    names.reserve(layers)
    graph = Graph(
      name: name, operatorSets: [OperatorSet(domain: "", version: Self.operatorSet)])
  }

  /// Counts one more application of a layer, and the tensors that it reads or gives.
  ///
  /// A network that is applied twice inside one that is applied twice, and so on, is a short text and an
  /// endless graph.
  ///
  /// - Throws: `ImportError` if there are more than any real network has.
  func countApplication(ofTensors tensors: Int) throws(ImportError) {
    applicationCount += 1 + tensors
    guard applicationCount <= Limits.layerApplicationCount else {
      throw ImportError(
        .malformed,
        "the network applies layers, and passes tensors, more than \(Limits.layerApplicationCount) times"
      )
    }
  }

  /// Whether `count` more numbers that are no weights, or places of features, may be made.
  func mayMake(elements count: Int) -> Bool {
    guard count <= Self.elementLimit - elementCount else { return false }
    elementCount += count
    return true
  }

  private static let elementLimit = 1 << 24

  // MARK: Inputs and outputs

  func addInput(_ name: String, _ type: TensorType) -> ValueID {
    graph.addInput(names.claim(name), type: .tensor(type))
  }

  /// Makes `value`, which is `source` as the caller wants it, an output under the name of `source`.
  ///
  /// Two outputs are never the same value, nor an input.
  func addOutput(_ value: ValueID, from source: ValueID, _ type: TensorType) {
    let name = graph.values[source].name
    let isFree = graph.values[value].producer != nil && !graph.outputs.contains(value)
    let output = isFree ? value : insert(.identity, [value], layer: name)
    if output != source, graph.values[source].producer != nil, !graph.outputs.contains(source) {
      let place = graph.values[output].name
      graph.rename(source, to: names.unique("\(name)/inside"))
      graph.rename(output, to: name)
      names.release(place)
    }
    graph.setType(of: output, to: .tensor(type), declared: true)
    graph.addOutput(output)
  }

  // MARK: Nodes

  /// Adds a node of `layer` with one result.
  func insert(
    _ kind: OperatorKind, _ operands: [ValueID?], _ attributes: [Attribute] = [], layer: String
  ) -> ValueID {
    let name = names.unique("\(layer)/\(kind.rawValue)")
    let draft = NodeDraft(
      Operator(kind), name: name, inputs: operands, attributes: attributes, origin: .path(layer))
    let node = graph.insert(draft, results: [(name, nil)])
    guard let value = graph.nodes[node].output(0) else { preconditionFailure("no result") }
    return value
  }

  /// Calls the last value of a layer after the layer, unless it is older than `count` values.
  func name(_ value: ValueID, after layer: String, ifNotAmong count: Int) {
    guard value.index >= count, graph.values[value].producer != nil else { return }
    graph.rename(value, to: names.claim(layer))
  }

  /// How many values there are.
  var valueCount: Int { graph.values.count }

  /// The value with its axes in the order `permutation` leads to, turned once however often it is read.
  func transposed(_ value: ValueID, _ permutation: [Int], layer: String) -> ValueID {
    let turn = Turn(value: value, order: permutation)
    if let known = turned[turn] { return known }
    if let origin = origins[value] {
      let whole = permutation.map { origin.order[$0] }
      return whole == whole.sorted()
        ? origin.value : transposed(origin.value, whole, layer: layer)
    }
    let attribute = Attribute("perm", .ints(permutation.map(Int64.init)))
    let result = insert(.transpose, [value], [attribute], layer: layer)
    turned[turn] = result
    origins[result] = turn
    return result
  }

  // MARK: Features

  /// The order of features that `places` are.
  func featureOrder(_ places: [Int]) -> FeatureOrder { orders.order(places) }

  /// The matrix with its features in Keras's order, gathered once however often it is read.
  func plainFeatures(of value: ValueID, _ order: FeatureOrder, layer: String) -> ValueID {
    if let known = gathered[value] { return known }
    let places = positions[order] ?? integers(order.inverse, layer: layer)
    positions[order] = places
    let result = insert(.gather, [value, places], [Attribute("axis", .int(1))], layer: layer)
    gathered[value] = result
    return result
  }

  // MARK: Constants

  /// A stored list of whole numbers, such as a shape.
  func integers(_ numbers: [Int], layer: String) -> ValueID {
    graph.addConstant(
      names.unique("\(layer)/sizes"), Constant(numbers.map(Int64.init), shape: [numbers.count]))
  }

  /// Stored numbers that are no weights.
  func floats(_ numbers: [Float], shape: [Int], name: String) -> ValueID {
    graph.addConstant(names.unique(name), Constant(numbers, shape: shape))
  }

  /// The weight, in the order it is wanted; read once for each order, however often the layer is applied.
  ///
  /// - Throws: `ImportError` if the file does not hold its elements.
  func constant(_ tensor: StoredTensor) throws(ImportError) -> ValueID {
    if let known = constants[tensor.key] { return known }
    let name = names.unique(tensor.name)
    let value: ValueID
    if mismatches.isEmpty, let constant = try tensor.constant(from: weights) {
      value = graph.addConstant(name, constant)
    } else {
      // The graph is only finished to find further mismatches.
      value = graph.addInput(name, type: .tensor(TensorType(.float32, counts: tensor.shape)))
    }
    constants[tensor.key] = value
    return value
  }

  /// The weight of a layer, which is to have the extents `shape`.
  func stored(_ name: String, shape: [Int]) -> StoredTensor {
    let dataset = weights.dataset(name)
    guard dataset?.shape != shape else {
      return StoredTensor(name: name, dataset: dataset, shape: shape)
    }
    mismatches.append(
      WeightMismatch(
        name, expected: "\(shape)",
        found: dataset.map { "\($0.shape) at '\($0.path)'" } ?? "nothing"))
    return StoredTensor(name: name, dataset: nil, shape: shape)
  }

  /// The elements of a weight that numbers are computed from.
  ///
  /// - Throws: `ImportError` if the file does not hold them, or other extents.
  func numbers(_ tensor: StoredTensor) throws(ImportError) -> [Float] {
    guard let constant = try tensor.constant(from: weights) else { throw mismatch }
    return constant.elements(as: Float.self) ?? []
  }

  /// What is wrong if weights have other extents than the layers want.
  var mismatch: ImportError {
    let count = mismatches.count
    var error = ImportError(
      .malformed,
      "\(count) \(count == 1 ? "weight has" : "weights have") other extents than the model wants; "
        + "the file belongs to another model")
    error.mismatches = mismatches
    return error
  }
}

/// Hands out names that nobody else has.
struct UniqueNames {
  private var taken: Set<ExactName> = []
  private var reserved: Set<ExactName> = []
  private var counts: [ExactName: Int] = [:]

  /// Keeps `names` for those who claim them.
  mutating func reserve(_ names: [String]) {
    reserved.formUnion(names.map(ExactName.init))
    taken.formUnion(reserved)
  }

  /// `name` for the first who claims it while it is reserved, or else one like it.
  mutating func claim(_ name: String) -> String {
    reserved.remove(ExactName(name)) == nil ? unique(name) : name
  }

  /// `name`, or with a number behind it if that is taken.
  mutating func unique(_ name: String) -> String {
    guard !taken.insert(ExactName(name)).inserted else { return name }
    while true {
      let count = counts[ExactName(name), default: 1] + 1
      counts[ExactName(name)] = count
      let candidate = "\(name)_\(count)"
      if taken.insert(ExactName(candidate)).inserted { return candidate }
    }
  }

  /// Lets another have `name`.
  mutating func release(_ name: String) { taken.remove(ExactName(name)) }
}
