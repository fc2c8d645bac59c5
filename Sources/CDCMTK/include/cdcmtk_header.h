#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The VR of a standard tag in DCMTK's data dictionary, its first letter in the upper 8 bits; 0 when unknown. Any thread.
uint16_t cdcmtk_dictionary_vr(uint16_t group, uint16_t element);

/// Writes the keyword of a standard tag into `name` of `capacity` bytes, NUL included; 0 when unknown or too long. Any thread.
int cdcmtk_dictionary_keyword(uint16_t group, uint16_t element, char *name, size_t capacity);

/// The standard tag with a keyword: the group in the upper 16 bits; 0 when unknown. Any thread.
uint32_t cdcmtk_dictionary_tag(const char *keyword);

#ifdef __cplusplus
}
#endif
