internal import CHDF5
public import Formats
internal import Synchronization

/// Content for an HDF5 file to be.
public struct HDF5Draft: Sendable {
  /// A small value attached to a group.
  public enum Attribute: Sendable {
    case text(String)
    case integer(Int64)
  }

  /// What is attached to the group, in this order.
  public var attributes: [(name: String, value: Attribute)] = []
  /// The tables in the group, in this order.
  public var datasets: [(name: String, tensor: HDF5Tensor)] = []
  /// The groups inside, in this order.
  public var groups: [(name: String, draft: HDF5Draft)] = []

  /// How deeply groups may nest, so that dearc reads what it writes.
  public static let depthLimit = HDF5Limits.depth - 1
  /// The most axes of a table.
  public static let rankLimit = 32

  /// libhdf5 keeps what is open in tables of the process, so one draft is written at a time.
  private static let library = Mutex(())

  /// An empty group.
  public init() {}

  /// Writes the file with this as its root; the same draft gives the same bytes.
  ///
  /// The elements of tables are asked for one after another, and written as they are.
  ///
  /// - Parameter file: Where to; it is overwritten.
  /// - Throws: `FormatError` if libhdf5 fails, as it does when the disk is full.
  public func write(to file: TemporaryFile) throws(FormatError) {
    try Self.library.withLock { _ throws(FormatError) in
      H5Eset_auto2(0, nil, nil)
      guard let access = Handle(H5Pcreate(dearc_h5_file_access_class()), close: H5Pclose),
        let opened = try file.withName({ path in
          Handle(unsafe H5Fcreate(path, dearc_h5_truncate(), 0, access.id), close: H5Fclose)
        }), writeRoot(of: opened)
      else {
        throw FormatError(.cannotWrite, "the HDF5 library cannot write the file; is the disk full?")
      }
    }
  }

  /// The file with this as its root; the same draft gives the same bytes.
  ///
  /// The content is ours, so libhdf5 runs in this process, and in memory.
  ///
  /// - Returns: the bytes.
  /// - Throws: `FormatError` if libhdf5 fails, which it does only when memory runs out.
  public func encoded() throws(FormatError) -> [UInt8] {
    guard let bytes = Self.library.withLock({ _ in image() }) else {
      throw FormatError(.cannotWrite, "the HDF5 library cannot make the file")
    }
    return bytes
  }

  private func image() -> [UInt8]? {
    H5Eset_auto2(0, nil, nil)
    guard let access = Handle(H5Pcreate(dearc_h5_file_access_class()), close: H5Pclose),
      H5Pset_fapl_core(access.id, 1 << 20, false) >= 0,
      let file = Handle(
        unsafe H5Fcreate("draft", dearc_h5_truncate(), 0, access.id), close: H5Fclose),
      writeRoot(of: file)
    else { return nil }
    let count = H5Fget_file_image(file.id, nil, 0)
    guard count > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return unsafe H5Fget_file_image(file.id, &bytes, count) == count ? bytes : nil
  }

  private func writeRoot(of file: Handle) -> Bool {
    guard let root = Handle(unsafe H5Gopen2(file.id, "/", 0), close: H5Gclose) else { return false }
    return write(to: root) && H5Fflush(file.id, H5F_SCOPE_GLOBAL) >= 0
  }

  private func write(to group: Handle) -> Bool {
    attributes.allSatisfy { name, value in value.attach(name, to: group) }
      && datasets.allSatisfy { name, tensor in tensor.store(name, in: group) }
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
}

extension HDF5Draft.Attribute {
  /// Whether libhdf5 took it.
  func attach(_ name: String, to object: Handle) -> Bool {
    guard let space = Handle(H5Screate(H5S_SCALAR), close: H5Sclose), let type = storedType,
      let attribute = Handle(
        unsafe H5Acreate2(object.id, name, type.id, space.id, 0, 0), close: H5Aclose)
    else { return false }
    switch self {
    case .text(let text):
      return unsafe text.withCString { pointer in
        var pointer: UnsafePointer<CChar>? = unsafe pointer
        return unsafe H5Awrite(attribute.id, type.id, &pointer) >= 0
      }
    case .integer(var number): return unsafe H5Awrite(attribute.id, type.id, &number) >= 0
    }
  }

  private var storedType: Handle? {
    switch self {
    case .integer: return Handle(H5Tcopy(dearc_h5_int64()), close: H5Tclose)
    case .text:
      guard let type = Handle(H5Tcopy(dearc_h5_c_string()), close: H5Tclose),
        H5Tset_size(type.id, dearc_h5_variable()) >= 0,
        H5Tset_cset(type.id, H5T_CSET_UTF8) >= 0
      else { return nil }
      return type
    }
  }
}
