import DICOM
package import DICOMArchive

extension FindIdentifier {
    /// The identifier of the response for a match: what was asked for, without a value where there is none, and Retrieve AE Title
    /// (PS3.4 section C.4.1.1.3.2).
    ///
    /// Text is in the character set of the request, or in UTF-8 when that cannot hold it. Without a declared set that is so for all
    /// that is not ASCII.
    ///
    /// - Parameter transferSyntaxUID: implicit or explicit VR little endian.
    package func answer(
        _ match: QueryMatch, encodedAs transferSyntaxUID: String, retrieveAETitle: String
    ) throws -> [UInt8] {
        let values = try returnKeys.map { ($0, try value($0.tag, match, retrieveAETitle)) }
        let isExplicit = TransferSyntax(transferSyntaxUID).nominalEncoding.isExplicit
        func bytes(_ terms: [String]) -> [UInt8]? {
            var writer = DataSetWriter(isExplicit: isExplicit)
            let set = SpecificCharacterSet(terms)
            for (key, value) in values where !Self.write(key, value, to: &writer, in: set) { return nil }
            _ = writer.put(.retrieveAETitle, .ae, texts: [retrieveAETitle], in: set)
            _ = writer.put(.queryRetrieveLevel, .cs, texts: [match.level.identifierName], in: set)
            if !terms.allSatisfy(\.isEmpty) || characterSetTerms != nil {
                _ = writer.put(.specificCharacterSet, .cs, texts: terms, in: set)
            }
            return writer.bytes
        }
        return bytes(characterSetTerms ?? []) ?? bytes(["ISO_IR 192"]) ?? []
    }

    private func value(_ tag: Tag, _ match: QueryMatch, _ retrieveAETitle: String) throws -> QueryMatch.Value {
        switch tag {
        case .queryRetrieveLevel: .texts([match.level.identifierName])
        case .retrieveAETitle: .texts([retrieveAETitle])
        case .instanceAvailability: .texts(["ONLINE"])
        default: try match.value(tag)
        }
    }

    /// - Returns: false when the character set cannot hold it.
    private static func write(
        _ key: ReturnKey, _ value: QueryMatch.Value, to writer: inout DataSetWriter, in set: SpecificCharacterSet
    ) -> Bool {
        switch value {
        case .none:
            put(empty: key, to: &writer)
            return true
        case .texts(let texts): return writer.put(key.tag, key.vr, texts: texts, in: set)
        case .element(let header):
            guard !key.item.isEmpty, header.isSequence(key.tag) else {
                return writer.put(key.tag, of: header, as: key.vr == .un ? nil : key.vr, in: set)
            }
            var items: [DataSetWriter] = []
            for item in header.items(key.tag) {
                var part = DataSetWriter(isExplicit: writer.isExplicit)
                for nested in key.item {
                    let value: QueryMatch.Value = item.contains(nested.tag) ? .element(item) : .none
                    guard write(nested, value, to: &part, in: set) else { return false }
                }
                items.append(part)
            }
            writer.put(key.tag, items: items)
            return true
        }
    }

    private static func put(empty key: ReturnKey, to writer: inout DataSetWriter) {
        if key.vr == .sq { writer.put(key.tag, items: []) } else { writer.put(key.tag, key.vr, []) }
    }
}
