// Names libhdf5 defines as macros that Swift cannot see through.
#ifndef DEARC_CHDF5_SHIM_H
#define DEARC_CHDF5_SHIM_H

#include <hdf5.h>

static inline hid_t dearc_h5_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline hid_t dearc_h5_file_create_class(void) { return H5P_FILE_CREATE; }
static inline hid_t dearc_h5_dataset_create_class(void) { return H5P_DATASET_CREATE; }
static inline hid_t dearc_h5_group_create_class(void) { return H5P_GROUP_CREATE; }

static inline hid_t dearc_h5_c_string(void) { return H5T_C_S1; }
static inline hid_t dearc_h5_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t dearc_h5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t dearc_h5_int8(void) { return H5T_STD_I8LE; }
static inline hid_t dearc_h5_int16(void) { return H5T_STD_I16LE; }
static inline hid_t dearc_h5_int32(void) { return H5T_STD_I32LE; }
static inline hid_t dearc_h5_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t dearc_h5_uint16(void) { return H5T_STD_U16LE; }
static inline hid_t dearc_h5_uint32(void) { return H5T_STD_U32LE; }
static inline hid_t dearc_h5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t dearc_h5_uint64(void) { return H5T_STD_U64LE; }

// NumPy's half-precision type; made once, and never closed.
static inline hid_t dearc_h5_float16(void) {
  static hid_t type = 0;
  if (type > 0) return type;
  hid_t made = H5Tcopy(H5T_IEEE_F32LE);
  if (made < 0 || H5Tset_fields(made, 15, 10, 5, 0, 10) < 0 || H5Tset_size(made, 2) < 0 ||
      H5Tset_ebias(made, 15) < 0)
    return -1;
  return type = made;
}

// h5py's boolean: an enumeration of bytes.
static inline hid_t dearc_h5_bool(void) {
  static hid_t type = 0;
  if (type > 0) return type;
  hid_t made = H5Tenum_create(H5T_STD_I8LE);
  signed char no = 0, yes = 1;
  if (made < 0 || H5Tenum_insert(made, "FALSE", &no) < 0 ||
      H5Tenum_insert(made, "TRUE", &yes) < 0)
    return -1;
  return type = made;
}

static inline unsigned dearc_h5_truncate(void) { return H5F_ACC_TRUNC; }
static inline size_t dearc_h5_variable(void) { return H5T_VARIABLE; }

#endif
