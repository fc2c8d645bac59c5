#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

const char *cdcmtk_header_placeholder(void);

#ifdef __cplusplus
}
#endif
