#include <webp/decode.h>

#include "outcome.h"

static void fail(struct dearc_image *image, VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return dearc_image_fail(image, DEARC_IMAGE_MALFORMED, DEARC_TRUNCATED);
    case VP8_STATUS_OUT_OF_MEMORY:
      return dearc_image_fail(image, DEARC_IMAGE_UNSUPPORTED, "there is no memory for the decoder");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return dearc_image_fail(image, DEARC_IMAGE_UNSUPPORTED, "it uses an unknown feature of WebP");
    default: return dearc_image_fail(image, DEARC_IMAGE_MALFORMED, "its stream is damaged");
  }
}

// Whether all that the container declares is there; libwebp itself is content with the picture.
static int is_complete(const uint8_t *bytes, size_t count) {
  if (count < 8) return 0;
  uint64_t size = bytes[4] | (uint64_t)bytes[5] << 8 | (uint64_t)bytes[6] << 16 | (uint64_t)bytes[7] << 24;
  return size + 8 <= count;
}

static void read_pixels(const uint8_t *bytes, size_t count, struct dearc_image *image,
                        WebPDecoderConfig *config, uint8_t *pixels, size_t capacity) {
  if (!dearc_image_fits(image, capacity)) {
    return dearc_image_fail(image, DEARC_IMAGE_MALFORMED, DEARC_NO_ROOM);
  }
  config->output.colorspace = MODE_RGB;
  config->output.is_external_memory = 1;
  config->output.u.RGBA.rgba = pixels;
  config->output.u.RGBA.stride = (int)image->width * 3;
  config->output.u.RGBA.size = capacity;
  VP8StatusCode status = WebPDecode(bytes, count, config);
  WebPFreeDecBuffer(&config->output);
  if (status != VP8_STATUS_OK) fail(image, status);
}

void dearc_read_webp(const uint8_t *bytes, size_t count, struct dearc_image *image, uint8_t *pixels,
                     size_t capacity) {
  *image = (struct dearc_image){0};
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) {
    return dearc_image_fail(image, DEARC_IMAGE_UNSUPPORTED, "the installed libwebp does not fit");
  }
  if (!is_complete(bytes, count)) {
    return dearc_image_fail(image, DEARC_IMAGE_MALFORMED, DEARC_TRUNCATED);
  }
  VP8StatusCode status = WebPGetFeatures(bytes, count, &config.input);
  if (status != VP8_STATUS_OK) return fail(image, status);
  if (config.input.has_animation) {
    return dearc_image_fail(image, DEARC_IMAGE_UNSUPPORTED, "expected a still picture, found an animation");
  }
  image->width = (uint32_t)config.input.width;
  image->height = (uint32_t)config.input.height;
  if (pixels) read_pixels(bytes, count, image, &config, pixels, capacity);
}
