/// The type of an element, as far as dearc reads them.
public enum HDF5ElementType: UInt8, Hashable, Sendable {
  case float16, float32, float64
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  /// h5py's booleans, one byte each.
  case bool
  /// Text of any length or encoding that HDF5 knows.
  case string
  /// Something else, such as a compound or a reference; its elements cannot be read.
  case other

  /// The bytes of one element; nil for text and for what cannot be read.
  public var byteCount: Int? {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    case .string, .other: nil
    }
  }
}

/// Elements that were read.
public enum HDF5Elements: Hashable, Sendable {
  /// Packed, little-endian, row-major.
  case packed([UInt8])
  /// The same, as they lie in the file, uncompressed.
  case stored(Range<Int>)
  case strings([String])
}

/// A small value attached to a group or dataset.
public struct HDF5Attribute: Hashable, Sendable {
  /// The name.
  public let name: String
  /// The type of an element.
  public let elementType: HDF5ElementType
  /// The extents; empty for a single value.
  public let shape: [Int]
  /// The elements, packed or as text; nil for types that dearc does not read.
  public let elements: HDF5Elements?

  /// The only element, if it is text.
  public var string: String? {
    guard case .strings(let strings)? = elements, strings.count == 1 else { return nil }
    return strings.first
  }

  /// The elements, if they are text; an empty list of any type counts as one of text.
  public var strings: [String]? {
    if case .strings(let strings)? = elements { return strings }
    if case .packed(let bytes)? = elements, bytes.isEmpty { return [] }
    return nil
  }

  /// The only element, if it is a whole number.
  public var integer: Int64? {
    guard case .packed(let bytes)? = elements, shape.reduce(1, *) == 1 else { return nil }
    let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch elementType {
    case .int8: return Int64(Int8(truncatingIfNeeded: bits))
    case .int16: return Int64(Int16(truncatingIfNeeded: bits))
    case .int32: return Int64(Int32(truncatingIfNeeded: bits))
    case .int64: return Int64(bitPattern: bits)
    case .uint8, .uint16, .uint32, .bool: return Int64(bits)
    case .uint64: return Int64(exactly: bits)
    default: return nil
    }
  }
}

/// A table of elements in a file, whose content is read on demand.
public struct HDF5Dataset: Hashable, Sendable {
  /// Where it is, from the root, with `/` between the parts.
  public let path: String
  /// The last part of the path.
  public let name: String
  /// The type of an element.
  public let elementType: HDF5ElementType
  /// The extents, outermost first.
  public let shape: [Int]
  /// What is attached to it, by name.
  public let attributes: [HDF5Attribute]
  /// Its number among the file's datasets.
  let index: Int
  /// Where its elements lie, if they lie in the file just as they are read.
  let stored: Range<Int>?

  /// Whether the elements are the upper halves of single-precision floats, as Keras marks them.
  public var isBrainFloat: Bool {
    elementType == .uint16 && attributes.contains { $0.name == "dtype" && $0.string == "bfloat16" }
  }
}

/// A folder of groups and datasets.
public struct HDF5Group: Hashable, Sendable {
  /// Where it is, from the root; empty for the root itself.
  public let path: String
  /// The last part of the path.
  public let name: String
  /// What is attached to it, by name.
  public let attributes: [HDF5Attribute]
  /// The groups inside, by name.
  public let groups: [HDF5Group]
  /// The datasets inside, by name.
  public let datasets: [HDF5Dataset]

  /// The attribute called `name`.
  public func attribute(_ name: String) -> HDF5Attribute? {
    attributes.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// The group at `path` below this one.
  public func group(_ path: String) -> HDF5Group? { group(path.utf8[...]) }

  /// The dataset at `path` below this group.
  public func dataset(_ path: String) -> HDF5Dataset? {
    let bytes = path.utf8
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else {
      return datasets.entry(bytes[...], \.name)
    }
    return group(bytes[..<slash])?.datasets.entry(bytes[bytes.index(after: slash)...], \.name)
  }

  private func group(_ path: Substring.UTF8View) -> HDF5Group? {
    path.split(separator: UInt8(ascii: "/")).reduce(self) { group, name in
      group?.groups.entry(name, \.name)
    }
  }

  /// Every dataset in this group and those inside it, in the order of their names.
  public var allDatasets: [HDF5Dataset] { datasets + groups.flatMap(\.allDatasets) }
}

extension Array {
  /// The entry called `name`, in a list that libhdf5 gave in the order of its names' bytes.
  fileprivate func entry(_ name: Substring.UTF8View, _ key: (Element) -> String) -> Element? {
    var candidates = self[...]
    while !candidates.isEmpty {
      let middle = candidates.startIndex + candidates.count / 2
      if key(self[middle]).utf8.lexicographicallyPrecedes(name) {
        candidates = self[(middle + 1)..<candidates.endIndex]
      } else {
        candidates = self[candidates.startIndex..<middle]
      }
    }
    let place = candidates.startIndex
    guard place < count, key(self[place]).utf8.elementsEqual(name) else { return nil }
    return self[place]
  }
}
