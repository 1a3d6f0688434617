import Formats
import HDF5Access
public import IR

/// Prepares the weights of a model as an HDF5 file, which has no place for the graph.
///
/// A tensor is a dataset at the path that is its name: `conv2d/kernel` is `kernel` in the group `conv2d`.
/// Records are attributes of the root. bfloat16 is stored as its bits, marked as Keras marks it.
///
/// - Parameters:
///   - model: The model; initializers in bodies are left out, as their names need not be unique.
///   - path: Where the file is to appear.
///   - options: Choices about how it is written.
/// - Returns: the file, which appears once it is committed.
/// - Throws: `EmitError` if a name is no path, or a type is none of HDF5's, or the file cannot be written.
public func emitHDF5(
  _ model: Model, to path: String, options: EmissionOptions = EmissionOptions()
) throws(EmitError) -> Emission {
  do throws(EmitError) {
    var tree = TensorTree()
    for value in model.graph.valueIDs {
      guard let constant = model.graph.values[value].constant else { continue }
      try tree.add(model.graph.values[value].name, try tensor(constant, model.graph.values[value]))
    }
    var draft = tree.draft
    draft.attributes = options.records.map { ($0.key, .text($0.value)) }
    let root = draft
    return try emitting { () throws(FormatError) in
      // libhdf5 seeks about in what it writes, which an output that appears whole does not allow.
      let scratch = try TemporaryFile()
      try root.write(to: scratch)
      let written = try scratch.mapped()
      let file = try AtomicFile(path: path, notReplacing: options.inputs)
      unsafe try file.write(written.bytes)
      return Emission(files: [file])
    }
  } catch {
    throw error.adding(file: path)
  }
}

private func tensor(_ constant: Constant, _ value: Value) throws(EmitError) -> HDF5Tensor {
  let entity = "initializer '\(value.name)'"
  guard let payload = constant.payload, let type = HDF5ElementType(constant.elementType) else {
    throw EmitError(
      .unrepresentable, "HDF5 has no type for \(constant.elementType) as it is stored here",
      entity: entity)
  }
  guard constant.shape.count <= HDF5Draft.rankLimit else {
    throw EmitError(
      .unrepresentable,
      "it has \(constant.shape.count) axes, HDF5 at most \(HDF5Draft.rankLimit)", entity: entity)
  }
  return unsafe HDF5Tensor(
    elementType: type, shape: constant.shape, isBrainFloat: constant.elementType == .bfloat16
  ) { use in
    unsafe payload.withBytes { unsafe use($0) }
    payload.discard()
  }
}

/// Tensors in groups, by the parts of their names.
private struct TensorTree {
  private var tensors: [(name: String, tensor: HDF5Tensor)] = []
  private var groups: [(name: String, tree: TensorTree)] = []
  private var places: [ExactName: Int] = [:]

  /// Puts `tensor` where `name` leads.
  mutating func add(_ name: String, _ tensor: HDF5Tensor) throws(EmitError) {
    // By bytes: a combining character behind a slash would hide it from a split by characters.
    let parts = name.utf8.split(separator: UInt8(ascii: "/")).map { String($0) ?? "" }
    guard !parts.isEmpty, !parts.contains("."), !parts.contains(".."), !name.utf8.contains(0),
      parts.count - 1 <= HDF5Draft.depthLimit, add(parts[...], tensor)
    else {
      throw EmitError(
        .unrepresentable,
        "its name is no path of HDF5's, nests more than \(HDF5Draft.depthLimit) groups, or leads through "
          + "another tensor; write .safetensors instead",
        entity: "initializer '\(name)'")
    }
  }

  private mutating func add(_ parts: ArraySlice<String>, _ tensor: HDF5Tensor) -> Bool {
    guard let first = parts.first else { return false }
    if parts.count == 1 {
      guard places.updateValue(-1, forKey: ExactName(first)) == nil else { return false }
      tensors.append((first, tensor))
      return true
    }
    let place = places[ExactName(first)] ?? groups.count
    guard place >= 0 else { return false }
    if place == groups.count {
      places[ExactName(first)] = place
      groups.append((first, TensorTree()))
    }
    return groups[place].tree.add(parts.dropFirst(), tensor)
  }

  var draft: HDF5Draft {
    var draft = HDF5Draft()
    draft.datasets = tensors
    draft.groups = groups.map { ($0.name, $0.tree.draft) }
    return draft
  }
}

extension HDF5ElementType {
  fileprivate init?(_ type: ElementType) {
    switch type {
    case .float16: self = .float16
    case .float32: self = .float32
    case .float64: self = .float64
    case .int8: self = .int8
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .uint8: self = .uint8
    case .uint16, .bfloat16: self = .uint16
    case .uint32: self = .uint32
    case .uint64: self = .uint64
    case .bool: self = .bool
    default: return nil
    }
  }
}
