public import Alignment
import Formats
public import HDF5Access

/// Reads alignment statistics, recognising the form by content.
///
/// - An HDF5 file of dearc's own, with `schema` "dearc.alignment/1" and a group for each value.
/// - Any HDF5 file with one one-dimensional dataset of floats: the discrepancies of one value, whose
///   name it does not say.
/// - JSON: `{"value": "…", "rad": […]}`, with "value" optional.
///
/// - Parameters:
///   - path: The file.
///   - program: What reads HDF5.
/// - Returns: the statistics, of which every number is finite.
/// - Throws: `ImportError` that says what is wrong, and where.
public func importStatistics(
  at path: String, program: WorkerProgram = .current
) throws(ImportError) -> AlignmentStatistics {
  do throws(ImportError) {
    let file = try importing { () throws(FormatError) in try MappedFile(path: path) }
    let statistics =
      try isJSON(file)
      ? try StatisticsJSON(file).statistics
      : try StatisticsHDF5(
        importing { () throws(FormatError) in try HDF5File(path: path, program: program) }
      ).statistics
    for value in statistics.values { try check(value) }
    return statistics
  } catch {
    throw error.adding(file: path)
  }
}

/// Tells JSON from HDF5, and refuses what is neither.
private func isJSON(_ file: MappedFile) throws(ImportError) -> Bool {
  if HDF5File.isSigned(file) { return false }
  if unsafe file.bytes.first(where: { !$0.isJSONSpace }) == UInt8(ascii: "{") { return true }
  let found =
    file.count == 0
    ? "an empty file"
    : unsafe file.bytes.starts(with: [0xef, 0xbb, 0xbf])
      ? "a byte order mark, which JSON has none of: save it as plain UTF-8" : "neither"
  throw ImportError(.malformed, "expected HDF5, or JSON that begins with '{'; found \(found)")
}

private func check(_ value: ValueAlignment) throws(ImportError) {
  let entity = value.value.map { "value '\($0)'" } ?? "the statistics"
  guard !value.discrepancies.isEmpty else {
    throw ImportError(.malformed, "there is no channel", entity: entity)
  }
  guard let bad = value.discrepancies.firstIndex(where: { !$0.isFinite }) else { return }
  throw ImportError(
    .malformed, "channel \(bad) is \(value.discrepancies[bad]); expected a finite number",
    entity: entity)
}

extension UInt8 {
  fileprivate var isJSONSpace: Bool { [0x20, 0x09, 0x0a, 0x0d].contains(self) }
}

/// Statistics in JSON.
private struct StatisticsJSON {
  let statistics: AlignmentStatistics

  init(_ file: MappedFile) throws(ImportError) {
    statistics = try importing { () throws(FormatError) in
      var cursor = JSONCursor(file.content)
      var value: String?
      var discrepancies: [Double]?
      try cursor.readObject { (cursor, key) throws(FormatError) in
        switch key {
        case "value": value = try cursor.readString()
        case "rad": discrepancies = try Self.readNumbers(&cursor)
        default:
          throw FormatError(
            .malformed, offset: cursor.offset, "unknown key '\(key)'; expected 'value' and 'rad'")
        }
      }
      try cursor.expectEnd()
      guard let discrepancies else {
        throw FormatError(.malformed, "there is no 'rad', the list of discrepancies")
      }
      return AlignmentStatistics(
        values: [ValueAlignment(value: value, axis: nil, discrepancies: discrepancies)])
    }
  }

  private static func readNumbers(_ cursor: inout JSONCursor) throws(FormatError) -> [Double] {
    var numbers: [Double] = []
    try cursor.readArray { (cursor) throws(FormatError) in
      let offset = cursor.offset
      let text = try cursor.readNumber()
      guard let number = Double(text) else {
        throw FormatError(.malformed, offset: offset, "expected a number, found '\(text)'")
      }
      numbers.append(number)
    }
    return numbers
  }
}

/// Statistics in HDF5.
private struct StatisticsHDF5 {
  private static let schema = "dearc.alignment/1"

  let statistics: AlignmentStatistics

  init(_ file: HDF5File) throws(ImportError) {
    guard let schema = file.root.attribute("schema") else {
      statistics = AlignmentStatistics(values: [try Self.bare(file)])
      return
    }
    guard schema.string == Self.schema else {
      throw ImportError(
        .unsupported,
        "the schema is '\(schema.string ?? "not text")'; this version reads '\(Self.schema)'")
    }
    var values: [ValueAlignment] = []
    for group in file.root.group("values")?.groups ?? [] {
      let value = try Self.value(group, file)
      if let name = value.value, values.contains(where: { $0.value == name }) {
        throw ImportError(.malformed, "there are two entries for '\(name)'")
      }
      values.append(value)
    }
    guard !values.isEmpty else { throw ImportError(.malformed, "'values' has no entry") }
    statistics = AlignmentStatistics(measurement: try Self.measurement(file), values: values)
  }

  private static func measurement(
    _ file: HDF5File
  ) throws(ImportError) -> AlignmentStatistics.Measurement? {
    func text(_ name: String) -> String { file.root.attribute(name)?.string ?? "" }
    guard let attribute = file.root.attribute("model_sha256") else { return nil }
    guard let digest = attribute.string else {
      throw ImportError(.malformed, "the attribute 'model_sha256' is not text")
    }
    var hashes: [UInt64] = []
    if let images = file.root.dataset("images"), images.elementType == .uint64,
      images.shape.count == 1
    {
      hashes = try importing { () throws(FormatError) in try file.hashes(of: images) }
    }
    func count(_ name: String) throws(ImportError) -> Int? {
      try file.root.attribute(name).map { attribute throws(ImportError) in
        try counted(attribute.integer, "the attribute '\(name)'")
      }
    }
    return AlignmentStatistics.Measurement(
      modelDigest: digest, tool: text("tool"), preprocessing: text("preprocessing"),
      selection: text("selection"), shards: text("shards").split(separator: " ").map(String.init),
      imageHashes: hashes,
      leftOut: AlignmentStatistics.LeftOut(
        unreadable: try count("unreadable") ?? 0, unmasked: try count("unmasked") ?? 0,
        repeated: try count("repeated") ?? 0), batchesDone: try count("batches_done"))
  }

  private static func value(
    _ group: HDF5Group, _ file: HDF5File
  ) throws(ImportError) -> ValueAlignment {
    func malformed(_ message: String) -> ImportError {
      ImportError(.malformed, message, entity: "'\(group.path)'")
    }
    guard let name = group.attribute("value")?.string else {
      throw malformed("the attribute 'value', the name of the value measured, is missing")
    }
    guard let dataset = group.dataset("rad"), dataset.shape.count == 1 else {
      throw malformed("the one-dimensional dataset 'rad' is missing")
    }
    if let channels = group.attribute("channels")?.integer, channels != dataset.shape[0] {
      throw malformed("'channels' is \(channels), but 'rad' has \(dataset.shape[0]) entries")
    }
    let stated = group.attribute("axis")
    guard let axis = stated.map({ $0.integer }) ?? 1, (0..<64).contains(axis) else {
      let found = stated?.integer.map { "\($0)" } ?? "no whole number"
      throw malformed("'axis' is \(found), expected the number of an axis")
    }
    return ValueAlignment(
      value: name, axis: Int(axis), discrepancies: try doubles(of: dataset, in: file),
      moments: try moments(group, channels: dataset.shape[0], file))
  }

  /// What else was measured, if all of it is there.
  private static func moments(
    _ group: HDF5Group, channels: Int, _ file: HDF5File
  ) throws(ImportError) -> ValueAlignment.Moments? {
    var lists: [[Double]] = []
    for name in ["rad_m2", "inside_mean", "outside_mean", "activation_mean"] {
      guard let dataset = group.dataset(name) else { return nil }
      guard dataset.shape == [channels] else {
        throw ImportError(
          .malformed, "it has the extents \(dataset.shape), but there are \(channels) channels",
          entity: "'\(dataset.path)'")
      }
      let list = try doubles(of: dataset, in: file)
      guard list.allSatisfy(\.isFinite) else {
        throw ImportError(
          .malformed, "a number is not finite", entity: "'\(dataset.path)'")
      }
      lists.append(list)
    }
    guard let count = group.dataset("count"), count.elementType == .int64, count.shape == [] else {
      return nil
    }
    let counted = try importing { () throws(FormatError) in try file.hashes(of: count) }
    return ValueAlignment.Moments(
      squaredDeviations: lists[0], insideMeans: lists[1], outsideMeans: lists[2],
      activationMeans: lists[3],
      count: try Self.counted(
        counted.first.map { Int64(bitPattern: $0) }, "'\(count.path)'"))
  }

  /// A number of images; far more than anybody has are a fault in the file.
  private static func counted(_ number: Int64?, _ entity: String) throws(ImportError) -> Int {
    guard let number, (0...1 << 40).contains(number) else {
      throw ImportError(
        .malformed,
        "expected a number of images, found \(number.map { "\($0)" } ?? "something else")",
        entity: entity)
    }
    return Int(number)
  }

  /// The only list of floats in the file.
  private static func bare(_ file: HDF5File) throws(ImportError) -> ValueAlignment {
    let lists = file.root.allDatasets.filter {
      $0.shape.count == 1 && [.float16, .float32, .float64].contains($0.elementType)
    }
    guard lists.count == 1 else {
      let names = lists.prefix(8).map { "'\($0.path)'" }.joined(separator: ", ")
      throw ImportError(
        .malformed,
        "without a schema the file must hold one one-dimensional dataset of floats; it holds "
          + (lists.isEmpty ? "none" : "\(lists.count): \(names)"))
    }
    return ValueAlignment(
      value: nil, axis: nil, discrepancies: try doubles(of: lists[0], in: file))
  }

  private static func doubles(
    of dataset: HDF5Dataset, in file: HDF5File
  ) throws(ImportError) -> [Double] {
    guard dataset.shape[0] <= 1 << 24 else {
      throw ImportError(
        .malformed, "it has \(dataset.shape[0]) entries; no value has as many channels",
        entity: "'\(dataset.path)'")
    }
    return try importing { () throws(FormatError) in try file.doubles(of: dataset) }
  }
}
