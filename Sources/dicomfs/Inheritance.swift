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
    /// What became of the worker before.
    var past: Past

    /// How far the kernel knows what is in the archive.
    enum Past: Int32 {
        /// The mount is new: it knows nothing.
        case none
        /// It was told everything that changed.
        case complete
        /// Perhaps it was not.
        case incomplete
    }

    /// All descriptors.
    var descriptors: [Int32] { [device, lock, supervisor] + (dicom.map { [$0] } ?? []) }

    /// As an argument: numbers separated by commas.
    var argument: String {
        "\(device),\(lock),\(supervisor),\(dicom ?? -1),\(past.rawValue)"
    }

    init(device: Int32, lock: Int32, supervisor: Int32, dicom: Int32?, past: Past) {
        self.device = device
        self.lock = lock
        self.supervisor = supervisor
        self.dicom = dicom
        self.past = past
    }

    /// Nil when the argument is none, or names descriptors that are not open.
    init?(argument: String) {
        let numbers = argument.split(separator: ",").compactMap { Int32($0) }
        guard numbers.count == 5, let past = Past(rawValue: numbers[4]) else { return nil }
        self.init(
            device: numbers[0], lock: numbers[1], supervisor: numbers[2], dicom: numbers[3] < 0 ? nil : numbers[3],
            past: past)
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
