import Images
import TestSupport
import Testing

/// Files that are no pictures, or damaged ones.
@Suite struct HostilePictureTests {
  private static func outcome(_ path: String) -> Result<Picture, ImageError> {
    do throws(ImageError) { return .success(try Picture(contentsOf: path)) } catch {
      return .failure(error)
    }
  }

  @Test(arguments: ["forged", "damaged"])
  func whatPillowRefusesIsRefused(kind: String) throws {
    let cases = try JudgedCases(kind)
    var (decoded, refused) = (0, 0)
    for row in cases.rows {
      let (name, verdict) = (row[0], row[1])
      switch Self.outcome(cases.path(name)) {
      case .success(let picture):
        decoded += 1
        #expect(!name.hasPrefix("every"), "\(name): a file that is cut short")
        if verdict == "decoded" {
          #expect(try picture.pixels == cases.bytes(name, "rgb"), "\(name)")
        } else {
          // What is dropped, such as transparency, is not even looked at.
          #expect(name.hasSuffix(".webp"), "\(name): Pillow refuses it")
        }
      case .failure(let error):
        refused += 1
        #expect(error.path == cases.path(name) && !error.message.isEmpty && !error.advice.isEmpty)
        if verdict == "decoded" {
          #expect(Self.isRefusedOnPurpose(name, error), "\(name): \(error)")
        }
      }
    }
    #expect(kind == "forged" || decoded > 300 && refused > 5_000, "\(decoded), \(refused)")
  }

  /// What Pillow reads and dearc does not: other kinds of pictures, files without an end mark, and PNG files
  /// with wrong checksums.
  private static func isRefusedOnPurpose(_ name: String, _ error: ImageError) -> Bool {
    let kinds = ["gray16.png", "cmyk.jpg", "animated.webp", "endless.jpg", "gif.gif"]
    if kinds.contains(name) { return error.kind == .unsupported }
    return error.kind == .malformed
      && (name.hasSuffix(".png") || error.message.contains("the file ends"))
  }

  @Test func refusalsSayWhy() throws {
    let cases = try JudgedCases("forged")
    for (name, kind, message) in Self.reasons {
      guard case .failure(let error) = Self.outcome(cases.path(name)) else {
        Issue.record("\(name) is decoded")
        continue
      }
      #expect(error.kind == kind, "\(error)")
      #expect(error.description.contains(message), "\(error)")
      #expect(error.description.hasPrefix(cases.path(name)))
    }
  }

  private static let reasons: [(String, ImageError.Kind, String)] = [
    ("empty", .malformed, "found an empty file"),
    ("text.png", .unsupported, "found a file that begins with 54 68 69 73 20 69 73 20"),
    ("gray16.png", .unsupported, "found 16"),
    ("cmyk.jpg", .unsupported, "found CMYK"),
    ("12-16x16.jpg", .unsupported, "precision 12"),
    ("animated.webp", .unsupported, "found an animation"),
    ("endless.jpg", .unsupported, "more scans"),
    ("0x8.png", .malformed, "IHDR"),
    ("20000x20000.png", .malformed, "too short for as many pixels"),
    ("8-65500x65500.jpg", .unsupported, "the picture has 65500×65500 pixels, at most 134217728"),
  ]

  @Test func filesThatAreNotThereOrNoFilesAreRefused() throws {
    let folder = try TemporaryDirectory()
    let cases = [
      (folder.appending("absent.png"), ImageError.Kind.notFound, "No such file"),
      (folder.path, .unreadable, "found a folder"),
      ("/dev/null", .unreadable, "found something else"),
    ]
    for (path, kind, message) in cases {
      let error = #expect(throws: ImageError.self) { try Picture(contentsOf: path) }
      #expect(error?.kind == kind)
      #expect(error?.message.contains(message) == true)
    }
  }
}
