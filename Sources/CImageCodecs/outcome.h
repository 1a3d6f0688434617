#ifndef DEARC_IMAGE_OUTCOME_H
#define DEARC_IMAGE_OUTCOME_H

#include <stdio.h>

#include "image-codecs.h"

static inline void dearc_image_fail(struct dearc_image *image, enum dearc_image_outcome outcome,
                                    const char *message) {
  image->outcome = outcome;
  snprintf(image->message, sizeof image->message, "%s", message);
}

// Whether the rows of the picture fit into the caller's buffer.
static inline int dearc_image_fits(const struct dearc_image *image, size_t capacity) {
  return (uint64_t)image->width * image->height <= capacity / 3;
}

#define DEARC_TRUNCATED "the file ends in the middle of the picture"
#define DEARC_NO_ROOM "the picture is larger than its header said"

#endif
