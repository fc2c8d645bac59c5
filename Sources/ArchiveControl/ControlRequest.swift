package import DICOMArchive
import Glibc

/// What a command asks of an archive, in place or through the process that serves it.
package enum ControlRequest: Codable, Sendable {
    /// The resources of a level, all or those under one. Events: ``ControlEvent/resource(_:)``.
    case list(level: Level, under: String?)
    /// One resource. Event: ``ControlEvent/resource(_:)``.
    case show(id: String)
    /// The files that exporting a resource writes, with all versions or the current ones. Events: ``ControlEvent/file(_:)``.
    case files(id: String, allVersions: Bool)
    /// Write one of them to the open file that goes with the request.
    case write(node: UInt64, name: String)
    /// Write the data set of one of them, in a transfer syntax, to the open file that goes with the request, or the pipe.
    case writeDataSet(node: UInt64, transferSyntaxUID: String, name: String)
    /// Write the picture of a frame as a compressed PNG to the open file that goes with the request.
    case render(id: String, RenderOptions, name: String)
    /// Store the open file that goes with the request. Event: ``ControlEvent/imported(_:)``.
    case importFile(name: String)
    /// Store what comes over the socket that goes with the request, in frames: four bytes length, big endian, then so many bytes;
    /// an empty frame is the end. Event: ``ControlEvent/imported(_:)``.
    case importStream(name: String, sender: StoreSender? = nil)
    /// Remove a resource. Event: ``ControlEvent/deleted(instances:)``.
    case delete(id: String)
    /// Event: ``ControlEvent/statistics(_:)``.
    case statistics
    /// Events: ``ControlEvent/verified(_:isDone:)``, the last one done.
    case verify(VerificationScope)
    /// Remove the chunks of what was deleted. Event: ``ControlEvent/swept(chunks:bytes:freed:held:)``.
    case sweep
    /// Files that hold the archive as of now, to be copied by who asks. Event: ``ControlEvent/checkpoint(folder:)``; they go
    /// when the client asks for something else, or goes away.
    case checkpoint
    /// The report on a storage commitment that we requested, when it arrives within so many milliseconds. Event:
    /// ``ControlEvent/commitmentReport(dataSet:transferSyntaxUID:)``, or none; before it ``ControlEvent/waiting``.
    case awaitReport(transactionUID: String, milliseconds: Int)
    /// Nothing: ends a ``checkpoint``.
    case release
    /// What is stored and deleted from now on, without end; only of the process that serves. Events:
    /// ``ControlEvent/watching``, then ``ControlEvent/changed(_:)``.
    case watch
    /// What the process that serves has done so far. Event: ``ControlEvent/live(_:)``.
    case live
}

/// What an archive answers to a ``ControlRequest``: any number of events, the last of which is `done` or `failed`.
package enum ControlEvent: Codable, Sendable {
    case resource(ResourceDescription)
    case file(ExportFile)
    case imported(ImportResult)
    case deleted(instances: Int)
    case statistics(ArchiveStatistics)
    case verified(Verification, isDone: Bool)
    case swept(chunks: Int, bytes: UInt64, freed: UInt64, held: UInt64)
    case checkpoint(folder: String)
    case commitmentReport(dataSet: [UInt8], transferSyntaxUID: String)
    /// Nothing yet: once a second, by which it is noticed that the client has gone away.
    case waiting
    /// Nothing that is committed after this is missed.
    case watching
    case changed(ArchiveChange)
    case live(LiveStatistics)
    case done
    case failed(Failure)
}

extension ControlEvent {
    /// Whether it says that the work goes on, which may then end in the middle as well.
    var isProgress: Bool {
        switch self {
        case .verified(_, isDone: false), .waiting: true
        default: false
        }
    }
}

/// An error as it goes over the control socket.
package struct Failure: Error, Codable, Sendable, CustomStringConvertible {
    /// The part of the codes of `ArchiveError` that commands tell apart.
    package enum Code: String, Codable, Sendable {
        case noArchive, inUse, notFound, notAnInstance, refused, noSpace, other
        /// The process that serves ended before it answered.
        case ended
    }

    /// What kind.
    package var code: Code
    /// A sentence that names the object and says what to do.
    package var description: String

    /// An error with a sentence of its own.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// An archive's error.
    package init(_ error: ArchiveError) {
        let code: Code =
            switch error.code {
            case .noArchive: .noArchive
            case .inUse: .inUse
            case .notFound: .notFound
            case .notAnInstance: .notAnInstance
            case .refused: .refused
            case .noSpace: .noSpace
            default: .other
            }
        self.init(code, error.description)
    }
}

/// What ``ControlRequest/render(id:_:name:)`` is to show.
package struct RenderOptions: Codable, Sendable {
    /// Counted from 1.
    package var frame: Int
    private var windowCenter: Double?
    private var windowWidth: Double?
    /// The stored values in 16 bits.
    package var isRaw: Bool
    /// The instance's overlays on top.
    package var hasOverlays: Bool

    package init(frame: Int, window: (center: Double, width: Double)?, isRaw: Bool, hasOverlays: Bool) {
        self.frame = frame
        windowCenter = window?.center
        windowWidth = window?.width
        self.isRaw = isRaw
        self.hasOverlays = hasOverlays
    }

    /// A VOI window instead of the instance's own.
    package var window: (center: Double, width: Double)? {
        guard let windowCenter, let windowWidth else { return nil }
        return (windowCenter, windowWidth)
    }
}

/// Who sent an instance, where it came by C-STORE, and as what.
package struct StoreSender: Codable, Sendable {
    package var callingAETitle: String
    /// Numeric.
    package var host: String
    /// What the command named: a data set with another is not stored.
    package var sopInstanceUID: String

    package init(callingAETitle: String, host: String, sopInstanceUID: String) {
        self.callingAETitle = callingAETitle
        self.host = host
        self.sopInstanceUID = sopInstanceUID
    }
}

/// A file that an export writes.
package struct ExportFile: Codable, Sendable {
    /// Its node id.
    package var node: UInt64
    /// Where it is in the tree, from the exported resource's own name on.
    package var path: String
    /// Bytes.
    package var size: UInt64
    /// Nanoseconds since 1970.
    package var modified: UInt64
    package var sopClassUID: String
    package var sopInstanceUID: String
    /// What its data set is stored in.
    package var transferSyntaxUID: String
}

extension ExportFile {
    /// Gives an open file the time of this one.
    package func setTime(of descriptor: Int32) {
        let time = timespec(tv_sec: Int(modified / 1_000_000_000), tv_nsec: Int(modified % 1_000_000_000))
        var times = [time, time]
        futimens(descriptor, &times)
    }
}

/// What became of an imported file.
package enum ImportResult: Codable, Sendable {
    case stored(id: String)
    case alreadyStored(id: String)
    case newVersion(id: String, number: Int)
}
