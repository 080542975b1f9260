// PNG, JPEG and DEFLATE with libpng, libjpeg and zlib, whose errors (longjmp) Swift cannot handle.
#ifndef DECANT_IMAGES_H
#define DECANT_IMAGES_H

#include <stddef.h>
#include <stdint.h>

// A picture with 8 bits per channel: rows from the top, pixels from the left, channels interleaved.
struct ci_picture {
  uint32_t width;
  uint32_t height;
  // 1 is grey, 3 is red, green and blue; 2 and 4 have an alpha channel in addition.
  uint32_t channels;
  // Whether the picture was rejected for its size.
  int is_too_large;
  // width · height · channels bytes, to be freed by ci_free; null after a failure.
  uint8_t *pixels;
};

// The size of the buffer for the library's error message.
#define CI_MESSAGE_SIZE 256

// Reads a whole file of at most `pixel_limit` pixels. Returns 0, or 1 with the reason in `message`.
int ci_read_png(
  const uint8_t *bytes, size_t count, size_t pixel_limit, struct ci_picture *picture, char *message);
int ci_read_jpeg(
  const uint8_t *bytes, size_t count, size_t pixel_limit, struct ci_picture *picture, char *message);

// Frees the pixels of a picture.
void ci_free(struct ci_picture *picture);

// Unpacks DEFLATE data without a header into exactly `size` bytes. Returns 0, or 1 for invalid
// data.
int ci_inflate(const uint8_t *packed, size_t packed_size, uint8_t *result, size_t size);

// CRC-32 as used by ZIP.
uint32_t ci_crc32(const uint8_t *bytes, size_t count);

#endif
