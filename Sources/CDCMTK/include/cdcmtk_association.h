#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

const char *cdcmtk_association_placeholder(void);

#ifdef __cplusplus
}
#endif
