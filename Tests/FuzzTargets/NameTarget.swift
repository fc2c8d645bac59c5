import DICOM
import DICOMArchive
import Foundation
import TestSupport

/// The values that names are made of, in any character set, and names that are looked up.
///
/// An input is lines: the specific character set, patient id, patient's name, study and series description, a UID, a date.
final class NameTarget: FuzzTarget {
    private let test: FuzzedArchive

    init() throws { test = try FuzzedArchive() }

    static var seeds: [[UInt8]] {
        [
            "ISO_IR 192\nP1\nDoe^Jane\nHead/Neck\nT1 \u{301}\n1.2.3\n20260101",
            "\\ISO 2022 IR 87\n1\nYamada^Tarou=\u{1B}$B;3ED\u{1B}(B^\u{1B}$BB@O:\u{1B}(B\n\n\n1.2.3\n2026",
            "\\ISO 2022 IR 149\n\nHong^Gildong=\u{1B}$)C^\n..\n.\n1.2.3\nunknown", "GB18030\n-rf\nCON.1\n\u{1}\n\n\n",
            "ISO_IR 100\nA\\B\n\u{202E}gpj.exe\nnul\naux\n1.2\n00010101",
        ].map { Array($0.utf8) }
    }

    private static let tags: [(Tag, VR)] = [
        (.specificCharacterSet, .cs), (.patientID, .lo), (.patientName, .pn), (.studyDescription, .lo),
        (.seriesDescription, .lo), (.studyInstanceUID, .ui), (.studyDate, .da),
    ]

    func problems(with input: [UInt8]) throws -> [String] {
        let lines = input.split(separator: 0x0A, maxSplits: 15, omittingEmptySubsequences: false).map {
            Array($0.prefix(4000))
        }
        var problems: [String] = []
        for line in lines { try lookUp(String(decoding: line, as: UTF8.self)) }
        guard try store(lines) else { return [] }
        try visit(.root, .patient, depth: 0, &problems)
        try test.empty()
        return problems
    }

    private func store(_ lines: [[UInt8]]) throws -> Bool {
        var values: [(tag: Tag, vr: VR, value: [UInt8])] = [
            (.sopClassUID, .ui, Array("1.2.840.10008.5.1.4.1.1.7".utf8)), (.sopInstanceUID, .ui, Array("1.2.3.4".utf8)),
            (.seriesInstanceUID, .ui, Array("1.2.3".utf8)),
        ]
        for ((tag, vr), line) in zip(Self.tags, lines) {
            values.append((tag, vr, line + (line.count % 2 == 1 ? [0x20] : [])))
        }
        if lines.count <= 5 { values.append((.studyInstanceUID, .ui, Array("1.2".utf8))) }
        var set = DataSetBuilder()
        for (tag, vr, value) in values.sorted(by: { $0.tag < $1.tag }) { set.element(tag, vr, value) }
        let ingest = test.archive.beginInstance(
            head: .newest, transferSyntaxUID: "1.2.840.10008.1.2.1", sender: Sender(kind: .store))
        do throws(ArchiveError) {
            try ingest.receive(set.bytes.span.bytes)
            _ = try ingest.prepare().commit()
            return true
        } catch {
            guard error.code == .refused else { throw error }
            return false
        }
    }

    /// Names as hostile as what they are made of.
    private func lookUp(_ name: String) throws {
        let archive = test.archive
        _ = try archive.entry(named: name, kind: .patient, in: .root)
        _ = try archive.study(named: name)
        _ = try archive.study(uid: name)
        _ = try archive.instance(id: name)
        for whole in [nil, DatePart(year: 2026), DatePart(year: 2026, month: 1)] { _ = DatePart.named(name, in: whole) }
        for whole in [nil, IDPart(0xAB)] { _ = IDPart.named(name, in: whole) }
    }

    private func visit(_ parent: NodeID, _ kind: NodeID.Kind, depth: Int, _ problems: inout [String]) throws {
        var names: [(node: NodeID, name: String)] = []
        try test.archive.entries(of: parent) { node, entry in
            names.append((node, entry.name))
            return true
        }
        if names.count != 1 { problems.append("\(names.count) entries at depth \(depth)") }
        for (node, name) in names {
            if !Self.isSafe(name) { problems.append("an unsafe name: \(name.debugDescription)") }
            if try test.archive.entry(named: name, kind: kind, in: parent)?.node != node {
                problems.append("\(name.debugDescription) is not found by its name")
            }
            let next: NodeID.Kind? = [.patient: .study, .study: .series, .series: .dicom][kind]
            if let next { try visit(node, next, depth: depth + 1, &problems) }
        }
    }

    /// Whether it can be a file on any system, of 255 bytes with the extension `.frames`.
    private static func isSafe(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return !bytes.isEmpty && bytes.count <= SafeName.maximumLength && bytes[0] != 0x2E && bytes[0] != 0x2D
            && !bytes.contains { $0 < 0x20 || $0 == 0x7F || "/\\:*?\"<>|".utf8.contains($0) }
            && Array(name.precomposedStringWithCanonicalMapping.utf8) == bytes
    }
}
