import Formats
import IR

/// Maps the files beside a model that hold its weights.
final class ExternalDataFiles: ExternalElements {
  private let modelPath: String
  private let isAllowed: Bool
  private var files: [String: MappedWeights] = [:]
  private(set) var opened: [ExternalFile] = []

  init(modelPath: String, isAllowed: Bool) {
    self.modelPath = modelPath
    self.isAllowed = isAllowed
  }

  func elements(
    _ entries: [MetadataEntry], tensor: String, type: ElementType, shape: [Int], byteCount: Int
  ) throws(ImportError) -> Payload {
    let place = try ExternalPlace(entries)
    guard isAllowed else {
      throw ImportError(.unsupported, "the weights are in another file, which was not to be read")
    }
    let weights = try open(place.location)
    let file = weights.file
    guard place.offset <= file.count else {
      throw ImportError(
        .malformed,
        "the external data starts at byte \(place.offset), but '\(place.location)' has only "
          + "\(file.count)")
    }
    let available = file.count - place.offset
    guard (place.length ?? available) == byteCount else {
      throw ImportError(
        .malformed,
        "a tensor of this type and shape takes \(byteCount) bytes, but its external data has "
          + "\(place.length ?? available)")
    }
    guard byteCount <= available else {
      throw ImportError(
        .malformed,
        "the external data takes \(byteCount) bytes from byte \(place.offset) on, but "
          + "'\(place.location)' has only \(file.count)")
    }
    return weights.payload.slice(place.offset..<place.offset + byteCount)
  }

  private func open(_ location: String) throws(ImportError) -> MappedWeights {
    if let known = files[location] { return known }
    let slash = modelPath.lastIndex(of: "/")
    let folder = slash.map { String(modelPath[...$0]) } ?? "."
    let file: MappedFile
    do throws(FormatError) {
      file = try MappedFile(containedPath: location, inFolder: folder)
    } catch {
      // The model is at fault, or lacks a companion; it is the file to name.
      let kind = ImportError(error).kind
      throw ImportError(kind, "the external data file '\(location)': \(error.message)")
    }
    let weights = MappedWeights(file)
    files[location] = weights
    opened.append(ExternalFile(path: weights.file.path, byteCount: weights.file.count))
    return weights
  }
}

/// Where a tensor's external data lie, as its key-value pairs say.
struct ExternalPlace {
  private(set) var location = ""
  private(set) var offset = 0
  /// The number of bytes; to the end of the file if it is not given.
  private(set) var length: Int?

  init(_ entries: [MetadataEntry]) throws(ImportError) {
    var seen: Set<String> = []
    for entry in entries {
      guard seen.insert(entry.key).inserted else {
        throw ImportError(.malformed, "external_data gives '\(entry.key)' twice")
      }
      switch entry.key {
      case "location": location = entry.value
      case "offset": offset = try Self.decimal(entry)
      case "length": length = try Self.decimal(entry)
      case "checksum": break
      default:
        throw ImportError(
          .malformed,
          "external_data has the unknown key '\(entry.key)'; expected location, offset, length or "
            + "checksum")
      }
    }
    guard !location.isEmpty else {
      throw ImportError(.malformed, "external_data does not say which file it is in")
    }
  }

  private static func decimal(_ entry: MetadataEntry) throws(ImportError) -> Int {
    let isDecimal =
      !entry.value.isEmpty && entry.value.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    guard isDecimal, let value = Int(entry.value) else {
      throw ImportError(
        .malformed,
        "the \(entry.key) of external data is '\(entry.value)', expected a decimal number of bytes")
    }
    return value
  }
}
