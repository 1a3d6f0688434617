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
static inline hid_t dearc_h5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t dearc_h5_uint64(void) { return H5T_STD_U64LE; }

static inline size_t dearc_h5_variable(void) { return H5T_VARIABLE; }

#endif
