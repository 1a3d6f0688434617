import Formats

/// Which channels of a value stay, as a file of `--keep` says.
struct KeptList {
  let value: String
  let axis: Int
  let keep: [Int]

  /// Reads one list, or several.
  ///
  /// - Throws: `FormatError` that says where the file is wrong.
  static func read(_ path: String) throws(FormatError) -> [KeptList] {
    do throws(FormatError) {
      let file = try MappedFile(path: path)
      var cursor = JSONCursor(file.content)
      var lists: [KeptList] = []
      if try cursor.peek() == .array {
        try cursor.readArray { (cursor) throws(FormatError) in lists.append(try read(&cursor)) }
      } else {
        lists = [try read(&cursor)]
      }
      try cursor.expectEnd()
      guard !lists.isEmpty else { throw FormatError(.malformed, "there is no list in it") }
      return lists
    } catch {
      var located = error
      if located.path.isEmpty { located.path = path }
      throw located
    }
  }

  private static func read(_ cursor: inout JSONCursor) throws(FormatError) -> KeptList {
    var (value, axis, keep): (String?, Int, [Int]?) = (nil, 1, nil)
    try cursor.readObject { (cursor, key) throws(FormatError) in
      switch key {
      case "value": value = try cursor.readString()
      case "axis": axis = try number(&cursor)
      case "keep":
        var channels: [Int] = []
        try cursor.readArray { (cursor) throws(FormatError) in
          channels.append(try number(&cursor))
        }
        keep = channels
      default:
        throw FormatError(
          .malformed, offset: cursor.offset,
          "unknown key '\(key)'; expected 'value', 'axis' and 'keep'")
      }
    }
    guard let value, let keep, !keep.isEmpty else {
      throw FormatError(.malformed, "expected a 'value' and a 'keep' with at least one channel")
    }
    return KeptList(value: value, axis: axis, keep: keep)
  }

  private static func number(_ cursor: inout JSONCursor) throws(FormatError) -> Int {
    let offset = cursor.offset
    let text = try cursor.readNumber()
    guard let number = Int(text), number >= 0 else {
      throw FormatError(
        .malformed, offset: offset, "expected a whole number from 0 on, found '\(text)'")
    }
    return number
  }

  /// The channels that do not stay.
  ///
  /// - Throws: `FormatError` if one is named that there is not.
  func closed(of count: Int) throws(FormatError) -> [Int] {
    if let stray = keep.first(where: { $0 >= count }) {
      throw FormatError(
        .malformed, "channel \(stray) of '\(value)' is to stay, which has only \(count)")
    }
    let kept = Set(keep)
    return (0..<count).filter { !kept.contains($0) }
  }
}
