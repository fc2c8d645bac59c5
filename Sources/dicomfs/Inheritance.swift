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
    /// The settings; nil from a supervisor of a release that had none.
    var settings: Int32?
    /// The socket that listens for associations with TLS.
    var tls: Int32?

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
    var descriptors: [Int32] { [device, lock, supervisor] + [dicom, settings, tls].compactMap { $0 } }

    /// Of the hand-over; other fields are another version.
    private static let version: Int32 = 1

    /// As an argument: numbers separated by commas.
    var argument: String {
        "\(Self.version),\(device),\(lock),\(supervisor),\(dicom ?? -1),\(past.rawValue)"
            + (settings.map { ",\($0)" + (tls.map { ",\($0)" } ?? "") } ?? "")
    }

    init(
        device: Int32, lock: Int32, supervisor: Int32, dicom: Int32?, past: Past, settings: Int32?, tls: Int32? = nil
    ) {
        self.device = device
        self.lock = lock
        self.supervisor = supervisor
        self.dicom = dicom
        self.past = past
        self.settings = settings
        self.tls = tls
    }

    /// - Throws: when the argument is of another version, or names descriptors that are not open.
    init(argument: String) throws(ExitStatus) {
        let numbers = argument.split(separator: ",").compactMap { Int32($0) }
        guard (6...8).contains(numbers.count), numbers[0] == Self.version, let past = Past(rawValue: numbers[5]) else {
            throw ExitStatus(
                code: EX_SOFTWARE,
                message: "this program cannot take over from the one that runs; stop serve and start it again")
        }
        self.init(
            device: numbers[1], lock: numbers[2], supervisor: numbers[3], dicom: numbers[4] < 0 ? nil : numbers[4],
            past: past, settings: numbers.count > 6 ? numbers[6] : nil, tls: numbers.count > 7 ? numbers[7] : nil)
        guard descriptors.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
            throw ExitStatus(code: EX_USAGE, message: "--worker is for serve's own use")
        }
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
