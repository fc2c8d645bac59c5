import ArgumentParser
import FUSE

/// The options after `-o`, each known by name; an unknown one is an error.
struct MountOptions {
    private(set) var session = Session.Options()

    /// - Parameter lists: each with options separated by commas.
    init(_ lists: [String]) throws(ValidationError) {
        for option in lists.flatMap({ $0.split(separator: ",") }) {
            let parts = option.split(separator: "=", maxSplits: 1).map { String($0) }
            let value = parts.count > 1 ? parts[1] : nil
            switch parts[0] {
            case "allow_other" where value == nil: session.allowOther = true
            case "ro" where value == nil: break
            case "uid": session.ownership.user = try Self.number(option, value)
            case "gid": session.ownership.group = try Self.number(option, value)
            case "umask":
                guard let mask = value.flatMap({ UInt32($0, radix: 8) }), mask <= 0o777 else {
                    throw ValidationError("-o \(option): umask takes an octal number up to 777.")
                }
                session.ownership.mask = mask
            case "timeout":
                guard let seconds = value.flatMap({ Double($0) }), seconds >= 0, seconds <= 1e9 else {
                    throw ValidationError("-o \(option): timeout takes a number of seconds.")
                }
                session.timeout = seconds
            default:
                throw ValidationError("-o \(option): unknown mount option; see dicomfs serve --help.")
            }
        }
    }

    private static func number(_ option: Substring, _ value: String?) throws(ValidationError) -> UInt32 {
        guard let number = value.flatMap({ UInt32($0) }) else { throw ValidationError("-o \(option): takes a number.") }
        return number
    }
}
