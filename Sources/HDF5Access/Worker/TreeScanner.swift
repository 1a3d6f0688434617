internal import CHDF5

/// Walks a file from its root and describes every group and dataset.
///
/// What could lead elsewhere, or make a small file large, is refused: links other than hard ones,
/// objects with two names, elements in other files, virtual datasets, filters that are not built into
/// libhdf5, and declared sizes out of proportion to what is stored.
struct TreeScanner {
  private var visited: Set<haddr_t> = []
  private var objectCount = 0
  private var attributeByteCount = 0
  private var sizes = DatasetSizes()
  /// The paths of the datasets, by their numbers.
  private(set) var datasetPaths: [String] = []

  /// Describes the group open as `group`.
  mutating func scan(_ group: Handle, path: String, name: String, depth: Int = 0) throws
    -> HDF5Group
  {
    guard depth < HDF5Limits.depth else {
      throw Refusal(path: path, reason: "groups nest more than \(HDF5Limits.depth) deep")
    }
    try visit(group, path)
    var groups: [HDF5Group] = []
    var datasets: [HDF5Dataset] = []
    for link in try links(of: group, path) {
      let inner = path.appendingPart(link.name)
      try checkKind(of: link, inner)
      guard let object = Handle(unsafe H5Oopen(group.id, link.name, 0), close: H5Oclose) else {
        throw Refusal(path: inner, reason: "the object is damaged")
      }
      switch H5Iget_type(object.id) {
      case H5I_GROUP:
        groups.append(try scan(object, path: inner, name: link.name, depth: depth + 1))
      case H5I_DATASET: datasets.append(try dataset(object, path: inner, name: link.name))
      default: continue
      }
    }
    return HDF5Group(
      path: path, name: name, attributes: try attributes(of: group, path), groups: groups,
      datasets: datasets)
  }

  /// Refuses a file whose datasets declare far more than they store.
  func requireProportion(fileByteCount: UInt64) throws {
    try sizes.requireProportion(fileByteCount: fileByteCount)
  }

  private mutating func count(_ path: String) throws {
    objectCount += 1
    guard objectCount <= HDF5Limits.objectCount else {
      throw Refusal(path: path, reason: "the file has more than \(HDF5Limits.objectCount) objects")
    }
  }

  private mutating func visit(_ object: Handle, _ path: String) throws {
    try count(path)
    var info = H5O_info_t()
    guard unsafe H5Oget_info2(object.id, &info, UInt32(H5O_INFO_BASIC)) >= 0 else {
      throw Refusal(path: path, reason: "the object is damaged")
    }
    guard visited.insert(info.addr).inserted else {
      throw Refusal(path: path, reason: "the object has two names; expected a tree")
    }
  }

  // MARK: Links

  private struct Link {
    let name: String
    let type: H5L_type_t
  }

  private final class LinkList {
    var links: [(name: [UInt8], type: H5L_type_t)] = []
  }

  private func links(of group: Handle, _ path: String) throws -> [Link] {
    let list = LinkList()
    let status = unsafe H5Literate(
      group.id, H5_INDEX_NAME, H5_ITER_INC, nil,
      { _, name, info, list in
        guard let name = unsafe name, let info = unsafe info, let list = unsafe list else {
          return -1
        }
        let links = unsafe Unmanaged<LinkList>.fromOpaque(list).takeUnretainedValue()
        unsafe links.links.append((bytes(ofCString: name), info.pointee.type))
        return links.links.count > HDF5Limits.objectCount ? -1 : 0
      }, Unmanaged.passUnretained(list).toOpaque())
    guard status >= 0 else { throw Refusal(path: path, reason: "the group is damaged") }
    return try list.links.map { link in
      guard let name = String(validating: link.name, as: UTF8.self), !name.isEmpty,
        !name.contains("/"), name != ".", name != ".."
      else { throw Refusal(path: path, reason: "the group has an entry without a proper name") }
      return Link(name: name, type: link.type)
    }
  }

  private func checkKind(of link: Link, _ path: String) throws {
    switch link.type {
    case H5L_TYPE_HARD: return
    case H5L_TYPE_SOFT:
      throw Refusal(path: path, reason: "this is a soft link; expected the object itself")
    case H5L_TYPE_EXTERNAL:
      throw Refusal(
        path: path, reason: "this is a link into another file; expected the object itself")
    default: throw Refusal(path: path, reason: "this is a link of an unknown kind")
    }
  }

  // MARK: Attributes

  private final class NameList {
    var names: [[UInt8]] = []
  }

  private mutating func attributes(of object: Handle, _ path: String) throws -> [HDF5Attribute] {
    let list = NameList()
    let status = unsafe H5Aiterate2(
      object.id, H5_INDEX_NAME, H5_ITER_INC, nil,
      { _, name, _, list in
        guard let name = unsafe name, let list = unsafe list else { return -1 }
        let names = unsafe Unmanaged<NameList>.fromOpaque(list).takeUnretainedValue()
        unsafe names.names.append(bytes(ofCString: name))
        return names.names.count > HDF5Limits.objectCount ? -1 : 0
      }, Unmanaged.passUnretained(list).toOpaque())
    guard status >= 0 else { throw Refusal(path: path, reason: "its attributes are damaged") }
    var attributes: [HDF5Attribute] = []
    for bytes in list.names {
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw Refusal(path: path, reason: "an attribute has a name that is not valid UTF-8")
      }
      attributes.append(try attribute(name, of: object, "\(path)@\(name)"))
    }
    return attributes
  }

  private mutating func attribute(
    _ name: String, of object: Handle, _ path: String
  ) throws -> HDF5Attribute {
    try count(path)
    guard let attribute = Handle(unsafe H5Aopen(object.id, name, 0), close: H5Aclose),
      let space = Handle(H5Aget_space(attribute.id), close: H5Sclose),
      let type = Handle(H5Aget_type(attribute.id), close: H5Tclose), let shape = space.extents
    else { throw Refusal(path: path, reason: "the attribute is damaged") }
    let elementType = type.elementType
    let size = max(H5Tget_size(type.id), 1)
    guard let count = HDF5ElementType.uint8.byteCount(of: shape),
      count <= (HDF5Limits.attributeByteCount - attributeByteCount) / size
    else { throw Refusal(path: path, reason: "the attributes declare too many bytes") }
    attributeByteCount += count * size
    let source = unsafe ElementSource(path: path, type: type, count: count, space: space) {
      memory, target in
      unsafe H5Aread(attribute.id, memory, target)
    }
    let elements: HDF5Elements? =
      switch elementType {
      case .other: nil
      case .string: .strings(try source.strings())
      default: .packed(try source.packed())
      }
    return HDF5Attribute(name: name, elementType: elementType, shape: shape, elements: elements)
  }

  // MARK: Datasets

  private mutating func dataset(
    _ dataset: Handle, path: String, name: String
  ) throws -> HDF5Dataset {
    try visit(dataset, path)
    guard let space = Handle(H5Dget_space(dataset.id), close: H5Sclose),
      let type = Handle(H5Dget_type(dataset.id), close: H5Tclose),
      let creation = Handle(H5Dget_create_plist(dataset.id), close: H5Pclose),
      let shape = space.extents
    else { throw Refusal(path: path, reason: "the dataset is damaged") }
    try checkStorage(creation, path)
    try count(dataset, type, shape, path)
    datasetPaths.append(path)
    return HDF5Dataset(
      path: path, name: name, elementType: type.elementType, shape: shape,
      attributes: try attributes(of: dataset, path), index: datasetPaths.count - 1,
      stored: place(of: dataset, creation, type, shape))
  }

  private func checkStorage(_ creation: Handle, _ path: String) throws {
    guard H5Pget_external_count(creation.id) == 0 else {
      throw Refusal(path: path, reason: "its elements lie in another file")
    }
    let layout = H5Pget_layout(creation.id)
    guard layout == H5D_COMPACT || layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED else {
      throw Refusal(path: path, reason: "this is a virtual dataset; expected one with elements")
    }
    let allowed = [H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32]
    for index in 0..<max(H5Pget_nfilters(creation.id), 0) {
      var (flags, count) = (UInt32(0), 0)
      let filter = unsafe H5Pget_filter2(
        creation.id, UInt32(index), &flags, &count, nil, 0, nil, nil)
      guard allowed.contains(filter) else {
        throw Refusal(
          path: path, reason: "it is stored with filter \(filter); expected deflate or none")
      }
    }
  }

  private mutating func count(
    _ dataset: Handle, _ type: Handle, _ shape: [Int], _ path: String
  ) throws {
    let size = max(H5Tget_size(type.id), 1)
    guard let count = HDF5ElementType.uint8.byteCount(of: shape), count <= Int.max / size else {
      throw Refusal(path: path, reason: "it declares more elements than can be counted")
    }
    sizes.add(
      path, declared: UInt64(count * size), stored: UInt64(H5Dget_storage_size(dataset.id)))
  }

  /// Where the elements lie, if they lie there as they are read.
  private func place(
    of dataset: Handle, _ creation: Handle, _ type: Handle, _ shape: [Int]
  ) -> Range<Int>? {
    guard H5Pget_layout(creation.id) == H5D_CONTIGUOUS, H5Pget_nfilters(creation.id) == 0,
      type.isLittleEndian, let byteCount = type.elementType.byteCount(of: shape), byteCount > 0,
      H5Dget_storage_size(dataset.id) == UInt64(byteCount),
      let offset = Int(exactly: H5Dget_offset(dataset.id)), offset <= Int.max - byteCount
    else { return nil }
    return offset..<offset + byteCount
  }
}

/// How much datasets declare beside what they store: elements that were never written read as zeros, and
/// equal ones deflate to nearly nothing.
private struct DatasetSizes {
  private var declared: UInt64 = 0
  private var stored: UInt64 = 0
  private var worst = (path: "", declared: UInt64(0), stored: UInt64(0))

  mutating func add(_ path: String, declared: UInt64, stored: UInt64) {
    self.declared = Self.sum(self.declared, declared)
    self.stored = Self.sum(self.stored, stored)
    if declared > worst.declared { worst = (path, declared, stored) }
  }

  func requireProportion(fileByteCount: UInt64) throws {
    // A damaged index may claim more than there is.
    let stored = min(stored, fileByteCount)
    guard declared > HDF5Limits.declaredByteCount, declared / HDF5Limits.expansion > stored else {
      return
    }
    throw Refusal(
      path: worst.path,
      reason:
        "it declares \(worst.declared) bytes and stores \(worst.stored); all datasets together "
        + "declare \(declared) and store \(stored)")
  }

  private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
