import ContentStore
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct FuzzTests {
    @Test func `a broken file is refused with a sentence, or comes back unchanged and makes its images`() throws {
        let test = try ArchiveUnderTest()
        try Fuzz(rounds: 300, name: "archive").run { input, _ in
            let outcome: IngestOutcome
            do throws(ArchiveError) {
                outcome = try test.archiveImport(input)
            } catch {
                #expect(error.code == .refused || error.code == .notAnInstance, "\(error)")
                #expect(!error.description.isEmpty)
                return
            }
            guard case .stored = outcome.result else { return }
            let node = try test.node(outcome)
            let bytes = try #require(try test.bytes(node))
            #expect(bytes == input)
            let pixels = try #require(try test.archive.file(node)).recipe.pixels
            guard let pixels, pixels.pngSize > 0 else { return }
            for frame in [1, 2, pixels.numberOfFrames] where frame <= pixels.numberOfFrames {
                let image = pixels.numberOfFrames == 1 ? node.of(.png) : try test.frame(of: node, number: frame)
                #expect(try test.archive.image(image)?.bytes.count == Int(pixels.pngSize))
            }
        }
        #expect(try test.problems() == [])
    }
}

extension ArchiveUnderTest {
    fileprivate func archiveImport(_ bytes: [UInt8]) throws(ArchiveError) -> IngestOutcome {
        do { return try importFile(bytes) } catch { throw ArchiveError(error) }
    }

    fileprivate func frame(of node: NodeID, number: Int) throws -> NodeID {
        let parent = try #require(try archive.parent(of: node))
        let entry = try #require(try archive.entry(of: node, in: parent))
        return .frame(ordinal: entry.frameOrdinal, number: number)
    }
}
