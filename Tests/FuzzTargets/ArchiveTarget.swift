import DICOM
import DICOMArchive
import Foundation
import Glibc
import TestSupport

/// A file that is imported: refused with a sentence, or read back as it was, with its images and its JSON.
final class ArchiveTarget: FuzzTarget {
    static var seeds: [[UInt8]] { Fuzz.files }

    private let test: FuzzedArchive
    private var archive: Archive { test.archive }
    private var rounds = 0

    init() throws { test = try FuzzedArchive() }

    func problems(with input: [UInt8]) throws -> [String] {
        var problems: [String] = []
        let path = try test.folder.write("input.dcm", input)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        do throws(ArchiveError) {
            let outcome = try archive.importFile(file, name: "input.dcm")
            problems += try whatIsWrong(with: outcome.instance, input)
            try empty()
        } catch {
            if error.code != .refused, error.code != .notAnInstance { problems.append("\(error)") }
        }
        rounds += 1
        if rounds % 256 == 0 { problems += try archive.verify { _ in }.problems }
        return problems
    }

    private func empty() throws(ArchiveError) {
        do { try test.empty() } catch { throw ArchiveError(error) }
    }

    private func whatIsWrong(with id: OrthancIdentifier, _ input: [UInt8]) throws(ArchiveError) -> [String] {
        guard let node = try archive.node(of: id, .instance), let file = try archive.file(node) else {
            return ["it is stored and not there"]
        }
        var problems: [String] = []
        var bytes: [UInt8] = []
        do {
            try file.read(0..<file.size, from: archive.store) { piece in
                piece.withUnsafeBytes { bytes.append(contentsOf: $0) }
            }
        } catch {
            throw ArchiveError(error)
        }
        if bytes != input { problems.append("other bytes come back") }
        if let json = try archive.json(node.of(.json)), (try? JSONSerialization.jsonObject(with: Data(json))) == nil {
            problems.append("its .json is no JSON")
        }
        if let document = file.recipe.document {
            var count = 0
            do {
                try file.withDocumentPieces(0..<file.size, from: archive.store) {
                    count = $0.reduce(0) { $0 + $1.count }
                }
            } catch {
                throw ArchiveError(error)
            }
            if count != Int(document.size) { problems.append("the document has \(count) bytes, not \(document.size)") }
        }
        guard let pixels = file.recipe.pixels, pixels.pngSize > 0 else { return problems }
        for frame in Set([1, 2, pixels.numberOfFrames]) where frame <= pixels.numberOfFrames {
            let one = pixels.numberOfFrames == 1 ? node.of(.png) : try image(frame, of: node)
            for (isRaw, size) in [(false, pixels.pngSize), (true, pixels.rawSize)] where size > 0 {
                do throws(ArchiveError) {
                    guard let image = try archive.image(one, isRaw: isRaw) else {
                        problems.append("frame \(frame) has no image")
                        continue
                    }
                    if image.bytes.count != Int(size) {
                        problems.append("the image of frame \(frame) has \(image.bytes.count) bytes, not \(size)")
                    }
                } catch  where error.code == .undecodable || error.code == .refused {
                    // The pixels are broken, or an image of theirs would take too much memory.
                }
            }
        }
        return problems
    }

    private func image(_ number: Int, of node: NodeID) throws(ArchiveError) -> NodeID {
        guard let parent = try archive.parent(of: node), let entry = try archive.entry(of: node, in: parent) else {
            throw ArchiveError(.damaged, "no entry")
        }
        return .frame(ordinal: entry.frameOrdinal, number: number)
    }
}
