import DICOMArchive
package import FUSE
import Glibc

extension ArchiveTree {
    package func readDirectory(_ node: UInt64, after cookie: UInt64, _ reply: consuming DirectoryReply) {
        let node = NodeID(rawValue: node)
        var page = reply
        do {
            guard let own = try attributes(of: node) else { throw ErrorNumber(ESTALE) }
            guard own.isDirectory else { throw ErrorNumber(ENOTDIR) }
            var goOn = true
            if cookie < Cookie.dot { goOn = page.add(".", own, cookie: Cookie.dot) }
            if goOn, cookie < Cookie.dotDot {
                // The kernel looks the parent up by itself; only the number is shown.
                let parent = try parent(of: node) ?? .root
                let above = Attributes(node: parent.rawValue, isDirectory: true, modified: 0)
                goOn = page.add("..", above, cookie: Cookie.dotDot, isKnown: false)
            }
            if goOn { try list(node, after: cookie, &page) }
            page.send()
        } catch {
            page.fail(ErrorNumber(error).code)
        }
    }

    private func list(_ node: NodeID, after cookie: UInt64, _ page: inout DirectoryReply) throws {
        switch node.original.kind {
        case .fixed where node == .root:
            if options.views == .listed, cookie < Cookie.views, let views = try attributes(of: .views),
                !page.add(Self.viewsName, views, cookie: Cookie.views)
            {
                return
            }
            try listDirectories(of: node, .patient, after: cookie, &page)
        case .patient: try listDirectories(of: node, .study, after: cookie, &page)
        case .study: try listDirectories(of: node, .series, after: cookie, &page)
        case .series: try listInstances(of: node, after: cookie, &page)
        case .frames: try listFrames(of: node, after: cookie, &page)
        default: try listView(node, after: cookie, &page)
        }
    }

    private func listDirectories(
        of parent: NodeID, _ kind: NodeID.Kind, after cookie: UInt64, _ page: inout DirectoryReply
    ) throws {
        let isKnown = try !isLarge(parent)
        // Before the rows are read, which the cursor fixes at its start.
        let changes = held.changes
        let (original, view) = (parent.original, parent.view)
        // Not masked: after the last payload comes nothing.
        let first = NodeID(rawValue: NodeID(kind, 0).rawValue + Cookie.firstPayload(after: cookie))
        try archive.entries(of: original, from: first) { child, entry in
            var entry = entry
            let node = child.seen(in: view)
            if isKnown {
                held.hold(node)
                // A change since then was perhaps not made known, when the child was not held yet: read it again.
                if held.changes != changes { entry = try archive.entry(of: child, in: original) ?? entry }
            }
            // What has gone meanwhile has no name.
            guard let name = view == .uid ? try archive.viewNames(child)?.uid : entry.name else { return true }
            let attributes = Attributes(node: node.rawValue, isDirectory: true, modified: entry.modified)
            return page.add(name, attributes, cookie: Cookie.of(child, 0), isKnown: isKnown)
        }
    }

    private func listInstances(of series: NodeID, after cookie: UInt64, _ page: inout DirectoryReply) throws {
        let isKnown = try !isLarge(series)
        // An instance whose last entry has not been listed is looked at again.
        let first = NodeID(.dicom, Cookie.firstPayload(notBefore: cookie))
        try archive.entries(of: series.original, from: first) { node, entry in
            guard let name = series.view == .uid ? try archive.viewNames(node)?.uid : entry.name else { return true }
            return try add(node, entry, name, in: series, after: cookie, isKnown: isKnown, &page)
        }
    }

    /// Adds those entries of an instance that listings show and that come after a cookie; false when one does not fit.
    func add(
        _ instance: NodeID, _ entry: EntryRow, _ stem: String, in directory: NodeID, after cookie: UInt64,
        isKnown: Bool,
        _ page: inout DirectoryReply
    ) throws -> Bool {
        let entries = InstanceEntries(row: entry, images: options.images)
        for kind in InstanceEntries.kinds {
            let next = Cookie.of(instance, kind.place)
            guard next > cookie, options.listed.contains(kind.file), let suffix = entries.suffix(kind) else { continue }
            let node = instance.of(kind.node).seen(in: directory.view)
            guard let attributes = entries.attributes(of: node) else { continue }
            // The size of JSON is not known without making it.
            let isKnown = isKnown && kind.node != .json
            guard page.add(stem + suffix, attributes, cookie: next, isKnown: isKnown) else { return false }
        }
        return true
    }

    private func listFrames(of frames: NodeID, after cookie: UInt64, _ page: inout DirectoryReply) throws {
        guard let entry = try instance(of: frames) else { throw ErrorNumber(ESTALE) }
        let entries = InstanceEntries(row: entry, images: options.images)
        let isKnown = entry.frames <= Self.manyChildren
        var number = Int(Cookie.firstPayload(after: cookie))
        while number < entry.frames {
            let node = NodeID.frame(ordinal: entry.frameOrdinal, number: number + 1)
            guard let attributes = entries.attributes(of: node) else { return }
            let next = Cookie.of(payload: UInt64(number), 0)
            guard page.add(InstanceEntries.frameName(number + 1), attributes, cookie: next, isKnown: isKnown) else {
                return
            }
            number += 1
        }
    }

    /// Of a directory with more children the kernel is given names only, and no inode to keep for each.
    private static let manyChildren = 20_000

    private func isLarge(_ directory: NodeID) throws -> Bool {
        try Self.isLarge { next in try archive.entries(of: directory.original) { child, _ in try next(child) } }
    }

    /// Whether there are many children, about: told from how close the first ones lie, since payloads are digests and
    /// spread evenly.
    ///
    /// - Parameter list: gives them in order, until told to stop.
    static func isLarge(_ list: ((NodeID) throws -> Bool) throws -> Void) throws -> Bool {
        let sample = 16
        var count = 0
        var last: UInt64 = 0
        try list { child in
            count += 1
            last = child.payload
            return count < sample
        }
        return count == sample && last < UInt64(sample) << NodeID.payloadBits / UInt64(manyChildren)
    }
}

/// Where a listing goes on: the only state between two READDIR requests, so it names the entry and not its place.
///
/// `(payload + 1) << 2 | place`: the payload of the child's node id (of a frame its number, from 0), and the place of the
/// entry among those of the same instance. Entries come and go without moving others.
enum Cookie {
    /// After `.`
    static let dot: UInt64 = 1
    /// After `..`
    static let dotDot: UInt64 = 2
    /// After `.views` in the root, which comes before all patients.
    static let views: UInt64 = 3

    static func of(_ node: NodeID, _ place: Int) -> UInt64 { of(payload: node.payload, place) }

    static func of(payload: UInt64, _ place: Int) -> UInt64 { (payload + 1) << 2 | UInt64(place) }

    /// The first payload after the one of a cookie.
    static func firstPayload(after cookie: UInt64) -> UInt64 { cookie >> 2 }

    /// The payload of a cookie, of which entries may be left.
    static func firstPayload(notBefore cookie: UInt64) -> UInt64 { max(cookie >> 2, 1) - 1 }
}
