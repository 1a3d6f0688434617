import FoundationEssentials
import IR

/// What dearc wrote into a file about where it comes from.
struct ProvenanceReader {
  /// The SHA-256 of the files it was made from.
  let inputs: [String]

  /// Reads the entries of a model; what cannot be read counts as nothing.
  init(_ entries: [MetadataEntry]) {
    let text = entries.first { $0.key == "dearc.provenance" }?.value ?? ""
    let record = try? JSONDecoder().decode(Record.self, from: Data(text.utf8))
    inputs = record?.inputs ?? []
  }

  private struct Record: Decodable {
    let inputs: [String]
  }
}
