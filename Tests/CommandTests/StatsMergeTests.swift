import TestSupport
import Testing

/// `dearc stats merge`.
@Suite struct StatsMergeTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func merge(_ files: [String], to output: String, _ options: String...) throws
    -> ProcessResult
  {
    try runProcess(
      try Program.path(), ["stats", "merge"] + files + ["-o", folder.appending(output)] + options)
  }

  /// A copy whose file Python changes, as `file` says.
  private func changed(_ path: String, _ statement: String) throws -> String {
    let copy = folder.appending("changed.h5")
    try writeFile(try readBytes(path), to: copy)
    let code = "import h5py, sys; file = h5py.File(sys.argv[1], 'r+'); \(statement)"
    _ = try Python.run(code: code, [copy])
    return copy
  }

  @Test(arguments: [[0, 1, 2], [2, 0, 1]])
  func shardsTogetherAreOneRun(order: [Int]) throws {
    let shards = try MeasuredStatistics.shards.get()
    let result = try merge(order.map { shards[$0] }, to: "merged.h5")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("Counted 128 pictures."))
    #expect(!result.output.contains("missing"))
    try Judge.run(
      "stats_judge.py", "merged", try MeasuredStatistics.whole.get(),
      folder.appending("merged.h5"))
  }

  @Test func mergesCanBeMerged() throws {
    let shards = try MeasuredStatistics.shards.get()
    let first = try merge([shards[2], shards[0]], to: "first.h5")
    #expect(first.output.contains("note: 1/3 is missing"))
    let second = try merge([folder.appending("first.h5"), shards[1]], to: "second.h5", "--json")
    #expect(second.output.contains(#""schema" : "dearc.stats-merge/1""#))
    #expect(second.output.contains(#""missingShardCount" : 0"#))
    try Judge.run(
      "stats_judge.py", "merged", try MeasuredStatistics.whole.get(),
      folder.appending("second.h5"))
  }

  @Test func whatWasMeasuredOtherwiseIsRefused() throws {
    let shards = try MeasuredStatistics.shards.get()
    let seeded = try MeasuredStatistics.measure("seed.h5", "--shard", "1/3", "--seed", "9")
    let prepared = try MeasuredStatistics.measure(
      "clip.h5", "--shard", "1/3", "--preprocess", "clip")
    let all = try MeasuredStatistics.all.get()
    let half = try MeasuredStatistics.measure("half.h5", "--shard", "1/2")
    let cases = [
      (seeded, "its selection of images is"), (prepared, "its preprocessing is clip, not imagenet"),
      (half, "shard 1/2 is not of the split that shard 0/3 is of"),
      (shards[0], "shard 0/3 is counted already"), (all, "it counts all batches"),
      (
        try changed(shards[1], "file.attrs['model_sha256'] = 'ab'"),
        "its model's SHA-256 is ab, not"
      ),
    ]
    for (path, message) in cases {
      let result = try merge([shards[0], path], to: "merged.h5")
      #expect(result.status == 65, "\(message)")
      #expect(result.errors.contains("\(path): it cannot be merged with \(shards[0])"))
      #expect(result.errors.contains(message), "\(result.errors)")
    }
    #expect(try folder.contents() == ["changed.h5"])
  }

  @Test(arguments: [
    ("file.attrs['batches_done'] = 3", "it is of an interrupted run"),
    ("file.attrs['shards'] = 'everything'", "names the shard 'everything'"),
    ("file.attrs['shards'] = '1/3 1/2'", "is not of the split"),
    ("file['values'].move('0000', '0002')", "it is of 'stage3.2.relu3.Relu' (192 channels), '"),
    ("del file['values/0001/rad_m2']", "holds discrepancies only"),
    ("del file.attrs['model_sha256']", "holds discrepancies only"),
    ("file['images'][0] = \(UInt64.max)", nil),
  ])
  func filesThatCannotBeMergedAreRefused(statement: String, message: String?) throws {
    let shards = try MeasuredStatistics.shards.get()
    let path = try changed(shards[1], statement)
    let result = try merge([shards[0], path], to: "merged.h5")
    #expect(result.status == (message == nil ? 0 : 65), "\(result.errors)")
    if let message { #expect(result.errors.contains(message), "\(result.errors)") }
  }

  @Test func picturesAreNeverCountedTwice() throws {
    let shards = try MeasuredStatistics.shards.get()
    let copy = try changed(shards[0], "file.attrs['shards'] = '1/3'")
    let result = try merge([shards[0], copy], to: "merged.h5")
    #expect(result.status == 65)
    #expect(result.errors.contains("of its images are counted already"))
  }

  @Test func inputsAreNeverReplaced() throws {
    let shards = try MeasuredStatistics.shards.get()
    let before = try readBytes(shards[1])
    let result = try Program.run("stats", "merge", shards[0], shards[1], "-o", shards[1])
    #expect(result.status == 73)
    #expect(try readBytes(shards[1]) == before)
    #expect(try Program.run("stats", "merge", shards[0], "-o", "x.h5").status == 64)
    #expect(try merge([shards[0], folder.appending("none.h5")], to: "x.h5").status == 66)
  }
}
