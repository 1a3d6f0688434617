// Decoders of pictures, all behind one signature, and an encoder.
//
// libjpeg and libpng report errors by longjmp, which must not cross Swift; none leaves these functions.
#ifndef DEARC_IMAGE_CODECS_H
#define DEARC_IMAGE_CODECS_H

#include <stddef.h>
#include <stdint.h>

enum dearc_image_outcome {
  DEARC_IMAGE_SOUND,
  DEARC_IMAGE_MALFORMED,
  DEARC_IMAGE_UNSUPPORTED,
};

// What a header says, and why the picture cannot be decoded.
struct dearc_image {
  uint32_t width;
  uint32_t height;
  enum dearc_image_outcome outcome;
  char message[256];
};

// Reads the header of a picture into `image`, and the picture into `pixels` unless that is NULL.
//   bytes, count      the whole file, as it has been recognised
//   pixels, capacity  room for 3 × width × height bytes: rows of red, green and blue
// Nothing is allocated by what the header says before `pixels` is given. On failure the width and height
// may be zero, and `pixels` may be filled in part.
typedef void dearc_image_reader(const uint8_t *bytes, size_t count, struct dearc_image *image,
                                uint8_t *pixels, size_t capacity);

dearc_image_reader dearc_read_jpeg;
dearc_image_reader dearc_read_png;
dearc_image_reader dearc_read_webp;

// The most bytes that a PNG file of such extents takes; 0 if they are none that it can have.
size_t dearc_png_bound(uint32_t width, uint32_t height);

// Writes rows of red, green and blue as a PNG file into `bytes`.
//   capacity  at least what `dearc_png_bound` says
// Returns how many bytes the file has; 0 if there is no memory for it.
size_t dearc_write_png(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *bytes,
                       size_t capacity);

static inline const char *dearc_image_message(const struct dearc_image *image) {
  return image->message;
}

#endif
