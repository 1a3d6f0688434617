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
  /// The file is safetensors, or HDF5 in which groups are parts of names. Names match as they are, or else
  /// with `/` and `.` taken for the same, if that leaves no choice; and, if all of them share it, without
  /// a first part such as `module.`, which wrappers of PyTorch add. Counters that PyTorch keeps for training are left out.
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
        let elements = isWanted ? constant : constant.inSinglePrecision ?? constant
        changed.replaceElements(of: value, by: elements)
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
    let entries = file.entries.filter { !$0.isCounter }
    let found = InitializerNames(stored, graph).values(called: entries.map(\.name))
    var matched: [ValueID: TensorFile.Entry] = [:]
    var mismatches: [WeightMismatch] = []
    for (entry, value) in zip(entries, found) {
      if let value { matched[value] = entry }
      if let mismatch = entry.mismatch(value.map { graph.values[$0] }) {
        mismatches.append(mismatch)
      }
    }
    pairs = stored.compactMap { value in matched[value].map { (value, $0) } }
    missing = stored.filter {
      matched[$0] == nil && graph.values[$0].constant?.elementType.isFloatingPoint ?? false
    }
    guard mismatches.isEmpty, !pairs.isEmpty else { throw error(mismatches) }
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

/// The initializers of a graph by their names, exactly or by the parts of them.
private struct InitializerNames {
  private var exact: [ExactName: ValueID] = [:]
  private var parted: [PartedName: [ValueID]] = [:]

  init(_ values: [ValueID], _ graph: Graph) {
    for value in values {
      let name = graph.values[value].name
      exact[ExactName(name)] = value
      parted[PartedName(name), default: []].append(value)
    }
  }

  /// Which initializer each of `names` means; nil for none, and for names that could mean several.
  func values(called names: [String]) -> [ValueID?] {
    let names = unwrapped(names)
    let counts = Dictionary(names.map { (PartedName($0), 1) }, uniquingKeysWith: +)
    var taken: Set<ValueID> = []
    return names.map { name in
      let isAlone = counts[PartedName(name)] == 1
      guard let value = exact[ExactName(name)] ?? (isAlone ? sole(name) : nil),
        taken.insert(value).inserted
      else { return nil }
      return value
    }
  }

  private func sole(_ name: String) -> ValueID? {
    let values = parted[PartedName(name)] ?? []
    return values.count == 1 ? values[0] : nil
  }

  /// `names` without a first part that all share, if more of them are names of initializers so.
  private func unwrapped(_ names: [String]) -> [String] {
    let first = names.first.flatMap { PartedName($0).parts.first }
    let rests = names.compactMap { name -> String? in
      let parts = PartedName(name).parts
      return parts.count > 1 && parts[0] == first ? name.droppingFirstPart : nil
    }
    guard rests.count == names.count else { return names }
    return rests.count(where: isKnown) > names.count(where: isKnown) ? rests : names
  }

  private func isKnown(_ name: String) -> Bool { parted[PartedName(name)] != nil }
}

/// A name by its parts, whichever of `/` and `.` stands between them.
private struct PartedName: Hashable {
  let parts: [ExactName]

  init(_ name: String) {
    parts = name.utf8.split(whereSeparator: Self.separators.contains).map {
      ExactName(String(Substring($0)))
    }
  }

  static let separators = [UInt8(ascii: "/"), UInt8(ascii: ".")]
}

extension String {
  /// What stands behind the first separator that follows a part.
  fileprivate var droppingFirstPart: String {
    let part = utf8.drop(while: PartedName.separators.contains)
      .drop { !PartedName.separators.contains($0) }
    return String(Substring(part.dropFirst()))
  }
}

extension TensorFile.Entry {
  /// Whether it counts the batches of training, which PyTorch keeps beside a normalisation.
  fileprivate var isCounter: Bool { shape.isEmpty && name.hasSuffix("num_batches_tracked") }

  /// Why the tensor cannot stand for the initializer; nil if it can.
  fileprivate func mismatch(_ value: Value?) -> WeightMismatch? {
    guard let value, let constant = value.constant else {
      return WeightMismatch(
        WeightMismatch.nowhere, expected: "nothing", found: "\(summary) called '\(name)'")
    }
    let fits = [elementType, widenedType].contains(constant.elementType)
    guard !fits || shape != constant.shape else { return nil }
    return WeightMismatch(
      value.name, expected: "\(constant.elementType) \(constant.shape)", found: summary)
  }

  private var widenedType: ElementType? {
    elementType == .float16 || elementType == .bfloat16 ? .float32 : elementType
  }

  private var summary: String {
    (elementType.map { "\($0)" } ?? "elements of an unknown type") + " \(shape)"
  }
}
