/// A level of the DICOM information model (PS3.3 A.1.2), as it is numbered in rows and node ids.
package enum Level: UInt8, CaseIterable, Codable, Comparable, Sendable {
    case patient = 1
    case study = 2
    case series = 3
    case instance = 4

    /// The level's name in lower case, as commands use it.
    package var name: String { "\(self)" }

    /// The level of its members; nil for instances.
    package var child: Level? { Level(rawValue: rawValue + 1) }

    /// The level of what it is a member of; nil for patients.
    package var parent: Level? { Level(rawValue: rawValue - 1) }

    package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
}
