#include "decant_images.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

int ci_inflate(const uint8_t *packed, size_t packed_size, uint8_t *result, size_t size) {
  if (packed_size > UINT_MAX || size > UINT_MAX) return 1;
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  // A negative number means: no header.
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return 1;
  stream.next_in = (Bytef *)packed;
  stream.avail_in = (uInt)packed_size;
  stream.next_out = result;
  stream.avail_out = (uInt)size;
  int code = inflate(&stream, Z_FINISH);
  int isWhole = code == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  return isWhole ? 0 : 1;
}

uint32_t ci_crc32(const uint8_t *bytes, size_t count) {
  return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, count);
}
