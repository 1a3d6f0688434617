import Alignment
import HDF5Access
import Importers
import TestSupport
import Testing

/// Alignment statistics in every form, and what is refused.
@Suite struct StatisticsTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func read(_ path: String) throws -> AlignmentStatistics {
    try importStatistics(at: path, program: .built())
  }

  /// Writes an HDF5 file by running `code` with the open file as `f`.
  private func make(_ code: String) throws -> String {
    let path = folder.appending("stats.h5")
    let program = "import sys, h5py, numpy as np\nwith h5py.File(sys.argv[1], 'w') as f:\n"
    let lines = code.split(separator: "\n").map { "  \($0)\n" }.joined()
    let result = try runProcess(try Python.interpreter(), ["-c", program + lines, path])
    try #require(result.status == 0, "\(result.errors)")
    return path
  }

  @Test func theDetectorsOwnAreRead() throws {
    let statistics = try read(fixture("detector/alignment.h5"))
    #expect(statistics.measurement?.modelDigest.count == 64)
    #expect(statistics.measurement?.imageHashes.count == 128)
    let value = try #require(statistics.values.first)
    #expect(statistics.values.count == 1)
    #expect(value.value == "stage3.2.relu3.Relu" && value.axis == 1)
    #expect(value.discrepancies.count == 192 && value.moments?.count == 128)
    #expect(value.discrepancies.contains { $0 < 0 } && value.discrepancies.contains { $0 > 0 })
  }

  @Test func aBareListIsRead() throws {
    let statistics = try read(try make("f['any/where'] = np.array([0.5, -1, 2], 'f4')"))
    #expect(
      statistics.values == [ValueAlignment(value: nil, axis: nil, discrepancies: [0.5, -1, 2])])
    #expect(statistics.measurement == nil)
  }

  @Test func anHDF5FileMayHaveAUserBlock() throws {
    let path = folder.appending("stats.h5")
    let program = """
      import sys, h5py
      with h5py.File(sys.argv[1], 'w', userblock_size=2048) as f: f['a'] = [0.5, 0.25]
      with open(sys.argv[1], 'r+b') as f: f.write(b'{"made": "by hand"}')
      """
    let result = try runProcess(try Python.interpreter(), ["-c", program, path])
    try #require(result.status == 0, "\(result.errors)")
    #expect(try read(path).values.first?.discrepancies == [0.5, 0.25])
  }

  @Test func jsonIsRead() throws {
    let path = folder.appending("stats.json")
    try writeFile(" {\"value\": \"a/b\", \"rad\": [1, -2.5e-1]}\n", to: path)
    #expect(
      try read(path).values == [
        ValueAlignment(value: "a/b", axis: nil, discrepancies: [1, -0.25])
      ])
    try writeFile("{\"rad\": [1]}", to: path)
    #expect(try read(path).values.first?.value == nil)
  }

  @Test(arguments: [
    ("", "an empty file"), (" \n", "found neither"), ("not json", "found neither"),
    ("[1, 2]", "found neither"), ("\u{feff}{\"rad\": [1]}", "byte order mark"), ("{", "expected"),
    ("{\"rad\": []}", "no channel"),
    ("{\"rad\": [1, \"x\"]}", "expected"), ("{\"rad\": [1e999]}", "channel 0 is inf"),
    ("{\"rad\": [NaN]}", "expected"), ("{\"value\": \"a\"}", "no 'rad'"),
    ("{\"rad\": [1], \"rad\": [2]}", "twice"), ("{\"rad\": [1], \"x\": 1}", "unknown key 'x'"),
    ("{\"rad\": [1]} x", "expected"),
  ])
  func brokenTextIsRefused(text: String, reason: String) throws {
    let path = folder.appending("stats.json")
    try writeFile(text, to: path)
    let error = #expect(throws: ImportError.self) { try read(path) }
    #expect(error?.file == path)
    #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
  }

  @Test(arguments: [
    ("f['a'] = np.ones(3); f['b'] = np.ones(4)", "holds 2: 'a', 'b'"),
    ("f['a'] = np.ones((3, 2))", "holds none"), ("f['a'] = np.ones(3, 'i4')", "holds none"),
    ("pass", "holds none"), ("f['a'] = np.array([1, np.nan])", "channel 1 is nan"),
    ("f['a'] = np.array([-np.inf])", "channel 0 is -inf"), ("f['a'] = np.ones(0)", "no channel"),
    ("f.attrs['schema'] = 'dearc.alignment/2'", "reads 'dearc.alignment/1'"),
    ("f.attrs['schema'] = 1", "not text"),
    ("f.attrs['schema'] = 'dearc.alignment/1'", "'values' has no entry"),
    (
      "f.attrs['schema'] = 'dearc.alignment/1'\nf['values/0000/rad'] = np.ones(3)",
      "attribute 'value'"
    ),
    (
      "f.attrs['schema'] = 'dearc.alignment/1'\nf.create_group('values/0').attrs['value'] = 'x'",
      "dataset 'rad' is missing"
    ),
    (
      "f.attrs['schema'] = 'dearc.alignment/1'\ng = f.create_group('values/0')\n"
        + "g.attrs['value'] = 'x'\ng['rad'] = np.ones(3)\ng.attrs['channels'] = 4",
      "'channels' is 4, but 'rad' has 3"
    ),
    (
      "f.attrs['schema'] = 'dearc.alignment/1'\ng = f.create_group('values/0')\n"
        + "g.attrs['value'] = 'x'\ng['rad'] = np.ones(3)\ng.attrs['axis'] = -1", "'axis' is -1"
    ),
    (
      "f.attrs['schema'] = 'dearc.alignment/1'\ng = f.create_group('values/0')\n"
        + "g.attrs['value'] = 'x'\ng['rad'] = np.ones(3)\ng.attrs['axis'] = 2.0",
      "'axis' is no whole number"
    ),
    (
      "f.attrs['schema'] = 'dearc.alignment/1'\ng = f.create_group('values/0')\n"
        + "g.attrs['value'] = 'x'\ng['rad'] = np.ones(3)\nf.attrs['model_sha256'] = 7",
      "'model_sha256' is not text"
    ),
    (
      "f.attrs['schema'] = 'dearc.alignment/1'\ng = f.create_group('values/0')\n"
        + "g.attrs['value'] = 'x'\ng['rad'] = np.ones(3)\n"
        + "h = f.create_group('values/1')\nh.attrs['value'] = 'x'\nh['rad'] = np.ones(3)",
      "two entries for 'x'"
    ),
    (
      "f.attrs['schema'] = 'dearc.alignment/1'\ng = f.create_group('values/0')\n"
        + "g.attrs['value'] = 'x'\ng['rad'] = np.ones(3, 'i4')", "expected floats"
    ),
    ("f.create_dataset('a', (1 << 27,), 'f4', chunks=(1 << 20,))", "no value has as many"),
    ("f['a'] = h5py.SoftLink('/b'); f['b'] = np.ones(3)", "soft link"),
  ])
  func brokenFilesAreRefused(code: String, reason: String) throws {
    let path = try make(code.replacing("; ", with: "\n"))
    let error = #expect(throws: ImportError.self) { try read(path) }
    #expect(error?.file == path)
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  @Test func aMissingFileIsNotFound() {
    let error = #expect(throws: ImportError.self) { try read(folder.appending("none.h5")) }
    #expect(error?.kind == .notFound)
  }
}
