import ArgumentParser
import DICOM
import DICOMNetwork

/// A key of a query on the command line: `PatientName`, `PatientID=123`, `0010,0020=123`,
/// `RequestAttributesSequence.RequestedProcedureID=7`.
struct KeyArgument: ExpressibleByArgument {
    /// The sequences it is in, and itself.
    let path: [Tag]
    /// Empty when it is only to be returned.
    let value: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { Self.tag($0) }
        guard path.allSatisfy({ $0 != nil }) else { return nil }
        self.path = path.compactMap { $0 }
        value = parts.count > 1 ? String(parts[1]) : ""
    }

    init(_ tag: Tag, _ value: String = "") {
        path = [tag]
        self.value = value
    }

    /// By keyword (PS3.6), or as `gggg,eeee` with or without parentheses.
    private static func tag(_ text: Substring) -> Tag? {
        let digits = text.filter { $0 != "(" && $0 != ")" && $0 != "," }
        if digits.utf8.count == 8, let number = UInt32(digits, radix: 16) { return Tag(rawValue: number) }
        return DataDictionary.tag(named: String(text))
    }
}

/// The data set of a request: keys, and a level.
struct KeyIdentifier {
    private var root = Node()
    private var isASCII = true

    private struct Node {
        var values: [Tag: String] = [:]
        var items: [Tag: Node] = [:]

        mutating func put(_ path: ArraySlice<Tag>, _ value: String) {
            guard let first = path.first else { return }
            if path.count == 1 {
                values[first] = value
            } else {
                items[first, default: Node()].put(path.dropFirst(), value)
            }
        }
    }

    init(_ keys: [KeyArgument]) {
        for key in keys {
            root.put(key.path[...], key.value)
            isASCII = isASCII && key.value.utf8.allSatisfy { $0 < 0x80 }
        }
    }

    /// Whether it has a key at its top.
    func contains(_ tag: Tag) -> Bool { root.values[tag] != nil || root.items[tag] != nil }

    mutating func put(_ tag: Tag, _ value: String = "") { root.put([tag], value) }

    /// Its tags, in order.
    var tags: [Tag] { Set(root.values.keys).union(root.items.keys).sorted() }

    /// The data set. In UTF-8 where ASCII does not do.
    func encoded(as transferSyntaxUID: String) -> [UInt8] {
        var writer = Self.written(root, isExplicit: TransferSyntax(transferSyntaxUID).nominalEncoding.isExplicit)
        if !isASCII { writer.put(.specificCharacterSet, .cs, Array("ISO_IR 192".utf8)) }
        return writer.bytes
    }

    private static func written(_ node: Node, isExplicit: Bool) -> DataSetWriter {
        var writer = DataSetWriter(isExplicit: isExplicit)
        for (tag, value) in node.values {
            let vr = DataDictionary.vr(of: tag) ?? .lo
            if vr == .sq { writer.put(tag, items: []) } else { writer.put(tag, vr, bytes(value, vr)) }
        }
        for (tag, item) in node.items { writer.put(tag, items: [written(item, isExplicit: isExplicit)]) }
        return writer
    }

    /// A value as it is written: numbers of binary VRs in little endian.
    private static func bytes(_ value: String, _ vr: VR) -> [UInt8] {
        func numbers(_ width: Int) -> [UInt8] {
            value.split(separator: "\\").compactMap { Int($0) }.flatMap { number in
                (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            }
        }
        switch vr.description {
        case "US", "SS": return numbers(2)
        case "UL", "SL": return numbers(4)
        case "UV", "SV": return numbers(8)
        case "FL":
            return value.split(separator: "\\").compactMap { Float($0) }.flatMap { number in
                withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
            }
        case "FD":
            return value.split(separator: "\\").compactMap { Double($0) }.flatMap { number in
                withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
            }
        default: return Array(value.utf8)
        }
    }
}
