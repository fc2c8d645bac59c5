import FUSE
import Glibc

/// What a worker gets from its supervisor: open descriptors, named in an argument of the worker's.
struct Inheritance {
    /// /dev/fuse.
    var device: Int32
    /// The archive's lock.
    var lock: Int32
    /// A socket to the supervisor. The kernel's first request comes there; the worker says that it is ready, and ends when
    /// the other end does.
    var supervisor: Int32
    /// The socket that listens for associations.
    var dicom: Int32?
    /// Whether the worker before has told the kernel everything that changed.
    var isComplete: Bool

    /// All descriptors.
    var descriptors: [Int32] { [device, lock, supervisor] + (dicom.map { [$0] } ?? []) }

    /// As an argument: numbers separated by commas.
    var argument: String {
        "\(device),\(lock),\(supervisor),\(dicom ?? -1),\(isComplete ? 1 : 0)"
    }

    init(device: Int32, lock: Int32, supervisor: Int32, dicom: Int32?, isComplete: Bool) {
        self.device = device
        self.lock = lock
        self.supervisor = supervisor
        self.dicom = dicom
        self.isComplete = isComplete
    }

    /// Nil when the argument is none, or names descriptors that are not open.
    init?(argument: String) {
        let numbers = argument.split(separator: ",").compactMap { Int32($0) }
        guard numbers.count == 5 else { return nil }
        self.init(
            device: numbers[0], lock: numbers[1], supervisor: numbers[2], dicom: numbers[3] < 0 ? nil : numbers[3],
            isComplete: numbers[4] == 1)
        guard descriptors.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else { return nil }
    }

    /// Takes the connection to the kernel; nil when it is none.
    func connection() -> Connection? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(supervisor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let request = bytes.withUnsafeBytes { Initialization(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        return request.map { Connection(descriptor: device, initialization: $0) }
    }
}
