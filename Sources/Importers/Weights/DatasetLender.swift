import Formats
import HDF5Access
import IR

/// Makes constants of datasets, which lend their elements where the file has them packed.
struct DatasetLender {
  let file: HDF5File
  private let mapping: MappedWeights

  init(_ file: HDF5File) {
    self.file = file
    mapping = MappedWeights(file.file)
  }

  /// The elements of `dataset`, as they are stored.
  ///
  /// - Throws: `ImportError` if they are damaged, or of a type that a graph does not store.
  func constant(_ dataset: HDF5Dataset) throws(ImportError) -> Constant {
    guard let type = ElementType(dataset) else { throw refusal(of: dataset) }
    let elements = try importing { () throws(FormatError) in try file.elements(of: dataset) }
    let payload: Payload =
      switch elements {
      case .stored(let range): mapping.payload.slice(range)
      case .packed(let bytes):
        unsafe OwnedBytes(count: bytes.count) { unsafe $0.copyBytes(from: bytes) }.payload
      case .strings: throw refusal(of: dataset)
      }
    return Constant(elementType: type, shape: dataset.shape, storage: .dense(payload))
  }

  private func refusal(of dataset: HDF5Dataset) -> ImportError {
    ImportError(
      .unsupported, "'\(dataset.path)' holds \(dataset.elementType), expected numbers")
  }
}

extension ElementType {
  /// The type of elements that a graph would store as those of `dataset`.
  init?(_ dataset: HDF5Dataset) {
    switch dataset.elementType {
    case .float16: self = .float16
    case .float32: self = .float32
    case .float64: self = .float64
    case .int8: self = .int8
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .uint8: self = .uint8
    case .uint16: self = dataset.isBrainFloat ? .bfloat16 : .uint16
    case .uint32: self = .uint32
    case .uint64: self = .uint64
    case .bool: self = .bool
    case .string, .other: return nil
    }
  }
}
