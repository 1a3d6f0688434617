#include <png.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>

#include "outcome.h"

static const png_uint_32 extent_limit = 1u << 20;
static const png_alloc_size_t chunk_limit = 64u << 20;
static const png_uint_32 chunk_count_limit = 128;
// No byte of deflated data stands for more.
static const uint64_t expansion_limit = 1032;

struct reader {
  png_structp png;
  png_infop info;
  jmp_buf failed;
  const uint8_t *bytes;
  size_t count;
  size_t position;
  struct dearc_image *image;
};

static _Noreturn void fail(struct reader *reader, enum dearc_image_outcome outcome,
                           const char *message) {
  dearc_image_fail(reader->image, outcome, message);
  longjmp(reader->failed, 1);
}

static _Noreturn void on_error(png_structp png, png_const_charp message) {
  fail(png_get_error_ptr(png), DEARC_IMAGE_MALFORMED, message);
}

// What libpng warns of is damage without an effect on the pixels.
static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void on_read(png_structp png, png_bytep target, size_t count) {
  struct reader *reader = png_get_io_ptr(png);
  if (count > reader->count - reader->position) {
    fail(reader, DEARC_IMAGE_MALFORMED, DEARC_TRUNCATED);
  }
  memcpy(target, reader->bytes + reader->position, count);
  reader->position += count;
}

static void start(struct reader *reader) {
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
  if (reader->png) reader->info = png_create_info_struct(reader->png);
  if (!reader->info) fail(reader, DEARC_IMAGE_UNSUPPORTED, "there is no memory for the decoder");
  png_set_user_limits(reader->png, extent_limit, extent_limit);
  png_set_chunk_malloc_max(reader->png, chunk_limit);
  png_set_chunk_cache_max(reader->png, chunk_count_limit);
  // Whatever does not say how to read the pixels is skipped: profiles, texts, and transparency, which is
  // dropped anyway.
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep) "tRNS", 1);
  // A wrong checksum says that the file is damaged, wherever it is.
  png_set_crc_action(reader->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_read_fn(reader->png, reader, on_read);
}

static void read_header(struct reader *reader) {
  png_read_info(reader->png, reader->info);
  png_uint_32 width = png_get_image_width(reader->png, reader->info);
  png_uint_32 height = png_get_image_height(reader->png, reader->info);
  if (png_get_color_type(reader->png, reader->info) == PNG_COLOR_TYPE_GRAY &&
      png_get_bit_depth(reader->png, reader->info) == 16) {
    fail(reader, DEARC_IMAGE_UNSUPPORTED, "expected gray of at most 8 bits, found 16");
  }
  uint64_t unpacked = (uint64_t)height * png_get_rowbytes(reader->png, reader->info);
  if (unpacked / expansion_limit > reader->count) {
    fail(reader, DEARC_IMAGE_MALFORMED, "the file is too short for as many pixels as it declares");
  }
  reader->image->width = width;
  reader->image->height = height;
}

// Asks for three bytes per pixel.
static void set_transformations(struct reader *reader) {
  int color = png_get_color_type(reader->png, reader->info);
  int depth = png_get_bit_depth(reader->png, reader->info);
  if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reader->png);
  if (color == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(reader->png);
  if (depth == 16) png_set_strip_16(reader->png);
  if (!(color & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(reader->png);
  if (color & PNG_COLOR_MASK_ALPHA) png_set_strip_alpha(reader->png);
}

static void read_rows(struct reader *reader, uint8_t *pixels) {
  set_transformations(reader);
  int passes = png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  size_t row = (size_t)reader->image->width * 3;
  if (png_get_rowbytes(reader->png, reader->info) != row) {
    fail(reader, DEARC_IMAGE_UNSUPPORTED, "libpng does not give three bytes per pixel");
  }
  for (int pass = 0; pass < passes; pass++) {
    for (size_t y = 0; y < reader->image->height; y++) {
      png_read_row(reader->png, pixels + y * row, NULL);
    }
  }
  png_read_end(reader->png, NULL);
}

// The only frame that is jumped back to; what it needs afterwards is in `reader`, not in its variables.
static void run(struct reader *reader, uint8_t *pixels, size_t capacity) {
  if (setjmp(reader->failed)) return;
  start(reader);
  read_header(reader);
  if (!pixels) return;
  if (!dearc_image_fits(reader->image, capacity)) {
    fail(reader, DEARC_IMAGE_MALFORMED, DEARC_NO_ROOM);
  }
  read_rows(reader, pixels);
}

void dearc_read_png(const uint8_t *bytes, size_t count, struct dearc_image *image, uint8_t *pixels,
                    size_t capacity) {
  *image = (struct dearc_image){0};
  struct reader reader = {.bytes = bytes, .count = count, .image = image};
  run(&reader, pixels, capacity);
  png_destroy_read_struct(&reader.png, &reader.info, NULL);
}

static png_image sketch(uint32_t width, uint32_t height) {
  png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height};
  image.format = PNG_FORMAT_RGB;
  return image;
}

size_t dearc_png_bound(uint32_t width, uint32_t height) {
  if (width == 0 || height == 0 || width > extent_limit || height > extent_limit) return 0;
  png_image image = sketch(width, height);
  return PNG_IMAGE_PNG_SIZE_MAX(image);
}

size_t dearc_write_png(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *bytes,
                       size_t capacity) {
  png_image image = sketch(width, height);
  png_alloc_size_t count = capacity;
  int is_written = png_image_write_to_memory(&image, bytes, &count, 0, pixels, 0, NULL);
  png_image_free(&image);
  return is_written ? count : 0;
}
