import DICOM
import Foundation
import TestSupport

/// A Part 10 file or a bare data set, scanned whole and in fragments, and every value of its header read in every way.
final class HeaderTarget: FuzzTarget {
    static var seeds: [[UInt8]] { Fuzz.files }

    init() {}

    func problems(with input: [UInt8]) -> [String] {
        var problems: [String] = []
        var bytes = input
        var syntax: TransferSyntax?
        if case .file(let head) = Part10.recognize(input.span.bytes.extracting(first: min(input.count, 1 << 16))) {
            guard head.length <= input.count else { return ["a head of \(head.length) bytes in \(input.count)"] }
            bytes = Array(input[head.length...])
            syntax = head.transferSyntax
        }
        var random = Fuzz.Random(seed: UInt64(input.count))
        let fragments = (0..<5).map { _ in
            Int.random(in: 1...(Bool.random(using: &random) ? 16 : 5000), using: &random)
        }
        let whole = Result { try scan(bytes, syntax) }
        let pieces = Result { try scan(bytes, syntax, fragments: fragments) }
        for case .failure(let error) in [whole, pieces] where !(error is DICOMError) {
            problems.append("refused without a sentence: \(error)")
        }
        switch (whole, pieces) {
        case (.success(let (result, parts)), .success(let (other, otherParts))):
            if result != other || parts.effectiveHeader != otherParts.effectiveHeader {
                problems.append("another result in fragments of \(fragments)")
            }
            problems += parts.violations
            if parts.reassembled(result) != bytes { problems.append("the parts are not the whole") }
            let header = DataSetHeader(parts.effectiveHeader, result)
            readAll(of: header)
            if let json = header.json(limit: 1 << 24),
                (try? JSONSerialization.jsonObject(with: Data(json))) == nil
            {
                problems.append("what it makes is no JSON")
            }
        case (.failure, .failure): break
        default: problems.append("in fragments of \(fragments) it is not \(whole) but \(pieces)")
        }
        return problems
    }

    private func readAll(of header: DataSetHeader) {
        _ = try? InstanceIdentity(header)
        if let module = ImagePixelModule(header) {
            for frame in 0..<3 { _ = module.transform(frame: frame) }
        }
        readValues(of: header, depth: 0)
    }

    private func readValues(of header: DataSetHeader, depth: Int) {
        for tag in header.tags {
            _ = (header.text(tag), header.texts(tag), header.integers(tag), header.decimals(tag), header.bytes(tag))
            let items = header.items(tag)
            guard depth < 4 else { continue }
            for item in items.prefix(3) { readValues(of: item, depth: depth + 1) }
        }
    }
}
