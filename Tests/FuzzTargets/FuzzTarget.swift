/// A way into dicomfs for hostile bytes, and what must hold whatever they are. Used by one thread.
package protocol FuzzTarget: AnyObject {
    /// Inputs that lead far in.
    static var seeds: [[UInt8]] { get }

    init() throws

    /// Feeds one input; a sentence for each thing that does not hold.
    func problems(with input: [UInt8]) throws -> [String]
}

/// All of them.
package enum FuzzTargets {
    /// By name.
    package static var all: [String: any FuzzTarget.Type] {
        [
            "archive": ArchiveTarget.self, "association": AssociationTarget.self, "control": ControlTarget.self,
            "header": HeaderTarget.self, "names": NameTarget.self,
        ]
    }
}
