import Formats
import HDF5Access
import IR

/// Tensors by name in a file without a graph: safetensors, or HDF5 of any structure.
///
/// A dataset of HDF5 is called by its path. Elements are lent by the file where they lie there packed.
struct TensorFile {
  /// One of the tensors.
  struct Entry {
    let name: String
    /// The type of an element; nil if it is none that a graph stores.
    let elementType: ElementType?
    let shape: [Int]
    fileprivate let place: Place
  }

  fileprivate enum Place {
    case range(Range<Int>)
    case dataset(HDF5Dataset)
  }

  /// The tensors, in the order of the file.
  let entries: [Entry]
  private let content: Content

  private enum Content {
    case safetensors(MappedWeights)
    case hdf5(DatasetLender)
  }

  /// Opens the file at `path`, whose format is recognised by content.
  ///
  /// - Throws: `ImportError` if it is neither, or damaged.
  init(path: String, program: WorkerProgram) throws(ImportError) {
    let file = try importing { () throws(FormatError) in try MappedFile(path: path) }
    if unsafe SafetensorsHeader.isLikely(file.bytes) {
      let header = try importing { () throws(FormatError) in try SafetensorsHeader(reading: file) }
      content = .safetensors(MappedWeights(file))
      entries = header.entries.map { Entry($0, dataOffset: header.dataOffset) }
    } else if HDF5File.isSigned(file) {
      let opened = try importing { () throws(FormatError) in
        try HDF5File(path: path, program: program)
      }
      content = .hdf5(DatasetLender(opened))
      entries = opened.root.allDatasets.map(Entry.init)
    } else {
      throw ImportError(.malformed, "the file is neither safetensors nor HDF5", file: path)
    }
  }

  /// The tensor called `name`.
  func entry(_ name: String) -> Entry? {
    entries.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// The elements of `entry`.
  ///
  /// - Throws: `ImportError` if they are damaged, or of a type that a graph does not store.
  func constant(_ entry: Entry) throws(ImportError) -> Constant {
    switch (entry.place, content) {
    case (.range(let range), .safetensors(let mapping)):
      guard let type = entry.elementType else {
        throw ImportError(.unsupported, "'\(entry.name)' is of a type that dearc does not read")
      }
      return Constant(
        elementType: type, shape: entry.shape, storage: .dense(mapping.payload.slice(range)))
    case (.dataset(let dataset), .hdf5(let lender)): return try lender.constant(dataset)
    default: preconditionFailure("an entry of another file")
    }
  }
}

extension TensorFile.Entry {
  fileprivate init(_ entry: SafetensorsEntry, dataOffset: Int) {
    self.init(
      name: entry.name, elementType: ElementType(entry.type), shape: entry.shape,
      place: .range(dataOffset + entry.range.lowerBound..<dataOffset + entry.range.upperBound))
  }

  fileprivate init(_ dataset: HDF5Dataset) {
    self.init(
      name: dataset.path, elementType: ElementType(dataset), shape: dataset.shape,
      place: .dataset(dataset))
  }
}

extension ElementType {
  /// The type of elements that a graph would store as `type`, if they take whole bytes.
  fileprivate init?(_ type: SafetensorsType) {
    let match = Self.allCases.first {
      $0.bitWidth == type.bitWidth && SafetensorsType(onnxType: $0.rawValue) == type
    }
    guard let match else { return nil }
    self = match
  }
}
