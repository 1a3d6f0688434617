public import HDF5Access
public import IR

/// What became of the names when weights were replaced.
public struct WeightReplacement: Hashable, Sendable {
  /// The initializers that have the elements of the file now.
  public let matched: [String]
  /// The initializers of floats that keep what they had, as the file has none of their names.
  public let missing: [String]
}

extension Model {
  /// Replaces initializers by the tensors of a file that have their names: a new checkpoint, or a
  /// refitted head.
  ///
  /// The file is safetensors, or HDF5 in which groups are parts of names. Names match as they are, with
  /// `/` and `.` taken for the same, and, if all of them share it, without a first part such as
  /// `module.`, which wrappers of PyTorch add. Counters that PyTorch keeps for training are left out.
  /// It is all or nothing: a tensor of the file that fits no initializer is an error. Initializers that
  /// the file does not name keep what they have.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - program: What reads HDF5.
  /// - Returns: the names that were replaced, and those that were not.
  /// - Throws: `ImportError`, which lists the tensors that do not fit; the model is unchanged then.
  public mutating func replaceWeights(
    from path: String, program: WorkerProgram = .current
  ) throws(ImportError) -> WeightReplacement {
    do throws(ImportError) {
      let file = try TensorFile(path: path, program: program)
      let matching = try WeightMatching(file, graph)
      var changed = graph
      for (value, entry) in matching.pairs {
        let constant = try file.constant(entry)
        let isWanted = graph.values[value].constant?.elementType == entry.elementType
        changed.replaceElements(of: value, by: isWanted ? constant : constant.widened)
      }
      graph = changed
      return WeightReplacement(
        matched: matching.pairs.map { changed.values[$0.value].name },
        missing: matching.missing.map { changed.values[$0].name })
    } catch {
      throw error.adding(file: path)
    }
  }
}

extension Graph {
  /// Stores other elements of the same type and extents; the constant stays where callers see it.
  fileprivate mutating func replaceElements(of value: ValueID, by constant: Constant) {
    let isListed = inputs.contains(value)
    let type = values[value].type
    replaceConstant(value, with: constant)
    if isListed { listAsInput(value, declaring: type) }
  }
}

/// Which tensor of a file goes into which initializer.
private struct WeightMatching {
  private(set) var pairs: [(value: ValueID, entry: TensorFile.Entry)] = []
  private(set) var missing: [ValueID] = []

  init(_ file: TensorFile, _ graph: Graph) throws(ImportError) {
    let stored = graph.valueIDs.filter { graph.values[$0].constant != nil }
    let named = Dictionary(
      stored.map { (PartedName(graph.values[$0].name), $0) },
      uniquingKeysWith: { first, _ in first })
    let entries = file.entries.filter { !$0.isCounter }
    let wrapper = Self.wrapper(of: entries, in: named)
    var found: [ValueID: TensorFile.Entry] = [:]
    var mismatches: [WeightMismatch] = []
    for entry in entries {
      guard let value = named[PartedName(entry.name).dropping(wrapper)],
        let constant = graph.values[value].constant, found[value] == nil
      else {
        mismatches.append(
          WeightMismatch(
            WeightMismatch.nowhere, expected: "nothing",
            found: "\(entry.summary) called '\(entry.name)'")
        )
        continue
      }
      found[value] = entry
      let fits = [entry.elementType, entry.widenedType].contains(constant.elementType)
      guard !fits || entry.shape != constant.shape else { continue }
      mismatches.append(
        WeightMismatch(
          graph.values[value].name, expected: "\(constant.elementType) \(constant.shape)",
          found: entry.summary))
    }
    pairs = stored.compactMap { value in found[value].map { (value, $0) } }
    missing = stored.filter {
      found[$0] == nil && graph.values[$0].constant?.elementType.isFloat ?? false
    }
    guard mismatches.isEmpty, !pairs.isEmpty else {
      throw error(mismatches)
    }
  }

  /// A first part of all names in a file without which more of them are names of initializers.
  private static func wrapper(
    of entries: [TensorFile.Entry], in named: [PartedName: ValueID]
  ) -> String? {
    let names = entries.map { PartedName($0.name) }
    guard let first = names.first?.parts.first,
      names.allSatisfy({ $0.parts.count > 1 && $0.parts[0] == first })
    else { return nil }
    let plain = names.count { named[$0] != nil }
    return names.count { named[$0.dropping(first)] != nil } > plain ? first : nil
  }

  private func error(_ mismatches: [WeightMismatch]) -> ImportError {
    let count = mismatches.count
    let subject = count == 1 ? "1 tensor fits" : "\(count) tensors fit"
    var error = ImportError(
      .malformed,
      mismatches.isEmpty
        ? "the file names none of the model's initializers"
        : "\(subject) no initializer of the model, \(pairs.count - mismatches.count { $0.isOfModel }) "
          + "do, and \(missing.count) initializers are not named; nothing was replaced")
    error.mismatches = mismatches
    return error
  }
}

/// A name by its parts, whichever of `/` and `.` stands between them.
private struct PartedName: Hashable {
  let parts: [String]

  init(_ name: String) {
    parts = name.split { $0 == "/" || $0 == "." }.map(String.init)
  }

  private init(parts: [String]) { self.parts = parts }

  /// The name without its first part, if that is `wrapper`.
  func dropping(_ wrapper: String?) -> PartedName {
    guard let wrapper, parts.first == wrapper else { return self }
    return PartedName(parts: Array(parts.dropFirst()))
  }
}

extension TensorFile.Entry {
  /// Whether it counts the batches of training, which PyTorch keeps beside a normalisation.
  fileprivate var isCounter: Bool { shape.isEmpty && name.hasSuffix("num_batches_tracked") }

  fileprivate var widenedType: ElementType? {
    elementType == .float16 || elementType == .bfloat16 ? .float32 : elementType
  }

  fileprivate var summary: String {
    (elementType.map { "\($0)" } ?? "elements of an unknown type") + " \(shape)"
  }
}

extension ElementType {
  fileprivate var isFloat: Bool { [.float16, .bfloat16, .float32, .float64].contains(self) }
}

extension Constant {
  /// Half precision in single precision, which says the same; others as they are.
  fileprivate var widened: Constant {
    guard elementType == .float16 || elementType == .bfloat16, let bytes else { return self }
    let isBrain = elementType == .bfloat16
    let numbers = stride(from: 0, to: bytes.count, by: 2).map { start in
      let bits = UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
      return isBrain
        ? Float(bitPattern: UInt32(bits) << 16) : Float(Float16(bitPattern: bits))
    }
    return Constant(numbers, shape: shape)
  }
}
