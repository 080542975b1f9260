// PNG, JPEG and DEFLATE by libpng, libjpeg and zlib, whose ways of failing (longjmp) Swift cannot take.
#ifndef DECANT_IMAGES_H
#define DECANT_IMAGES_H

#include <stddef.h>
#include <stdint.h>

// A picture of 8 bits a number, pixel by pixel in rows from the top; the numbers of a pixel lie together.
struct ci_picture {
  uint32_t width;
  uint32_t height;
  // 1 is grey, 3 are red, green and blue; one more is how opaque a pixel is.
  uint32_t channels;
  // Whether a failure is one of size.
  int is_too_large;
  // width · height · channels bytes, to be given to ci_free; null after a failure.
  uint8_t *pixels;
};

// What the library said of a file that it could not read.
#define CI_MESSAGE_SIZE 256

// Reads a whole file of at most `pixel_limit` pixels. 0, or 1 with the reason in `message`.
int ci_read_png(
  const uint8_t *bytes, size_t count, size_t pixel_limit, struct ci_picture *picture, char *message);
int ci_read_jpeg(
  const uint8_t *bytes, size_t count, size_t pixel_limit, struct ci_picture *picture, char *message);

// Gives back what a picture holds.
void ci_free(struct ci_picture *picture);

// Unpacks DEFLATE data without a header into exactly `size` bytes. 0, or 1 where they are no such data.
int ci_inflate(const uint8_t *packed, size_t packed_size, uint8_t *result, size_t size);

// CRC-32 as ZIP has it.
uint32_t ci_crc32(const uint8_t *bytes, size_t count);

#endif
