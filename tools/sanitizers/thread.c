/* What ThreadSanitizer has to be told of a program in Swift: loaded before it by LD_PRELOAD, for tools/check --sanitize=thread.

   Swift's Mutex is inlined, and seen, while nobody waits; who waits is served by libswiftSynchronization, which is built without
   the sanitizer: each access under a lock that was waited for would be a race. And a thread that is cancelled within a call, as
   libfuse ends its own, leaves the sanitizer's bookkeeping open, which ends the process: it is woken instead, for it looks whether
   its session is over. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
/* Synchronization._MutexHandle._lockSlow(UInt32) and _unlockSlow() of Swift 6. */
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

/* Of the sanitizer; programs without it are started too. */
void __tsan_acquire(void *) __attribute__((weak));
void __tsan_release(void *) __attribute__((weak));

SWIFT void lock(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void unlock(SELF void *mutex) __asm__(UNLOCK);

SWIFT void lock(uint32_t thread, SELF void *mutex) {
    SWIFT void (*library)(uint32_t, SELF void *) = dlsym(RTLD_NEXT, LOCK);
    library(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock(SELF void *mutex) {
    SWIFT void (*library)(SELF void *) = dlsym(RTLD_NEXT, UNLOCK);
    if (__tsan_release) __tsan_release(mutex);
    library(mutex);
}

static void wake(int signal) { (void)signal; }

int pthread_cancel(pthread_t thread) {
    struct sigaction action = {.sa_handler = wake};
    sigaction(SIGURG, &action, 0);
    /* More than once: it may be on its way into the call that it waits in. */
    for (int turn = 0; turn < 3; turn++) {
        pthread_kill(thread, SIGURG);
        usleep(5000);
    }
    return 0;
}
