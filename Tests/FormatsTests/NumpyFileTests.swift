import Formats
import TestSupport
import Testing

/// Files of numpy's, judged by numpy.
@Suite struct NumpyFileTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// Every type, in shapes with and without elements, row- and column-major, in either byte order,
  /// in each version: read, and written back as numpy writes it.
  @Test func everyArrayIsReadAndWrittenAsNumpyDoes() throws {
    let list = try Python.judge("numpy_files.py", ["write", folder.path])
    let lines = list.split(separator: "\n")
    #expect(lines.count == 14 * 11 * 4 * 3)
    for line in lines {
      let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      let file = try NumpyFile(path: folder.appending("\(words[0]).npy"))
      #expect(file.type.rawValue == words[1])
      #expect(file.shape == words[2].split(separator: ",").compactMap { Int($0) })
      let back = try AtomicFile(path: folder.appending("\(words[0]).back"))
      try NumpyFile.write(file.type, shape: file.shape, to: back) { (back) throws(FormatError) in
        try file.withBytes { (bytes) throws(FormatError) in try back.write(bytes) }
      }
      try back.commit()
    }
    let count = try Python.judge("numpy_files.py", ["compare", folder.path])
    #expect(count == "\(lines.count)\n")
  }

  private func file(
    _ text: String, data: Int = 0, version: [UInt8] = [1, 0], length: [UInt8]? = nil
  ) -> [UInt8] {
    let count = text.utf8.count
    let prefix = length ?? [UInt8(truncatingIfNeeded: count), UInt8(count >> 8)]
    return [0x93] + Array("NUMPY".utf8) + version + prefix + Array(text.utf8)
      + [UInt8](repeating: 1, count: data)
  }

  private func read(_ bytes: [UInt8]) throws -> NumpyFile {
    try NumpyFile(path: try folder.write(bytes, to: "file.npy"))
  }

  @Test(arguments: [
    ("{'descr':'<f4','fortran_order':False,'shape':(2,3)}", [2, 3]),
    ("{ 'shape' : ( 2 , 3 , ) , \"descr\":\"<f4\",\n 'fortran_order':\tTrue }  \n", [2, 3]),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (6L,), }", [6]),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 6, 1), }\n", [1, 6, 1]),
  ])
  func headersAreReadWhateverTheirOrderAndSpaces(_ text: String, _ shape: [Int]) throws {
    let file = try read(file(text, data: 24))
    #expect(file.type == .float32 && file.shape == shape)
  }

  private static func header(_ shape: String) -> String {
    "{'descr': '|u1', 'fortran_order': False, 'shape': \(shape), }"
  }

  private static func header(type: String) -> String {
    "{'descr': \(type), 'fortran_order': False, 'shape': (1,), }"
  }

  @Test(arguments: [
    (header("(2,)"), 1, "expected 2 bytes"), (header("(2,)"), 3, "found 3"),
    (header("(-1,)"), 1, "expected an extent"), (header("(2)"), 2, "number in brackets"),
    (header("2"), 2, "expected '('"), (header("[2]"), 2, "expected '('"),
    (header("(True,)"), 1, "expected an extent"), (header("(1.0,)"), 1, "expected ','"),
    (header("(01,)"), 1, "expected an extent"), (header("((1,),)"), 1, "expected an extent"),
    (header("(,)"), 1, "expected an extent"), (header("(1,,1)"), 1, "expected an extent"),
    (header("(1 1)"), 1, "expected ','"), (header("(2,"), 1, "expected an extent"),
    (header("(99999999999999999999,)"), 1, "expected an extent"),
    (header("(4294967296, 4294967296)"), 0, "more axes or bytes"),
    (header("(0, 4294967296, 4294967296)"), 0, "more axes or bytes"),
    (header("(\(String(repeating: "1,", count: 65)))"), 1, "at most 64"),
    (header("(\(String(repeating: "(", count: 9000))"), 1, "expected an extent"),
    (header(type: "'<f3'"), 1, "found '<f3'"), (header(type: "'f4'"), 4, "found 'f4'"),
    (header(type: "'=f4'"), 4, "found '=f4'"), (header(type: "'|f4'"), 4, "found '|f4'"),
    (header(type: "'|O'"), 8, "found '|O'"), (header(type: "'<U3'"), 12, "found '<U3'"),
    (header(type: "'|S3'"), 3, "found '|S3'"), (header(type: "'<M8[ns]'"), 8, "found '<M8"),
    (header(type: "'|V2'"), 2, "found '|V2'"), (header(type: "''"), 1, "found ''"),
    (header(type: "[('a', '<f4')]"), 4, "a structure"), (header(type: "None"), 4, "a structure"),
    (header(type: "'<f4"), 4, "found '<f4, '"), ("", 0, "expected '{'"),
    ("{}", 0, "lacks"), ("{", 0, "expected text"), ("{'descr'", 0, "expected ':'"),
    ("{'descr", 0, "ends within"), ("{'descr': '|u1', 'shape': (1,)}", 1, "lacks"),
    ("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 1, "twice"),
    ("{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}", 1, "True or False"),
    ("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}", 1, "found 'x'"),
    (header("(1,)") + "x", 1, "only spaces"), (header("(1,)") + "\0", 1, "only spaces"),
  ])
  func brokenHeadersAreRefused(_ text: String, _ data: Int, _ fragment: String) {
    let error = #expect(throws: FormatError.self) { try read(file(text, data: data)) }
    #expect(error?.offset != nil && error?.path.isEmpty == false)
    #expect(error?.message.contains(fragment) == true, "\(String(describing: error))")
  }

  @Test func headersThatClaimTooMuchAreRefused() {
    func refusal(_ bytes: [UInt8]) -> String? {
      (#expect(throws: FormatError.self) { try read(bytes) })?.message
    }
    let text = Self.header("(1,)")
    #expect(refusal([])?.contains("magic") == true)
    #expect(refusal(Array("NUMPY".utf8))?.contains("magic") == true)
    #expect(refusal(Array(file(text).prefix(7)))?.contains("magic") == true)
    #expect(refusal(Array(file(text).prefix(9)))?.contains("ends within") == true)
    #expect(refusal(file(text, length: [0xff, 0xff]))?.contains("not allowed") == true)
    #expect(refusal(file(text, length: [0xff, 0]))?.contains("has only") == true)
    let wide: [UInt8] = [0xff, 0xff, 0xff, 0xff]
    #expect(refusal(file(text, version: [2, 0], length: wide))?.contains("not allowed") == true)
    for version in [[0, 0], [1, 1], [4, 0]] as [[UInt8]] {
      #expect(refusal(file(text, data: 1, version: version))?.contains("version") == true)
    }
  }

  @Test func whatNumpyCannotHoldIsNotWritten() throws {
    let file = try AtomicFile(path: folder.appending("out.npy"))
    for shape in [[-1], Array(repeating: 1, count: 65), [0, 1 << 40, 1 << 40]] {
      #expect(throws: FormatError.self) {
        try NumpyFile.write(.uint8, shape: shape, to: file) { _ in }
      }
    }
    let error = #expect(throws: FormatError.self) {
      try NumpyFile.write(.float32, shape: [2], to: file) { (file) throws(FormatError) in
        try file.write([1, 2, 3])
      }
    }
    #expect(error?.message.contains("expected 8 bytes") == true)
    #expect(try files(under: folder.path, suffix: ".npy").isEmpty)
  }
}
