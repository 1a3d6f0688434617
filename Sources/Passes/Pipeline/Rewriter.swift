internal import IR

/// The only way in which passes change a graph: every edit states the rule that allows it.
///
/// Reports and diffs are made from the recorded changes, never reconstructed afterwards.
struct Rewriter {
  private(set) var graph: Graph
  private(set) var changes: [Change] = []
  private(set) var refusals: [Refusal] = []
  /// The channels that were closed.
  private(set) var marks: [PlacedMark] = []
  /// The weights that were taken for zero, if any were.
  private(set) var flushed: FlushedWeights?
  /// What became of channels, once they were pruned.
  private(set) var pruning: PruningReport?
  /// What became of stored tensors, once weights were stored more compactly.
  private(set) var precision: PrecisionReport?
  /// In which form weights were read that are stored in single precision now.
  private(set) var compactForms: [ExactName: CompactForm] = [:]
  /// Values that kept their names, but a factor or summand of which is applied elsewhere now.
  private(set) var rescaled: Set<ValueID> = []
  /// What a pass found wrong with its own work; none unless dearc is at fault.
  private(set) var faults: [Fault] = []
  /// What passes are to keep to.
  let options: PipelineOptions
  private var usedNames: Set<String>
  private var knownRefusals: Set<Refusal> = []

  init(_ graph: Graph, _ options: PipelineOptions) {
    self.graph = graph
    self.options = options
    usedNames = []
    reserveNames(of: graph)
  }

  /// Makes one edit under `rule` and records it.
  @discardableResult
  mutating func apply<Result>(
    _ rule: RewriteRule, to subject: String, _ detail: String, edit: (inout Graph) -> Result
  ) -> Result {
    changes.append(Change(rule: rule, subject: subject, detail: detail))
    return edit(&graph)
  }

  /// Makes a further edit that belongs to the change recorded last.
  @discardableResult
  mutating func edit<Result>(_ edit: (inout Graph) -> Result) -> Result { edit(&graph) }

  /// Records that `pass` left `subject` alone.
  mutating func refuse(_ pass: String, _ subject: String, because reason: String) {
    let refusal = Refusal(pass: pass, subject: subject, reason: reason)
    if knownRefusals.insert(refusal).inserted { refusals.append(refusal) }
  }

  /// Forgets what `pass` declined in an earlier round, which it is about to look at again.
  mutating func withdrawRefusals(of pass: String) {
    refusals.removeAll { $0.pass == pass }
    knownRefusals = Set(refusals)
  }

  /// Records that channels were closed on request, or because others were.
  mutating func note(_ mark: PlacedMark) { marks.append(mark) }

  /// Records that weights were taken for zero.
  mutating func note(_ weights: FlushedWeights) {
    guard var sum = flushed else {
      flushed = weights
      return
    }
    sum.count += weights.count
    sum.of += weights.of
    sum.largest = max(sum.largest, weights.largest)
    flushed = sum
  }

  /// Records that a factor or summand of `values`, which keep their names, is applied elsewhere now.
  mutating func note(rescaled values: [ValueID]) { rescaled.formUnion(values) }

  /// Records in which form the weights called `name` were read.
  mutating func note(_ form: CompactForm, of name: String) { compactForms[ExactName(name)] = form }

  /// Records what became of stored tensors.
  mutating func report(_ precision: PrecisionReport) { self.precision = precision }

  /// Records what became of channels, and what is wrong with the graph if anything is.
  mutating func report(_ pruning: PruningReport, faults: [Fault]) {
    self.pruning = pruning
    self.faults += faults
  }

  /// A name no value and no node has, made from `base`.
  mutating func freshName(_ base: String) -> String {
    var name = base
    var counter = 1
    while !usedNames.insert(name).inserted {
      counter += 1
      name = "\(base)_\(counter)"
    }
    return name
  }

  /// Lets `name`, which nothing has any more, be given again.
  mutating func release(_ name: String) { usedNames.remove(name) }

  /// The name by which users know `node`.
  func label(_ node: NodeID) -> String { graph.label(node) }

  private mutating func reserveNames(of body: Graph) {
    for value in body.valueIDs { usedNames.insert(body.values[value].name) }
    for node in body.nodeIDs {
      usedNames.insert(body.nodes[node].name)
      for inner in body.nodes[node].bodies { reserveNames(of: inner) }
    }
  }
}

extension Rewriter {
  /// Makes everyone who reads `value` read `replacement`, the caller of the graph included.
  ///
  /// The caller's names are a contract: if `value` is an output, `replacement` takes its name.
  /// Returns false, and changes nothing, where that cannot be done.
  mutating func redirect(_ value: ValueID, to replacement: ValueID) -> Bool {
    if graph.isOutput(value) {
      guard graph.values[replacement].producer != nil, !graph.isOutput(replacement),
        graph.canBeRead(replacement, as: graph.values[value].name)
      else { return false }
      let retired = freshName(graph.values[value].name + "_folded")
      edit { $0.transferOutputs(of: value, to: replacement, retiring: retired) }
    } else if !graph.canBeRead(value, as: graph.values[replacement].name) {
      return false
    }
    edit { $0.replaceUses(of: value, with: replacement) }
    moveMarks(from: value, to: replacement)
    return true
  }

  /// Channels that were closed on one value are closed on the other, which takes its place.
  private mutating func moveMarks(from value: ValueID, to replacement: ValueID) {
    for index in marks.indices where marks[index].value == value {
      marks[index].value = replacement
    }
  }

  /// Removes `node`, whose results nobody reads.
  mutating func remove(_ node: NodeID) { edit { $0.remove(node) } }
}

extension Rewriter {
  /// Stores `constant` under the name of `value` if that has one reader, else beside it.
  mutating func store(_ constant: Constant, over value: ValueID) -> ValueID {
    if graph.values[value].uses.count == 1 {
      edit { $0.replaceConstant(value, with: constant) }
      return value
    }
    return storeBeside(constant, value)
  }

  /// Stores `constant` under a name made from that of `value`, which stays as it is.
  mutating func storeBeside(_ constant: Constant, _ value: ValueID) -> ValueID {
    addConstant(constant, name: graph.values[value].name + "_folded")
  }

  /// Stores `bias` as a new constant, named after the weights of the layer that takes it.
  mutating func addBias(_ bias: Constant, of layer: NodeID) -> ValueID {
    let weight = graph.nodes[layer].input(1).map { graph.values[$0].name } ?? ""
    let suffix = ".weight"
    let base = weight.hasSuffix(suffix) ? String(weight.dropLast(suffix.count)) : label(layer)
    return addConstant(bias, name: base + ".bias")
  }

  /// Removes `reader`, whose first result is now computed as `value`, which takes over its name,
  /// unless a pass made the node and its name up.
  ///
  /// - Precondition: `reader` is the only reader of `value`, and a node computes `value`.
  mutating func bypass(_ reader: NodeID, with value: ValueID) {
    guard let result = graph.nodes[reader].output(0) else { return }
    let row = graph.values[result]
    let retired = freshName(graph.values[value].name + "_folded")
    let isInserted = graph.nodes[reader].origin.isInserted && !graph.isOutput(result)
    moveMarks(from: result, to: value)
    edit { graph in
      graph.setInputs(of: reader, to: [])
      if graph.isOutput(result) {
        graph.transferOutputs(of: result, to: value, retiring: retired)
      }
      graph.replaceUses(of: result, with: value)
      graph.remove(reader)
      guard !isInserted else { return }
      if graph.values[value].name != row.name { graph.rename(value, to: row.name) }
      graph.setType(of: value, to: row.type, declared: row.isDeclared)
      graph.setAnnotations(of: value, to: row.annotations)
    }
  }
}
