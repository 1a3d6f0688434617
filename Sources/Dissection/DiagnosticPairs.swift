/// A picture, part of which was inpainted, and the mask that says which part.
public struct DiagnosticPair: Hashable, Sendable {
  /// What both files are called after.
  public let stem: String
  /// The file of the picture.
  public let picture: String
  /// The file of the mask: white where the picture was inpainted.
  public let mask: String

  /// States a pair.
  public init(stem: String, picture: String, mask: String) {
    self.stem = stem
    self.picture = picture
    self.mask = mask
  }
}

/// The pairs that the files of two folders make.
///
/// Files go together as `STEM_inpaint.*` and `STEM_mask.*`, or by equal stems, of which the mask may end in
/// `_mask`. If one picture ends in `_inpaint`, only those that do count: what lies beside them are their
/// originals.
public struct DiagnosticPairs: Hashable, Sendable {
  /// The pairs, in the order of the bytes of their stems.
  public let pairs: [DiagnosticPair]
  /// Pictures without a mask.
  public let unmasked: [String]

  /// Why files cannot be paired.
  public struct Ambiguity: Error, Hashable, Sendable {
    /// The stem that several files have.
    public let stem: String
    /// The files that have it.
    public let files: [String]
  }

  private static let pictureMark = "_inpaint"
  private static let maskMark = "_mask"

  /// Pairs the files at `pictures` with those at `masks`; both may be of the same folder.
  ///
  /// - Throws: `Ambiguity` if two files could be the same member of a pair.
  public init(pictures: [String], masks: [String]) throws(Ambiguity) {
    let candidates = pictures.filter { !Self.name($0).hasSuffix(Self.maskMark) }
    let marked = candidates.filter { Self.name($0).hasSuffix(Self.pictureMark) }
    let chosen = try Self.byStem(marked.isEmpty ? candidates : marked, Self.pictureMark)
    let markedMasks = masks.filter { Self.name($0).hasSuffix(Self.maskMark) }
    let others = try Self.byStem(markedMasks.isEmpty ? masks : markedMasks, Self.maskMark)
    var pairs: [DiagnosticPair] = []
    var unmasked: [String] = []
    let stems = chosen.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for stem in stems {
      guard let picture = chosen[stem] else { continue }
      if let mask = others[stem], mask != picture {
        pairs.append(DiagnosticPair(stem: stem, picture: picture, mask: mask))
      } else {
        unmasked.append(picture)
      }
    }
    self.pairs = pairs
    self.unmasked = unmasked
  }

  private static func byStem(
    _ files: [String], _ mark: String
  ) throws(Ambiguity) -> [String: String] {
    var found: [String: String] = [:]
    for file in files.sorted() {
      let name = name(file)
      let stem = name.hasSuffix(mark) ? String(name.dropLast(mark.count)) : name
      if let other = found[stem] { throw Ambiguity(stem: stem, files: [other, file]) }
      found[stem] = file
    }
    return found
  }

  /// The last part of a path without what follows the last dot.
  private static func name(_ path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.lastIndex(of: ".").map { file[..<$0] } ?? file)
  }
}
