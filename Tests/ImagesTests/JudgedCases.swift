import TestSupport

/// Pictures that the judge has written, with one row of text for each.
struct JudgedCases {
  private let folder: TemporaryDirectory
  /// What the judge prints of each case, the name first.
  let rows: [[String]]

  /// Lets the judge write the cases of `kind`.
  init(_ kind: String) throws {
    folder = try TemporaryDirectory()
    let output = try Python.judge("image_judge.py", [kind, folder.path])
    rows = output.split(separator: "\n").map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// The path of the picture called `name`.
  func path(_ name: String) -> String { folder.appending(name) }

  /// The bytes that stand beside the picture called `name`.
  func bytes(_ name: String, _ kind: String) throws -> [UInt8] {
    try readBytes(folder.appending("\(name).\(kind)"))
  }
}
