#pragma once
#include <rocksdb/c.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** CRC-32C (RFC 3720, appendix B.4) of what `crc` is the checksum of, followed by `length` bytes; 0 for nothing. Any thread. */
uint32_t crocksdb_crc32c_extend(uint32_t crc, const void *bytes, size_t length);

/** Whether librocksdb, too, finds this function when it wants a checksum. */
int crocksdb_crc32c_is_used(void);

/**
 * Flushes the memtables of several column families together: `DB::Flush(FlushOptions, vector)`, which the C API of 7.8 lacks.
 * Atomic when the database was opened with `atomic_flush`. Returns when it is done; any thread. On failure `*error` is a sentence
 * to be freed with rocksdb_free().
 */
void crocksdb_flush_cfs(
    rocksdb_t *database, rocksdb_column_family_handle_t *const *families, size_t count, char **error);

#ifdef __cplusplus
}
#endif
