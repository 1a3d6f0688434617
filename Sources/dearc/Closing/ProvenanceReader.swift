import Formats
import IR
import Passes

/// What dearc wrote into a file about where it comes from.
struct ProvenanceReader {
  /// The SHA-256 of the files it was made from.
  private(set) var inputs: [String] = []
  /// What was kept of values of the file it was made from.
  private(set) var kept: [NarrowedAxis] = []

  /// Reads the entries of a model; what cannot be read counts as nothing.
  init(_ entries: [MetadataEntry]) {
    guard let text = entries.first(where: { $0.key == "dearc.provenance" })?.value else { return }
    var read = Self()
    do throws(FormatError) {
      var cursor = JSONCursor(Array(text.utf8))
      try cursor.readObject { (cursor, key) throws(FormatError) in
        switch key {
        case "inputs":
          try cursor.readArray { (cursor) throws(FormatError) in
            read.inputs.append(try cursor.readString())
          }
        case "kept":
          try cursor.readArray { (cursor) throws(FormatError) in
            if let axis = try Self.axis(&cursor) { read.kept.append(axis) }
          }
        default: try cursor.skipValue()
        }
      }
      self = read
    } catch {
      // Somebody else's record, or a damaged one, is none.
      return
    }
  }

  private init() {}

  /// One entry of what was kept; nil if it makes no sense.
  private static func axis(_ cursor: inout JSONCursor) throws(FormatError) -> NarrowedAxis? {
    var (value, axis, extent): (String?, Int?, Int?) = (nil, nil, nil)
    var pairs: [[Int]] = []
    try cursor.readObject { (cursor, key) throws(FormatError) in
      switch key {
      case "value": value = try cursor.readString()
      case "axis": axis = Int(try cursor.readNumber())
      case "of": extent = Int(try cursor.readNumber())
      case "channels":
        try cursor.readArray { (cursor) throws(FormatError) in pairs.append(try numbers(&cursor)) }
      default: try cursor.skipValue()
      }
    }
    guard let value, let axis, let extent, let kept = runs(pairs, of: extent) else { return nil }
    return NarrowedAxis(value: value, axis: axis, extent: extent, kept: kept)
  }

  private static func numbers(_ cursor: inout JSONCursor) throws(FormatError) -> [Int] {
    var numbers: [Int] = []
    try cursor.readArray { (cursor) throws(FormatError) in
      numbers.append(Int(try cursor.readNumber()) ?? -1)
    }
    return numbers
  }

  /// Pairs of first and last as ascending runs below `extent`, if they are that.
  private static func runs(_ pairs: [[Int]], of extent: Int) -> [Range<Int>]? {
    var (runs, end): ([Range<Int>], Int) = ([], 0)
    for pair in pairs {
      guard pair.count == 2, pair[0] >= end, pair[1] >= pair[0], pair[1] < extent else {
        return nil
      }
      end = pair[1] + 1
      runs.append(pair[0]..<end)
    }
    return runs
  }
}
