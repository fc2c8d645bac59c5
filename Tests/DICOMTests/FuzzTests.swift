import DICOM
import Foundation
import TestSupport
import Testing

@Suite struct FuzzTests {
    @Test func `a broken file is refused or read, the same in any fragments`() {
        Fuzz(rounds: 1500, name: "dicom").run { input, random in
            guard case .file(let head) = Part10.recognize(input.span.bytes.extracting(first: min(input.count, 1 << 16)))
            else { return }
            #expect(head.length <= input.count)
            let bytes = Array(input[head.length...])
            let whole = Result { try scan(bytes, head.transferSyntax) }
            let fragments = (0..<5).map { _ in
                Int.random(in: 1...(Bool.random(using: &random) ? 16 : 5000), using: &random)
            }
            let pieces = Result { try scan(bytes, head.transferSyntax, fragments: fragments) }
            guard case .success(let (result, parts)) = whole else {
                #expect(throws: DICOMError.self) { try pieces.get() }
                return
            }
            guard case .success(let (other, otherParts)) = pieces else {
                Issue.record("refused in fragments \(fragments): \(pieces)")
                return
            }
            #expect(result == other)
            #expect(parts.effectiveHeader == otherParts.effectiveHeader)
            #expect(parts.violations == [])
            #expect(parts.reassembled(result) == bytes)
            let header = DataSetHeader(parts.effectiveHeader, result)
            _ = try? InstanceIdentity(header)
            if let module = ImagePixelModule(header) {
                for frame in 0..<3 { _ = module.transform(frame: frame) }
            }
            read(header, depth: 0)
            if let json = header.json(limit: 1 << 24) {
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json)) }
            }
        }
    }

    /// Reads every value in every way.
    private func read(_ header: DataSetHeader, depth: Int) {
        for tag in header.tags {
            _ = (header.text(tag), header.texts(tag), header.integers(tag), header.decimals(tag), header.bytes(tag))
            let items = header.items(tag)
            guard depth < 4 else { continue }
            for item in items.prefix(3) { read(item, depth: depth + 1) }
        }
    }
}
