/// A person name asked for: compared without regard to case and accents, by component groups (PS3.5 section 6.2.1, PS3.4 section
/// C.2.2.2.1).
///
/// A key of one group is like any group of a name; of one with `=` each group that is not empty is like the name's group in its
/// place. Components that are empty at the end of a group do not count.
struct PersonNameKey: Sendable {
    private enum Group: Sendable {
        case any
        case exact([UInt32])
        case like(WildcardPattern, carets: Int)
    }

    private let groups: [Group]

    private static let caret = UInt32(UInt8(ascii: "^"))
    private static let space: UInt32 = 0x20

    /// The name asked for, wildcards in it.
    init(_ key: String) {
        groups = key.split(separator: "=", omittingEmptySubsequences: false).map { group in
            let folded = Self.folded(group)
            if folded.allSatisfy({ $0 == UInt32(UInt8(ascii: "*")) }) { return .any }
            guard WildcardPattern.isIn(folded) else { return .exact(folded) }
            return .like(WildcardPattern(folded), carets: folded.count { $0 == Self.caret })
        }
    }

    /// A name to be compared with any number of keys.
    struct Name {
        fileprivate let groups: [[UInt32]]

        init(_ name: String) {
            groups = name.split(separator: "=", omittingEmptySubsequences: false).map { PersonNameKey.folded($0) }
        }
    }

    /// Whether a name is like it.
    func matches(_ name: Name) -> Bool {
        if groups.count == 1, let group = groups.first { return name.groups.contains { Self.matches(group, $0) } }
        for (place, group) in groups.enumerated() {
            guard Self.matches(group, place < name.groups.count ? name.groups[place] : []) else { return false }
        }
        return true
    }

    private static func matches(_ group: Group, _ name: [UInt32]) -> Bool {
        switch group {
        case .any: return true
        case .exact(let text): return text == name
        case .like(let pattern, let carets):
            if name.isEmpty { return false }
            if pattern.matches(name) { return true }
            // Components asked for that the name ends before are empty: `Doe^*` is like `Doe`.
            let missing = carets - name.count { $0 == caret }
            return missing > 0 && pattern.matches(name + [UInt32](repeating: caret, count: missing))
        }
    }

    /// Folded, without spaces around components and without empty components at the end.
    private static func folded(_ group: Substring) -> [UInt32] {
        var result: [UInt32] = []
        for scalar in TextFolding.scalars(group) {
            if scalar == space, result.isEmpty || result.last == caret { continue }
            if scalar == caret { while result.last == space { result.removeLast() } }
            result.append(scalar)
        }
        while let last = result.last, last == caret || last == space { result.removeLast() }
        return result
    }
}
