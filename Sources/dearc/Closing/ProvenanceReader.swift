import FoundationEssentials
import IR
import Passes

/// What dearc wrote into a file about where it comes from.
struct ProvenanceReader {
  /// The SHA-256 of the files it was made from.
  let inputs: [String]
  /// What was kept of values of the file it was made from.
  let kept: [NarrowedAxis]

  /// Reads the entries of a model; what cannot be read counts as nothing.
  init(_ entries: [MetadataEntry]) {
    let text = entries.first { $0.key == "dearc.provenance" }?.value ?? ""
    let record = try? JSONDecoder().decode(Record.self, from: Data(text.utf8))
    inputs = record?.inputs ?? []
    kept = record?.kept?.compactMap(NarrowedAxis.init) ?? []
  }

  fileprivate struct Record: Decodable {
    let inputs: [String]
    let kept: [Kept]?

    struct Kept: Decodable {
      let value: String
      let axis: Int
      let of: Int
      /// Pairs of first and last.
      let channels: [[Int]]
    }
  }
}

extension NarrowedAxis {
  /// Takes over an entry of a file, unless it makes no sense.
  fileprivate init?(_ record: ProvenanceReader.Record.Kept) {
    var (runs, end): ([Range<Int>], Int) = ([], 0)
    for pair in record.channels {
      guard pair.count == 2, pair[0] >= end, pair[1] >= pair[0], pair[1] < record.of else {
        return nil
      }
      end = pair[1] + 1
      runs.append(pair[0]..<end)
    }
    self.init(value: record.value, axis: record.axis, extent: record.of, kept: runs)
  }
}
