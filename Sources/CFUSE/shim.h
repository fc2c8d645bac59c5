#pragma once
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <unistd.h>

// read(2) as `fuse_custom_io` wants it. In C: libfuse cancels its threads while they wait here, and no frame of Swift may be
// on their stacks then.
static inline ssize_t dicomfs_device_read(int device, void *buffer, size_t size, void *context) {
    (void)context;
    return read(device, buffer, size);
}
