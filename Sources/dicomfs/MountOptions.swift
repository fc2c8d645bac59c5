import ArchiveFS
import ArgumentParser
import FUSE

/// The options after `-o`, each known by name; an unknown one is an error.
struct MountOptions {
    private(set) var session = Session.Options()
    private(set) var tree = TreeOptions()

    /// - Parameter lists: each with options separated by commas.
    init(_ lists: [String]) throws(ValidationError) {
        var isInFiles = false
        for option in lists.flatMap({ $0.split(separator: ",") }) {
            let parts = option.split(separator: "=", maxSplits: 1).map { String($0) }
            let value = parts.count > 1 ? parts[1] : nil
            // The value of `files` has commas as well: the words after it are its own.
            if isInFiles, let file = TreeOptions.File(rawValue: String(option)) {
                tree.listed.insert(file)
                continue
            }
            isInFiles = false
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
            case "views":
                guard let views = value.flatMap({ TreeOptions.Views(rawValue: $0) }) else {
                    throw ValidationError("-o \(option): views takes hidden, listed or off.")
                }
                tree.views = views
            case "files":
                tree.listed = try Self.files(option, value)
                isInFiles = true
            case "png":
                guard let images = value.flatMap({ TreeOptions.Images(rawValue: $0) }) else {
                    throw ValidationError("-o \(option): png takes display, raw16 or off.")
                }
                tree.images = images
            default:
                throw ValidationError("-o \(option): unknown mount option; see dicomfs serve --help.")
            }
        }
    }

    private static func number(_ option: Substring, _ value: String?) throws(ValidationError) -> UInt32 {
        guard let number = value.flatMap({ UInt32($0) }) else { throw ValidationError("-o \(option): takes a number.") }
        return number
    }

    /// The kinds in `dcm`, or in `dcm+png`: for fstab and others who do not want a comma there.
    private static func files(_ option: Substring, _ value: String?) throws(ValidationError) -> Set<TreeOptions.File> {
        var files: Set<TreeOptions.File> = []
        for word in (value ?? "").split(separator: "+", omittingEmptySubsequences: false) {
            guard let file = TreeOptions.File(rawValue: String(word)) else {
                throw ValidationError(
                    "-o \(option): files takes dcm, png, doc and json, with commas or + between them.")
            }
            files.insert(file)
        }
        return files
    }
}
