import Formats

// How the tree of a file goes from the worker to its parent.

extension WireWriter {
  mutating func write(_ attribute: HDF5Attribute) {
    write(attribute.name)
    write(attribute.elementType.rawValue)
    write(list: attribute.shape)
    switch attribute.elements {
    case .packed(let bytes):
      write(1 as UInt8)
      write(bytes)
    case .strings(let strings):
      write(2 as UInt8)
      write(list: strings)
    case .stored, nil: write(0 as UInt8)
    }
  }

  mutating func write(_ dataset: HDF5Dataset) {
    write(dataset.name)
    write(dataset.elementType.rawValue)
    write(list: dataset.shape)
    write(dataset.index)
    write(dataset.stored?.lowerBound ?? -1)
    write(dataset.stored?.count ?? -1)
    write(dataset.attributes.count)
    for attribute in dataset.attributes { write(attribute) }
  }

  mutating func write(_ group: HDF5Group) {
    write(group.name)
    write(group.attributes.count)
    for attribute in group.attributes { write(attribute) }
    write(group.datasets.count)
    for dataset in group.datasets { write(dataset) }
    write(group.groups.count)
    for inner in group.groups { write(inner) }
  }
}

extension WireReader {
  mutating func readAttribute() throws(FormatError) -> HDF5Attribute {
    let name = try readText()
    let type = try readElementType()
    let shape = try readShape()
    let elements: HDF5Elements? =
      switch try readByte() {
      case 1: .packed(try readBytes())
      case 2: .strings(try readTexts())
      default: nil
      }
    if case .packed(let bytes)? = elements {
      guard bytes.count == type.byteCount(of: shape) else { throw Self.nonsense }
    }
    return HDF5Attribute(name: name, elementType: type, shape: shape, elements: elements)
  }

  /// Reads a dataset of a group at `parent`; what it says to lie in the file must do so.
  mutating func readDataset(
    in parent: String, fileByteCount: Int
  ) throws(FormatError) -> HDF5Dataset {
    let name = try readText()
    let type = try readElementType()
    let shape = try readShape()
    let index = try readNumber()
    let (start, count) = (try readNumber(), try readNumber())
    var stored: Range<Int>?
    if start >= 0 {
      guard count >= 0, start <= fileByteCount, count <= fileByteCount - start,
        count == type.byteCount(of: shape)
      else { throw Self.nonsense }
      stored = start..<start + count
    }
    return HDF5Dataset(
      path: parent.appendingPart(name), name: name, elementType: type, shape: shape,
      attributes: try readAttributes(), index: index, stored: stored)
  }

  /// Reads a group, which stands in a group at `parent` unless it is the root.
  mutating func readGroup(
    in parent: String?, fileByteCount: Int, depth: Int = 0
  ) throws(FormatError) -> HDF5Group {
    guard depth <= HDF5Limits.depth else { throw Self.nonsense }
    let name = try readText()
    let path = parent?.appendingPart(name) ?? ""
    let attributes = try readAttributes()
    var datasets: [HDF5Dataset] = []
    for _ in 0..<(try readCount()) {
      datasets.append(try readDataset(in: path, fileByteCount: fileByteCount))
    }
    var groups: [HDF5Group] = []
    for _ in 0..<(try readCount()) {
      groups.append(try readGroup(in: path, fileByteCount: fileByteCount, depth: depth + 1))
    }
    return HDF5Group(
      path: path, name: name, attributes: attributes, groups: groups, datasets: datasets)
  }

  private mutating func readAttributes() throws(FormatError) -> [HDF5Attribute] {
    var attributes: [HDF5Attribute] = []
    for _ in 0..<(try readCount()) { attributes.append(try readAttribute()) }
    return attributes
  }

  private mutating func readElementType() throws(FormatError) -> HDF5ElementType {
    guard let type = HDF5ElementType(rawValue: try readByte()) else { throw Self.nonsense }
    return type
  }

  private mutating func readShape() throws(FormatError) -> [Int] {
    let shape = try readNumbers()
    guard shape.allSatisfy({ $0 >= 0 }) else { throw Self.nonsense }
    return shape
  }
}

extension HDF5ElementType {
  /// The bytes that a tensor of `shape` takes; nil if that is not known, or too large to say.
  func byteCount(of shape: [Int]) -> Int? {
    shape.reduce(byteCount) { size, extent in
      guard let (product, overflow) = size?.multipliedReportingOverflow(by: extent) else {
        return nil
      }
      return overflow ? nil : product
    }
  }
}

extension String {
  /// The path of an entry called `name` of the group at this path.
  func appendingPart(_ name: String) -> String { isEmpty ? name : "\(self)/\(name)" }
}
