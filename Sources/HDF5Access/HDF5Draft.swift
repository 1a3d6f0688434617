internal import CHDF5
public import Formats

/// Content for an HDF5 file to be.
public struct HDF5Draft: Sendable {
  /// A value: an attribute if it is single, a dataset if it is a list.
  public enum Content: Hashable, Sendable {
    case text(String)
    case integer(Int64)
    case floats([Double])
    case hashes([UInt64])
    case tensor(HDF5Tensor)
  }

  /// What is attached to the group, in this order.
  public var attributes: [(name: String, content: Content)] = []
  /// The lists in the group, in this order.
  public var datasets: [(name: String, content: Content)] = []
  /// The groups inside, in this order.
  public var groups: [(name: String, draft: HDF5Draft)] = []

  /// An empty group.
  public init() {}

  /// Writes the file with this as its root; the same draft gives the same bytes.
  ///
  /// The elements of tensors are asked for one after another, and written as they are.
  ///
  /// - Parameter path: A file, which is overwritten.
  /// - Throws: `FormatError` if libhdf5 fails, as it does when the disk is full.
  public func write(to path: String) throws(FormatError) {
    guard let access = Handle(H5Pcreate(dearc_h5_file_access_class()), close: H5Pclose),
      let file = Handle(
        unsafe H5Fcreate(path, dearc_h5_truncate(), 0, access.id), close: H5Fclose),
      let root = Handle(unsafe H5Gopen2(file.id, "/", 0), close: H5Gclose), write(to: root),
      H5Fflush(file.id, H5F_SCOPE_GLOBAL) >= 0
    else {
      throw FormatError(.cannotWrite, "the HDF5 library cannot write the file; is the disk full?")
    }
  }

  /// The file with this as its root; the same draft gives the same bytes.
  ///
  /// The content is ours, so libhdf5 runs in this process, and in memory.
  ///
  /// - Returns: the bytes.
  /// - Throws: `FormatError` if libhdf5 fails, which it does only when memory runs out.
  public func encoded() throws(FormatError) -> [UInt8] {
    let failure = FormatError(.cannotWrite, "the HDF5 library cannot make the file")
    guard let access = Handle(H5Pcreate(dearc_h5_file_access_class()), close: H5Pclose),
      H5Pset_fapl_core(access.id, 1 << 20, false) >= 0,
      let file = Handle(
        unsafe H5Fcreate("draft", dearc_h5_truncate(), 0, access.id), close: H5Fclose),
      let root = Handle(unsafe H5Gopen2(file.id, "/", 0), close: H5Gclose), write(to: root),
      H5Fflush(file.id, H5F_SCOPE_GLOBAL) >= 0
    else { throw failure }
    let count = H5Fget_file_image(file.id, nil, 0)
    guard count > 0 else { throw failure }
    var bytes = [UInt8](repeating: 0, count: count)
    guard unsafe H5Fget_file_image(file.id, &bytes, count) == count else { throw failure }
    return bytes
  }

  private func write(to group: Handle) -> Bool {
    attributes.allSatisfy { name, content in Self.attach(content, name, to: group) }
      && datasets.allSatisfy { name, content in Self.store(content, name, in: group) }
      && groups.allSatisfy { name, draft in
        // Times of making would make every file another.
        guard let creation = Handle(H5Pcreate(dearc_h5_group_create_class()), close: H5Pclose),
          H5Pset_obj_track_times(creation.id, false) >= 0,
          let inner = Handle(
            unsafe H5Gcreate2(group.id, name, 0, creation.id, 0), close: H5Gclose)
        else { return false }
        return draft.write(to: inner)
      }
  }

  static func attach(_ content: Content, _ name: String, to group: Handle) -> Bool {
    guard let space = Handle(H5Screate(H5S_SCALAR), close: H5Sclose),
      let type = Handle(H5Tcopy(content.storedType), close: H5Tclose)
    else { return false }
    if case .text = content {
      guard H5Tset_size(type.id, dearc_h5_variable()) >= 0,
        H5Tset_cset(type.id, H5T_CSET_UTF8) >= 0
      else { return false }
    }
    guard
      let attribute = Handle(
        unsafe H5Acreate2(group.id, name, type.id, space.id, 0, 0), close: H5Aclose)
    else { return false }
    switch content {
    case .text(let text):
      return unsafe text.withCString { pointer in
        var pointer: UnsafePointer<CChar>? = unsafe pointer
        return unsafe H5Awrite(attribute.id, type.id, &pointer) >= 0
      }
    case .integer(var number): return unsafe H5Awrite(attribute.id, type.id, &number) >= 0
    case .floats, .hashes, .tensor: return false
    }
  }

  private static func store(_ content: Content, _ name: String, in group: Handle) -> Bool {
    if case .tensor(let tensor) = content { return tensor.store(name, in: group) }
    var extent = [hsize_t(content.count)]
    guard let creation = Handle(H5Pcreate(dearc_h5_dataset_create_class()), close: H5Pclose),
      H5Pset_obj_track_times(creation.id, false) >= 0,
      let space = Handle(
        content.isList ? unsafe H5Screate_simple(1, &extent, nil) : H5Screate(H5S_SCALAR),
        close: H5Sclose),
      let dataset = Handle(
        unsafe H5Dcreate2(group.id, name, content.storedType, space.id, 0, creation.id, 0),
        close: H5Dclose)
    else { return false }
    switch content {
    case .floats(let numbers):
      return unsafe H5Dwrite(dataset.id, content.storedType, 0, 0, 0, numbers) >= 0
    case .hashes(let numbers):
      return unsafe H5Dwrite(dataset.id, content.storedType, 0, 0, 0, numbers) >= 0
    case .integer(var number):
      return unsafe H5Dwrite(dataset.id, content.storedType, 0, 0, 0, &number) >= 0
    case .text, .tensor: return false
    }
  }
}

extension HDF5Draft.Content {
  fileprivate var storedType: hid_t {
    switch self {
    case .text: dearc_h5_c_string()
    case .integer: dearc_h5_int64()
    case .floats: dearc_h5_float64()
    case .hashes: dearc_h5_uint64()
    case .tensor(let tensor): tensor.elementType.storedType ?? 0
    }
  }

  fileprivate var count: Int {
    switch self {
    case .text, .integer: 1
    case .floats(let numbers): numbers.count
    case .hashes(let numbers): numbers.count
    case .tensor(let tensor): tensor.shape.reduce(1, *)
    }
  }

  fileprivate var isList: Bool {
    switch self {
    case .text, .integer: false
    case .floats, .hashes, .tensor: true
    }
  }
}
