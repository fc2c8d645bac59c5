import CDCMTK

/// Elements as another transfer syntax has them, by DCMTK.
package enum Reencoding {
    /// What an element of the group 0028 is to say.
    package struct Edit: Sendable {
        package var tag: Tag
        package var value: Value

        package enum Value: Sendable {
            /// A number, of VR US.
            case number(UInt16)
            /// Text, of the VR that the data dictionary has.
            case text(String)
            /// Nothing: the element is taken out.
            case removed
        }

        package init(_ tag: Tag, _ value: Value) {
            self.tag = tag
            self.value = value
        }
    }

    /// Elements written anew; sequences with undefined length, group lengths left out.
    ///
    /// - Parameters:
    ///   - bytes: whole elements in the order of their tags, none of them pixel data.
    ///   - edits: put in the place of what is there, or added.
    /// - Throws: ``DICOMError/Code/malformed`` when DCMTK cannot read or write them.
    package static func elements(
        _ bytes: RawSpan, from: DataSetEncoding, to: DataSetEncoding, edits: [Edit] = []
    ) throws(DICOMError) -> [UInt8] {
        if bytes.byteCount == 0, edits.isEmpty { return [] }
        var result: [UInt8] = []
        var error = [CChar](repeating: 0, count: 256)
        let done = bytes.withUnsafeBytes { bytes in
            with(edits) { edits in
                withUnsafeMutablePointer(to: &result) { result in
                    cdcmtk_reencode(
                        bytes.baseAddress, bytes.count, from.syntax.uid, to.syntax.uid, edits, edits.count, result,
                        { context, bytes, length in
                            context?.assumingMemoryBound(to: [UInt8].self).pointee
                                .append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: length))
                        }, &error, error.count)
                }
            }
        }
        guard done != 0 else {
            let reason = String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw DICOMError(.malformed, "The header cannot be written in \(to.syntax): \(reason)")
        }
        return result
    }

    private static func with<Result>(_ edits: [Edit], _ body: ([cdcmtk_edit]) -> Result) -> Result {
        var texts: [UnsafeMutablePointer<CChar>] = []
        defer { texts.forEach { $0.deallocate() } }
        let records = edits.map { edit in
            switch edit.value {
            case .number(let number):
                return cdcmtk_edit(
                    group: edit.tag.group, element: edit.tag.element, is_removal: 0, text: nil, number: number)
            case .removed:
                return cdcmtk_edit(
                    group: edit.tag.group, element: edit.tag.element, is_removal: 1, text: nil, number: 0)
            case .text(let text):
                let bytes = text.utf8CString
                let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
                bytes.withUnsafeBufferPointer {
                    copy.initialize(from: $0.baseAddress ?? UnsafePointer(copy), count: $0.count)
                }
                texts.append(copy)
                return cdcmtk_edit(
                    group: edit.tag.group, element: edit.tag.element, is_removal: 0, text: copy, number: 0)
            }
        }
        return body(records)
    }
}

extension DataSetEncoding {
    /// The uncompressed transfer syntax with this encoding.
    fileprivate var syntax: TransferSyntax {
        isBigEndian ? .explicitVRBigEndian : isExplicit ? .explicitVRLittleEndian : .implicitVRLittleEndian
    }
}
