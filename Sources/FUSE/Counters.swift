import Glibc
import Synchronization

/// How many requests of each kind reached this process since the session began, and what they were given. Relaxed counts,
/// free to read at any time.
package struct Counters: ~Copyable, Sendable {
    package let lookUps = Counter()
    package let attributes = Counter()
    /// READDIR.
    package let directories = Counter()
    /// READDIRPLUS.
    package let directoriesPlus = Counter()
    package let reads = Counter()
    /// OPEN and OPENDIR: refused, so that the kernel opens by itself.
    package let opens = Counter()
    package let statistics = Counter()
    /// Nodes that the kernel has forgotten: FORGET and BATCH_FORGET.
    package let forgets = Counter()
    /// Bytes of files given to the kernel.
    package let bytesDelivered = Counter()
    /// Directory entries given to the kernel.
    package let entries = Counter()
    /// By errno(3), 0 to 255; the last stands for all above.
    private let errors = (0..<256).map { _ in Counter() }

    init() {}

    /// A request is answered with an errno(3) code.
    func fail(_ code: Int32) { errors[Int(min(max(code, 0), 255))].add() }

    /// How many requests were answered with each errno(3) code that any was, by name where it has one that programs here
    /// know.
    package var failures: [String: Int] {
        var failures: [String: Int] = [:]
        for (code, counter) in errors.enumerated() where counter.value > 0 {
            failures[Self.names[Int32(code)] ?? "errno \(code)", default: 0] += counter.value
        }
        return failures
    }

    private static let names = [
        EACCES: "EACCES", EINVAL: "EINVAL", EIO: "EIO", EISDIR: "EISDIR", ENAMETOOLONG: "ENAMETOOLONG",
        ENOENT: "ENOENT", EFBIG: "EFBIG",
        ENOSYS: "ENOSYS", ENOTDIR: "ENOTDIR", ENODATA: "ENODATA", EOPNOTSUPP: "EOPNOTSUPP", EPERM: "EPERM",
        EROFS: "EROFS", ESTALE: "ESTALE", ERANGE: "ERANGE",
    ]
}

/// A number that only grows.
package final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    /// How much was counted.
    package var value: Int { number.load(ordering: .relaxed) }

    func add(_ more: Int = 1) { number.wrappingAdd(more, ordering: .relaxed) }
}
