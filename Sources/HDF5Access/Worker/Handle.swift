internal import CHDF5

/// Something libhdf5 has open, closed when nobody needs it any more.
final class Handle {
  let id: hid_t
  private let close: (hid_t) -> herr_t

  /// Takes over `id`, or returns nil if libhdf5 failed.
  init?(_ id: hid_t, close: @escaping (hid_t) -> herr_t) {
    guard id >= 0 else { return nil }
    self.id = id
    self.close = close
  }

  deinit { _ = close(id) }
}

/// Why a file is refused, and which part of it is to blame.
struct Refusal: Error {
  let path: String
  let reason: String
}

extension Handle {
  /// The extents of a data space; one empty axis for a space without elements.
  ///
  /// Nil for what libhdf5 cannot say.
  var extents: [Int]? {
    switch H5Sget_simple_extent_type(id) {
    case H5S_SCALAR: return []
    case H5S_NULL: return [0]
    case H5S_SIMPLE:
      let rank = H5Sget_simple_extent_ndims(id)
      guard rank >= 0 else { return nil }
      var extents = [hsize_t](repeating: 0, count: Int(rank))
      guard unsafe H5Sget_simple_extent_dims(id, &extents, nil) == rank else { return nil }
      let counts = extents.compactMap { Int(exactly: $0) }
      return counts.count == extents.count ? counts : nil
    default: return nil
    }
  }

  /// The type of an element that a data type describes.
  var elementType: HDF5ElementType {
    switch H5Tget_class(id) {
    case H5T_FLOAT: floatType
    case H5T_INTEGER: integerType
    case H5T_ENUM: isBoolean ? .bool : .other
    case H5T_STRING: .string
    default: .other
    }
  }

  private var floatType: HDF5ElementType {
    var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
    guard
      unsafe H5Tget_fields(id, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize) >= 0,
      mantissa == 0, exponent == mantissaSize, sign == mantissaSize + exponentSize,
      H5Tget_ebias(id) == 1 << (exponentSize - 1) - 1, H5Tget_offset(id) == 0
    else { return .other }
    switch (H5Tget_size(id), exponentSize, mantissaSize) {
    case (2, 5, 10): return .float16
    case (4, 8, 23): return .float32
    case (8, 11, 52): return .float64
    default: return .other
    }
  }

  private var integerType: HDF5ElementType {
    let size = H5Tget_size(id)
    guard H5Tget_precision(id) == size * 8, H5Tget_offset(id) == 0 else { return .other }
    let isSigned = H5Tget_sign(id) == H5T_SGN_2
    switch size {
    case 1: return isSigned ? .int8 : .uint8
    case 2: return isSigned ? .int16 : .uint16
    case 4: return isSigned ? .int32 : .uint32
    case 8: return isSigned ? .int64 : .uint64
    default: return .other
    }
  }

  /// Whether this is the enumeration FALSE = 0, TRUE = 1 in one byte, as h5py stores booleans.
  private var isBoolean: Bool {
    guard H5Tget_size(id) == 1, H5Tget_nmembers(id) == 2 else { return false }
    return ["FALSE", "TRUE"].enumerated().allSatisfy { value, name in
      var stored: UInt8 = 255
      return unsafe H5Tenum_valueof(id, name, &stored) >= 0 && stored == value
    }
  }

  /// Whether the elements lie in the file in the order in which dearc reads them.
  var isLittleEndian: Bool { H5Tget_size(id) == 1 || H5Tget_order(id) == H5T_ORDER_LE }
}
