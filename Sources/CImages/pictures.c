#include "decant_images.h"

// jpeglib.h requires it.
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

// The memory that a chunk of a PNG file may take even if the file itself is smaller.
#define SMALL_CHUNK ((size_t)1 << 23)

static void tell(char *message, const char *words) { snprintf(message, CI_MESSAGE_SIZE, "%s", words); }

// A few bytes may claim any size, so check before the library allocates. Returns 0, or 1 if too
// many.
static int is_too_large(struct ci_picture *picture, size_t pixel_limit, char *message) {
  picture->is_too_large = (uint64_t)picture->width * picture->height > pixel_limit;
  if (picture->is_too_large)
    snprintf(message, CI_MESSAGE_SIZE, "%u × %u pixels", picture->width, picture->height);
  return picture->is_too_large;
}

// Allocates the pixels. Returns 0, or 1 if memory is exhausted.
static int allocate(struct ci_picture *picture, char *message) {
  size_t size = (size_t)picture->width * picture->height * picture->channels;
  picture->pixels = malloc(size ? size : 1);
  if (!picture->pixels) tell(message, "no memory for the pixels");
  return picture->pixels == NULL;
}

void ci_free(struct ci_picture *picture) {
  free(picture->pixels);
  picture->pixels = NULL;
}

struct png_source {
  const uint8_t *bytes;
  size_t left;
  char *message;
};

static void png_failed(png_structp png, png_const_charp words) {
  tell(((struct png_source *)png_get_error_ptr(png))->message, words);
  png_longjmp(png, 1);
}

static void png_warned(png_structp png, png_const_charp words) {
  (void)png;
  (void)words;
}

static void png_more(png_structp png, png_bytep target, size_t count) {
  struct png_source *source = png_get_io_ptr(png);
  if (count > source->left) png_error(png, "the file ends too early");
  memcpy(target, source->bytes, count);
  source->bytes += count;
  source->left -= count;
}

// Whether all chunks of a PNG file lie inside the file: libpng allocates the claimed length of a
// chunk before it reads any of it.
static int has_whole_chunks(const uint8_t *bytes, size_t count) {
  size_t place = 8;
  while (place + 12 <= count) {
    const uint8_t *chunk = bytes + place;
    size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
    if (length > count - place - 12) return 0;
    if (memcmp(chunk + 4, "IEND", 4) == 0) return 1;
    place += 12 + length;
  }
  return 0;
}

int ci_read_png(
  const uint8_t *bytes, size_t count, size_t pixel_limit, struct ci_picture *picture, char *message) {
  memset(picture, 0, sizeof *picture);
  if (!has_whole_chunks(bytes, count)) {
    tell(message, "a chunk extends beyond the end of the file");
    return 1;
  }
  struct png_source source = {bytes, count, message};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, png_failed, png_warned);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_read_struct(&png, NULL, NULL);
    tell(message, "no memory for a reader");
    return 1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    ci_free(picture);
    return 1;
  }
  // Text chunks may unpack to gigabytes.
  png_set_chunk_malloc_max(png, count > SMALL_CHUNK ? count : SMALL_CHUNK);
  png_set_read_fn(png, &source, png_more);
  png_read_info(png, info);
  picture->width = png_get_image_width(png, info);
  picture->height = png_get_image_height(png, info);
  if (is_too_large(picture, pixel_limit, message)) png_longjmp(png, 1);
  int has_alpha = png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA;
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_16(png);
  // A single colour marked as transparent does not make an alpha channel.
  if (!has_alpha) png_set_strip_alpha(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  picture->channels = png_get_channels(png, info);
  size_t row_size = (size_t)picture->width * picture->channels;
  if (png_get_rowbytes(png, info) != row_size) png_error(png, "rows of an unexpected size");
  if (allocate(picture, message)) png_longjmp(png, 1);
  for (int pass = 0; pass < passes; pass++)
    for (size_t row = 0; row < picture->height; row++)
      png_read_row(png, picture->pixels + row * row_size, NULL);
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return 0;
}

struct jpeg_failure {
  struct jpeg_error_mgr manager;
  jmp_buf escape;
  char *message;
};

static void jpeg_failed(j_common_ptr info) {
  struct jpeg_failure *failure = (struct jpeg_failure *)info->err;
  char words[JMSG_LENGTH_MAX];
  failure->manager.format_message(info, words);
  tell(failure->message, words);
  longjmp(failure->escape, 1);
}

// libjpeg continues after a warning and makes up missing data; only stray bytes between segments
// are harmless.
static void jpeg_warned(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code != JWRN_EXTRANEOUS_DATA) jpeg_failed(info);
}

int ci_read_jpeg(
  const uint8_t *bytes, size_t count, size_t pixel_limit, struct ci_picture *picture, char *message) {
  memset(picture, 0, sizeof *picture);
  struct jpeg_decompress_struct jpeg;
  struct jpeg_failure failure;
  memset(&jpeg, 0, sizeof jpeg);
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = jpeg_failed;
  failure.manager.emit_message = jpeg_warned;
  failure.message = message;
  if (setjmp(failure.escape)) {
    jpeg_destroy_decompress(&jpeg);
    ci_free(picture);
    return 1;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, bytes, count);
  jpeg_read_header(&jpeg, TRUE);
  picture->width = jpeg.image_width;
  picture->height = jpeg.image_height;
  if (is_too_large(picture, pixel_limit, message)) longjmp(failure.escape, 1);
  jpeg.out_color_space = jpeg.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  picture->width = jpeg.output_width;
  picture->height = jpeg.output_height;
  picture->channels = jpeg.output_components;
  if (allocate(picture, message)) longjmp(failure.escape, 1);
  size_t row_size = (size_t)picture->width * picture->channels;
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = picture->pixels + jpeg.output_scanline * row_size;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return 0;
}
