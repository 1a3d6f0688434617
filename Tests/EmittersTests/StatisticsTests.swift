import Alignment
import Emitters
import HDF5Access
import Importers
import TestSupport
import Testing

@Suite struct StatisticsEmissionTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func read(_ path: String) throws -> AlignmentStatistics {
    try importStatistics(at: path, program: .built())
  }

  @Test func whatIsWrittenIsWhatWasRead() throws {
    let original = fixture("detector/alignment.h5")
    let statistics = try read(original)
    let copy = folder.appending("copy.h5")
    try emitStatistics(statistics, to: copy).commit()
    #expect(try read(copy) == statistics)
    // h5py finds the same names, types, extents and numbers in both.
    let code = """
      import sys, h5py, numpy as np
      def listing(path):
          found = {}
          def note(name, item):
              found[name] = (
                  {k: str(v) for k, v in item.attrs.items()},
                  (item.dtype, item.shape, item[()].tolist()) if isinstance(item, h5py.Dataset) else 0)
          with h5py.File(path) as file:
              file.visititems(note)
              found['/'] = {k: str(v) for k, v in file.attrs.items()}
          return found
      assert listing(sys.argv[1]) == listing(sys.argv[2])
      """
    let result = try runProcess(try Python.interpreter(), ["-c", code, original, copy])
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test func theSameStatisticsAreTheSameBytes() throws {
    let statistics = try read(fixture("detector/alignment.h5"))
    for name in ["one.h5", "two.h5"] {
      try emitStatistics(statistics, to: folder.appending(name)).commit()
    }
    #expect(
      try readBytes(folder.appending("one.h5")) == readBytes(folder.appending("two.h5")))
  }

  /// libhdf5 takes two files in memory for one, so drafts must not meet in it.
  @Test func manyAreWrittenAtOnce() async throws {
    let statistics = try read(fixture("detector/alignment.h5"))
    try await withThrowingTaskGroup { group in
      for number in 0..<64 {
        let path = folder.appending("\(number).h5")
        group.addTask { try emitStatistics(statistics, to: path).commit() }
      }
      try await group.waitForAll()
    }
    #expect(try Set(folder.contents().map { try readBytes(folder.appending($0)) }).count == 1)
  }

  @Test func aValueWithoutANameIsRefused() throws {
    let nameless = AlignmentStatistics(
      values: [ValueAlignment(value: nil, axis: nil, discrepancies: [1])])
    #expect(throws: EmitError.self) {
      try emitStatistics(nameless, to: folder.appending("x.h5")).commit()
    }
    #expect(try folder.contents().isEmpty)
  }
}
