#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An element to be put into a data set, in place of the one that is there: US when `text` is NULL, else of the VR that the data
 * dictionary has; or to be taken out. */
typedef struct {
    uint16_t group;
    uint16_t element;
    int is_removal;
    const char *text;
    uint16_t number;
} cdcmtk_edit;

/** Writes elements as another transfer syntax has them, by DCMTK; sequences with undefined length.
 *
 * `bytes` are whole elements in the order of their tags, but no pixel data. `from` and `to` are UIDs of transfer syntaxes that are
 * not deflated. The result goes to `take`, in pieces that must be copied. Any thread; no exception leaves it. 0 when that
 * fails, with a sentence in `error` (`error_size` bytes). */
int cdcmtk_reencode(
    const void *bytes, size_t length, const char *from, const char *to, const cdcmtk_edit *edits, size_t edit_count,
    void *context, void (*take)(void *context, const void *bytes, size_t length), char *error, size_t error_size);

#ifdef __cplusplus
}
#endif
