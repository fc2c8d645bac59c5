import Glibc

/// The wall clock.
package enum Clock {
    /// Nanoseconds since 1970-01-01 UTC (clock_gettime(2), CLOCK_REALTIME).
    package static func nanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
