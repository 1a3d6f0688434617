internal import CHDF5

/// Elements for a dataset of an HDF5 file to be.
@safe
public struct HDF5Tensor: Sendable {
  /// The type of an element.
  public let elementType: HDF5ElementType
  /// The extents, outermost first; empty for a single element.
  public let shape: [Int]
  /// Whether the elements are the upper halves of single-precision floats, which Keras marks.
  public let isBrainFloat: Bool
  /// Lends the elements: packed, little-endian, row-major.
  public let withBytes: @Sendable ((UnsafeRawBufferPointer) -> Void) -> Void

  /// Describes a dataset.
  ///
  /// - Precondition: `withBytes` lends exactly as many bytes as the elements take.
  public init(
    elementType: HDF5ElementType, shape: [Int], isBrainFloat: Bool = false,
    withBytes: @escaping @Sendable ((UnsafeRawBufferPointer) -> Void) -> Void
  ) {
    self.elementType = elementType
    self.shape = shape
    self.isBrainFloat = isBrainFloat
    unsafe self.withBytes = withBytes
  }

  /// A list of floats.
  public init(_ numbers: [Double]) {
    unsafe self.init(elementType: .float64, shape: [numbers.count]) { use in
      unsafe numbers.withUnsafeBytes { unsafe use($0) }
    }
  }

  /// A list of hashes.
  public init(_ hashes: [UInt64]) {
    unsafe self.init(elementType: .uint64, shape: [hashes.count]) { use in
      unsafe hashes.withUnsafeBytes { unsafe use($0) }
    }
  }

  /// A single whole number.
  public init(_ number: Int64) {
    unsafe self.init(elementType: .int64, shape: []) { use in
      unsafe withUnsafeBytes(of: number) { unsafe use($0) }
    }
  }

  /// Whether libhdf5 took it.
  func store(_ name: String, in group: Handle) -> Bool {
    let extents = shape.map { hsize_t($0) }
    guard let type = elementType.storedType,
      let creation = Handle(H5Pcreate(dearc_h5_dataset_create_class()), close: H5Pclose),
      H5Pset_obj_track_times(creation.id, false) >= 0,
      let space = Handle(
        shape.isEmpty
          ? H5Screate(H5S_SCALAR) : unsafe H5Screate_simple(Int32(shape.count), extents, nil),
        close: H5Sclose),
      let dataset = Handle(
        unsafe H5Dcreate2(group.id, name, type, space.id, 0, creation.id, 0), close: H5Dclose)
    else { return false }
    var isWritten = shape.contains(0)
    if !isWritten {
      unsafe withBytes { bytes in
        isWritten = unsafe H5Dwrite(dataset.id, type, 0, 0, 0, bytes.baseAddress) >= 0
      }
    }
    let isMarked =
      !isBrainFloat || HDF5Draft.Attribute.text("bfloat16").attach("dtype", to: dataset)
    return isWritten && isMarked
  }
}

extension HDF5ElementType {
  /// libhdf5's type of the same layout; nil for text and for what cannot be stored.
  var storedType: hid_t? {
    switch self {
    case .float16: dearc_h5_float16()
    case .float32: dearc_h5_float32()
    case .float64: dearc_h5_float64()
    case .int8: dearc_h5_int8()
    case .int16: dearc_h5_int16()
    case .int32: dearc_h5_int32()
    case .int64: dearc_h5_int64()
    case .uint8: dearc_h5_uint8()
    case .uint16: dearc_h5_uint16()
    case .uint32: dearc_h5_uint32()
    case .uint64: dearc_h5_uint64()
    case .bool: dearc_h5_bool()
    case .string, .other: nil
    }
  }
}
