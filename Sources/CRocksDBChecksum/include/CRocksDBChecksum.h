#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** CRC-32C (RFC 3720, appendix B.4) of what `crc` is the checksum of, followed by `length` bytes; 0 for nothing. Any thread. */
uint32_t crocksdb_crc32c_extend(uint32_t crc, const void *bytes, size_t length);

/** Whether librocksdb, too, finds this function when it wants a checksum. */
int crocksdb_crc32c_is_used(void);

#ifdef __cplusplus
}
#endif
