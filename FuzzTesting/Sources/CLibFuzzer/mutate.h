#include <stddef.h>
#include <stdint.h>

/// libFuzzer's own mutation of bytes, for mutators that know what the bytes mean.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
