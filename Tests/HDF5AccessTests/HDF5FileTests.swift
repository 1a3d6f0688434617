import Formats
import HDF5Access
import TestSupport
import Testing

extension HDF5File {
  /// Opens a file that h5py wrote, with the built program as worker.
  static func made(_ kind: String, in folder: TemporaryDirectory) throws -> HDF5File {
    let path = folder.appending("\(kind).h5")
    try Python.judge("make_hdf5.py", [kind, path])
    return try HDF5File(path: path, program: .built())
  }
}

@Suite struct HDF5FileTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  @Test func numbersOfEveryTypeAndOrderAreRead() throws {
    let file = try HDF5File.made("everything", in: folder)
    for group in ["plain", "big"] {
      for (name, type) in [("f2", HDF5ElementType.float16), ("f4", .float32), ("f8", .float64)] {
        let dataset = try #require(file.root.dataset("\(group)/\(name)"))
        #expect(dataset.elementType == type && dataset.shape == [2, 3])
        #expect(try file.doubles(of: dataset) == [-3, -2, -1, 0, 1, 2])
      }
      let wide = try #require(file.root.dataset("\(group)/i2"))
      let expected: [UInt8] = [0xfd, 0xff, 0xfe, 0xff, 0xff, 0xff, 0, 0, 1, 0, 2, 0]
      #expect(try bytes(of: wide, in: file) == expected)
    }
    let types = try #require(file.root.group("plain")).datasets.map {
      "\($0.name) \($0.elementType)"
    }
    #expect(
      types == [
        "f2 float16", "f4 float32", "f8 float64", "i1 int8", "i2 int16", "i4 int32", "i8 int64",
        "u1 uint8", "u2 uint16", "u4 uint32", "u8 uint64",
      ])
  }

  @Test func plainElementsAreLentAndOthersSent() throws {
    let file = try HDF5File.made("everything", in: folder)
    let plain = try #require(file.root.dataset("plain/f4"))
    let packed = try #require(file.root.dataset("packed"))
    let isLent = if case .stored = try file.elements(of: plain) { true } else { false }
    let isSent = if case .packed = try file.elements(of: packed) { true } else { false }
    #expect(isLent && isSent)
    #expect(try file.doubles(of: packed) == (0..<60000).map(Double.init))
  }

  @Test func textOfEveryFormIsRead() throws {
    let file = try HDF5File.made("everything", in: folder)
    let names = try #require(file.root.dataset("names"))
    #expect(try file.elements(of: names) == .strings(["one", "zwei", "três", ""]))
    let fixed = try #require(file.root.dataset("fixed"))
    #expect(try file.elements(of: fixed) == .strings(["one", "three"]))
    let group = try #require(file.root.group("plain"))
    #expect(group.attribute("text")?.string == "grün")
    #expect(group.attribute("bytes")?.string == "abc")
    #expect(group.attribute("list")?.strings == ["a", "bc"])
    #expect(group.attribute("fixed")?.strings == ["a", "bcd"])
    #expect(group.attribute("none")?.strings == [])
    #expect(group.attribute("null")?.shape == [0])
    #expect(group.attribute("number")?.integer == -7)
    #expect(group.attribute("real")?.integer == nil)
  }

  @Test func oddShapesAndTypesAreRead() throws {
    let file = try HDF5File.made("everything", in: folder)
    let scalar = try #require(file.root.dataset("scalar"))
    #expect(scalar.shape.isEmpty)
    #expect(try file.doubles(of: scalar) == [2.5])
    let empty = try #require(file.root.dataset("empty"))
    #expect(empty.shape == [0, 4])
    #expect(try file.doubles(of: empty) == [])
    #expect(try bytes(of: try #require(file.root.dataset("bool")), in: file) == [1, 0, 1])
    #expect(file.root.dataset("deep/er/est")?.path == "deep/er/est")
    let compound = try #require(file.root.dataset("compound"))
    #expect(compound.elementType == .other)
    #expect(throws: FormatError.self) { try file.elements(of: compound) }
  }

  @Test(arguments: [
    ("soft_link", "'a/link': this is a soft link"),
    ("external_link", "'b/link': this is a link into another file"),
    ("external_storage", "'c/data': its elements lie in another file"),
    ("virtual", "'d/data': this is a virtual dataset"),
    ("unknown_filter", "'e': it is stored with filter 32001"),
    ("declared_size", "'f/data': it declares 4503599627370496 bytes and stores 0"),
    ("two_names", "'g/again': the object has two names"),
    ("deep", "groups nest more than 64 deep"), ("wrong_text", "not valid UTF-8"),
  ])
  func whatLeadsElsewhereIsRefused(kind: String, reason: String) throws {
    let error = #expect(throws: FormatError.self) { try HDF5File.made(kind, in: folder) }
    #expect(error?.kind == .malformed)
    #expect(error?.path.hasSuffix("\(kind).h5") == true)
    #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
  }

  @Test func brokenFilesAreRefused() throws {
    let path = folder.appending("everything.h5")
    try Python.judge("make_hdf5.py", ["everything", path])
    let whole = try readBytes(path)
    for count in [0, 7, 8, 100, 1000, whole.count / 2, whole.count - 1] {
      let cut = try folder.write(Array(whole.prefix(count)), to: "cut.h5")
      let error = #expect(throws: FormatError.self) {
        try HDF5File(path: cut, program: .built())
      }
      #expect(error?.kind == .malformed)
    }
  }

  /// Whatever the library makes of such files, this process survives and answers.
  @Test func flippedBitsAreSurvived() throws {
    let path = folder.appending("everything.h5")
    try Python.judge("make_hdf5.py", ["everything", path])
    let whole = try readBytes(path)
    var random = SplitMix64(seed: 5)
    for _ in 0..<150 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        bytes[Int.random(in: 0..<6000, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let flipped = try folder.write(bytes, to: "flipped.h5")
      do {
        let file = try HDF5File(path: flipped, program: .built())
        for dataset in file.root.allDatasets { _ = try? file.elements(of: dataset) }
      } catch {
        #expect(error.kind == .malformed)
      }
    }
  }

  @Test func aMissingFileAndAMissingWorkerAreSaidSo() throws {
    let missing = #expect(throws: FormatError.self) {
      try HDF5File(path: folder.appending("none.h5"), program: .built())
    }
    #expect(missing?.kind == .notFound)
    let path = try folder.write([1, 2, 3], to: "some.h5")
    let nobody = WorkerProgram(path: folder.appending("nobody"), arguments: [])
    let error = #expect(throws: FormatError.self) { try HDF5File(path: path, program: nobody) }
    #expect(error?.message.contains("cannot start") == true)
    let wrong = WorkerProgram(path: "/bin/true", arguments: [])
    #expect(throws: FormatError.self) { try HDF5File(path: path, program: wrong) }
  }

  private func bytes(of dataset: HDF5Dataset, in file: HDF5File) throws -> [UInt8] {
    switch try file.elements(of: dataset) {
    case .packed(let bytes): bytes
    case .stored(let range): Array(try readBytes(file.file.path)[range])
    case .strings: []
    }
  }
}
