import Dissection
import Testing

/// Which files make a pair.
@Suite struct PairingTests {
  @Test func filesPairAsTheReferenceNamesThem() throws {
    let files = ["d/b_mask.png", "d/b_inpaint.jpg", "d/a_inpaint.png", "d/a_mask.png", "d/a.png"]
    let pairs = try DiagnosticPairs(pictures: files, masks: files)
    #expect(pairs.pairs.map(\.stem) == ["a", "b"])
    #expect(pairs.pairs.map(\.picture) == ["d/a_inpaint.png", "d/b_inpaint.jpg"])
    #expect(pairs.pairs.map(\.mask) == ["d/a_mask.png", "d/b_mask.png"])
    #expect(pairs.unmasked.isEmpty)
  }

  @Test func filesPairByEqualStems() throws {
    let pairs = try DiagnosticPairs(
      pictures: ["p/x.jpg", "p/y.png", "p/z.tar.png"], masks: ["m/y.png", "m/x.png", "m/w.png"])
    #expect(pairs.pairs.map(\.stem) == ["x", "y"])
    #expect(pairs.unmasked == ["p/z.tar.png"])
  }

  @Test func aPictureIsNotItsOwnMask() throws {
    let pairs = try DiagnosticPairs(pictures: ["p/x.png"], masks: ["p/x.png"])
    #expect(pairs.pairs.isEmpty)
    #expect(pairs.unmasked == ["p/x.png"])
  }

  @Test func twoFilesForOneStemAreRefused() {
    let error = #expect(throws: DiagnosticPairs.Ambiguity.self) {
      try DiagnosticPairs(pictures: ["p/x.png", "p/x.jpg"], masks: ["m/x.png"])
    }
    #expect(error?.files == ["p/x.jpg", "p/x.png"])
  }

  @Test func stemsAreOrderedByBytes() throws {
    let names = ["é", "Z", "a", "10", "9"]
    let pairs = try DiagnosticPairs(
      pictures: names.map { "p/\($0).png" }, masks: names.map { "m/\($0)_mask.png" })
    #expect(pairs.pairs.map(\.stem) == ["10", "9", "Z", "a", "é"])
  }

  @Test(arguments: ["", "1", "1/1", "-1/2", "2/2", "0/0", "a/b", "0/1/2", "0/ 2"])
  func nothingElseIsAShard(text: String) {
    #expect(Shard(text) == nil)
  }

  @Test func batchesHoldPicturesOfOneSizeAndAreSharedOutWhole() throws {
    let extents = [(96, 96), (64, 96), (96, 96), (96, 96), (64, 96)]
    let pairs = extents.enumerated().map { index, extents in
      SizedPair(
        DiagnosticPair(stem: "\(index)", picture: "\(index).png", mask: "\(index)_mask.png"),
        PictureExtents(height: extents.0, width: extents.1))
    }
    let unreadable = SizedPair(DiagnosticPair(stem: "x", picture: "x.png", mask: "m"), nil)
    let batches = (pairs + [unreadable]).batches(limit: 2).map { $0.map(\.stem) }
    #expect(batches == [["1", "4"], ["0", "2"], ["3"], ["x"]])
  }

  /// What is asked for may be more than there is memory for.
  @Test func batchesAreBoundedByTheirPixels() {
    func batches(_ height: Int, _ width: Int) -> [Int] {
      let pairs = (0..<40).map { index in
        SizedPair(
          DiagnosticPair(stem: "\(index)", picture: "p", mask: "m"),
          PictureExtents(height: height, width: width))
      }
      return pairs.batches(limit: 1 << 16).map(\.count)
    }
    #expect(batches(640, 512) == [40])
    #expect(batches(1024, 1024) == [16, 16, 8])
    #expect(batches(1 << 27, 1) == Array(repeating: 1, count: 40))
  }
}
