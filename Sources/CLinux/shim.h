#pragma once
#include <linux/falloc.h>
#include <linux/stat.h>
#include <malloc.h>
#include <sys/types.h>

/* GNU extension of fcntl.h: fallocate(2). */
int fallocate(int file, int mode, off_t offset, off_t length);

/* GNU extension of fcntl.h: sync_file_range(2); 2 is SYNC_FILE_RANGE_WRITE. */
int sync_file_range(int file, off_t offset, off_t length, unsigned int flags);

/* GNU extension of sys/stat.h: statx(2). */
int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *status);

/* GNU extension of sys/mman.h: memfd_create(2); 1 is MFD_CLOEXEC. */
int memfd_create(const char *name, unsigned int flags);
