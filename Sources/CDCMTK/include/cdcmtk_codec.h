#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* DCMTK's codecs for one frame of an image. Any thread; no exception leaves them, nothing is logged. */

/** How a frame is compressed, and so which codec takes it. */
typedef enum {
    /** PS3.5 annex G. */
    cdcmtk_coding_rle = 0,
    /** ISO 10918-1: all processes that are not lossless, hierarchical or arithmetic. */
    cdcmtk_coding_jpeg_baseline = 1,
    cdcmtk_coding_jpeg_extended = 2,
    cdcmtk_coding_jpeg_progressive = 3,
    /** Process 14, any predictor. Encoding: selection value 1. */
    cdcmtk_coding_jpeg_lossless = 4,
    /** ISO 14495-1. */
    cdcmtk_coding_jpeg_ls = 5,
} cdcmtk_coding;

/** What the samples of a frame are: values of the Image Pixel module (PS3.3 C.7.6.3). Colours are by pixel. */
typedef struct {
    uint16_t rows;
    uint16_t columns;
    /** 1 or 3. */
    uint16_t samples_per_pixel;
    /** 8, 16 or, with RLE, 32. */
    uint16_t bits_allocated;
    uint16_t bits_stored;
    int is_signed;
} cdcmtk_frame;

/** Decodes a frame: samples in the processor's byte order, of colours as they are in the codestream.
 *
 * `bytes` is the whole codestream, `samples` has room for `capacity` bytes: those of the frame, and one more when they are odd.
 * 0 when that fails, with a sentence in `error` (`error_size` bytes). */
int cdcmtk_decode(
    cdcmtk_coding coding, const cdcmtk_frame *frame, const void *bytes, size_t length, void *samples, size_t capacity,
    char *error, size_t error_size);

/** Encodes a frame without loss; gives the codestream to `take`, which must copy it. 0 when that fails. */
int cdcmtk_encode(
    cdcmtk_coding coding, const cdcmtk_frame *frame, const void *samples, size_t length, void *context,
    void (*take)(void *context, const void *bytes, size_t length), char *error, size_t error_size);

#ifdef __cplusplus
}
#endif
