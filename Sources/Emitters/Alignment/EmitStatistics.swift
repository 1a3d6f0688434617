public import Alignment
public import Formats
import HDF5Access

/// Prepares alignment statistics as an HDF5 file of schema "dearc.alignment/1".
///
/// ```
/// /                 attributes schema, model_sha256, images, tool, preprocessing, selection; where they
///                   say something, shards, unreadable, unmasked, repeated and batches_done
/// /images           u64 [images]
/// /values/0000      attributes value, axis, channels
///     rad, rad_m2, inside_mean, outside_mean, activation_mean     f64 [channels]
///     count                                                       i64
/// ```
///
/// - Parameters:
///   - statistics: What to write; every value has a name.
///   - path: Where the file is to appear.
///   - inputs: Files being read, which it must not replace.
/// - Returns: the file, which appears once it is committed.
/// - Throws: `EmitError` if a value has no name, or the file cannot be written.
public func emitStatistics(
  _ statistics: AlignmentStatistics, to path: String, notReplacing inputs: [FileIdentity] = []
) throws(EmitError) -> Emission {
  var root = HDF5Draft()
  root.attributes = [("schema", .text("dearc.alignment/1"))]
  if let measurement = statistics.measurement { root.add(measurement) }
  var values = HDF5Draft()
  for (index, value) in statistics.values.enumerated() {
    guard let name = value.value else {
      throw EmitError(.unrepresentable, "statistics of a value without a name", file: path)
    }
    let number = String(index)
    let padding = String(repeating: "0", count: max(4 - number.count, 0))
    values.groups.append((padding + number, HDF5Draft(value, name: name)))
  }
  root.groups = [("values", values)]
  let draft = root
  return try emitting { () throws(FormatError) in
    let file = try AtomicFile(path: path, notReplacing: inputs)
    try file.write(draft.encoded())
    return Emission(files: [file])
  }
}

extension HDF5Draft {
  fileprivate mutating func add(_ measurement: AlignmentStatistics.Measurement) {
    attributes += [
      ("model_sha256", .text(measurement.modelDigest)),
      ("images", .integer(Int64(measurement.imageHashes.count))),
      ("tool", .text(measurement.tool)), ("preprocessing", .text(measurement.preprocessing)),
      ("selection", .text(measurement.selection)),
    ]
    if !measurement.shards.isEmpty {
      attributes.append(("shards", .text(measurement.shards.joined(separator: " "))))
    }
    let leftOut = measurement.leftOut
    let counts = [
      ("unreadable", leftOut.unreadable), ("unmasked", leftOut.unmasked),
      ("repeated", leftOut.repeated),
    ]
    for (name, count) in counts where count > 0 {
      attributes.append((name, .integer(Int64(count))))
    }
    if let count = measurement.batchesDone {
      attributes.append(("batches_done", .integer(Int64(count))))
    }
    datasets = [("images", HDF5Tensor(measurement.imageHashes))]
  }

  fileprivate init(_ value: ValueAlignment, name: String) {
    self.init()
    attributes = [
      ("value", .text(name)), ("axis", .integer(Int64(value.axis ?? 1))),
      ("channels", .integer(Int64(value.discrepancies.count))),
    ]
    datasets = [("rad", HDF5Tensor(value.discrepancies))]
    guard let moments = value.moments else { return }
    datasets += [
      ("rad_m2", HDF5Tensor(moments.squaredDeviations)),
      ("inside_mean", HDF5Tensor(moments.insideMeans)),
      ("outside_mean", HDF5Tensor(moments.outsideMeans)),
      ("activation_mean", HDF5Tensor(moments.activationMeans)),
      ("count", HDF5Tensor(Int64(moments.count))),
    ]
  }
}
