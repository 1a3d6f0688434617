#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>

#include "outcome.h"

// A progressive picture keeps all its coefficients in memory, two bytes each.
static const long memory_limit = 1L << 30;
// Encoders make about ten scans. Each takes time for all pixels, however few bytes it has, so many are
// allowed only where there are few pixels.
static const uint64_t scan_limit = 500;
static const uint64_t scanned_pixel_limit = 1ull << 33;

struct reader {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf failed;
  struct dearc_image *image;
};

static _Noreturn void fail(j_common_ptr info, enum dearc_image_outcome outcome, const char *message) {
  struct reader *reader = info->client_data;
  dearc_image_fail(reader->image, outcome, message);
  longjmp(reader->failed, 1);
}

static enum dearc_image_outcome outcome_of(int code) {
  switch (code) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NO_BACKING_STORE:
    case JERR_OUT_OF_MEMORY:
    case JERR_SOF_UNSUPPORTED: return DEARC_IMAGE_UNSUPPORTED;
    default: return DEARC_IMAGE_MALFORMED;
  }
}

static void on_error(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  fail(info, outcome_of(info->err->msg_code), message);
}

// Warnings are about damage that decoding goes on after. They are not errors, as they are none to Pillow.
static void on_warning(j_common_ptr info, int level) {
  (void)info;
  (void)level;
}

// libjpeg would make up the end of the picture.
static boolean on_end(j_decompress_ptr info) {
  fail((j_common_ptr)info, DEARC_IMAGE_MALFORMED, DEARC_TRUNCATED);
}

static void on_progress(j_common_ptr common) {
  j_decompress_ptr info = (j_decompress_ptr)common;
  uint64_t scans = info->input_scan_number;
  uint64_t pixels = (uint64_t)info->image_width * info->image_height;
  if (scans > scan_limit || (scans > 1 && scans > scanned_pixel_limit / pixels)) {
    fail(common, DEARC_IMAGE_UNSUPPORTED, "the picture has more scans than its size lets expect");
  }
}

static void start(struct reader *reader, const uint8_t *bytes, size_t count) {
  reader->info.err = jpeg_std_error(&reader->errors);
  reader->errors.error_exit = on_error;
  reader->errors.emit_message = on_warning;
  reader->info.client_data = reader;
  jpeg_create_decompress(&reader->info);
  reader->info.mem->max_memory_to_use = memory_limit;
  reader->progress.progress_monitor = on_progress;
  reader->info.progress = &reader->progress;
  jpeg_mem_src(&reader->info, bytes, count);
  reader->info.src->fill_input_buffer = on_end;
}

static void read_header(struct reader *reader) {
  j_decompress_ptr info = &reader->info;
  jpeg_read_header(info, TRUE);
  if (info->num_components == 4) {
    fail((j_common_ptr)info, DEARC_IMAGE_UNSUPPORTED, "expected gray or RGB, found CMYK");
  }
  if (info->num_components != 1 && info->num_components != 3) {
    fail((j_common_ptr)info, DEARC_IMAGE_UNSUPPORTED, "expected one or three components");
  }
  info->out_color_space = JCS_RGB;
  reader->image->width = info->image_width;
  reader->image->height = info->image_height;
}

static void read_rows(struct reader *reader, uint8_t *pixels) {
  j_decompress_ptr info = &reader->info;
  jpeg_start_decompress(info);
  while (info->output_scanline < info->output_height) {
    JSAMPROW row = pixels + (size_t)info->output_scanline * info->output_width * 3;
    jpeg_read_scanlines(info, &row, 1);
  }
  jpeg_finish_decompress(info);
}

// The only frame that is jumped back to; what it needs afterwards is in `reader`, not in its variables.
static void run(struct reader *reader, const uint8_t *bytes, size_t count, uint8_t *pixels,
                size_t capacity) {
  if (setjmp(reader->failed)) return;
  start(reader, bytes, count);
  read_header(reader);
  if (!pixels) return;
  if (!dearc_image_fits(reader->image, capacity)) {
    fail((j_common_ptr)&reader->info, DEARC_IMAGE_MALFORMED, DEARC_NO_ROOM);
  }
  read_rows(reader, pixels);
}

void dearc_read_jpeg(const uint8_t *bytes, size_t count, struct dearc_image *image, uint8_t *pixels,
                     size_t capacity) {
  *image = (struct dearc_image){0};
  struct reader reader = {.image = image};
  run(&reader, bytes, count, pixels, capacity);
  jpeg_destroy_decompress(&reader.info);
}
