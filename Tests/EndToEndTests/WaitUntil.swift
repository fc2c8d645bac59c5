import Glibc

/// Waits until something is so, for 30 seconds at most; whether it came to be.
func waitUntil(_ isSo: () -> Bool) -> Bool {
    for _ in 0..<3000 {
        if isSo() { return true }
        usleep(10_000)
    }
    return isSo()
}
