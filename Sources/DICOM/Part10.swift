/// What the first bytes of a file are in the terms of PS3.10 (DICOM File Format).
package enum Part10: Equatable, Sendable {
    /// No DICOM file and no bare data set.
    case notDICOM
    /// A file whose data set starts after this head.
    case file(Head)
    /// A DICOMDIR: Media Storage SOP Class 1.2.840.10008.1.3.10, or a head followed by elements of group 4.
    case directory

    /// What stands before the data set.
    package struct Head: Equatable, Sendable {
        /// The number of bytes before the data set: preamble, prefix and group 2; 0 for a bare data set.
        package var length: Int
        /// The transfer syntax group 2 declares; nil when there is none.
        package var transferSyntax: TransferSyntax?
        /// The Media Storage SOP Class UID of group 2.
        package var sopClassUID: String?
        /// The Media Storage SOP Instance UID of group 2.
        package var sopInstanceUID: String?

        /// A head of these properties.
        package init(
            length: Int, transferSyntax: TransferSyntax? = nil, sopClassUID: String? = nil,
            sopInstanceUID: String? = nil
        ) {
            self.length = length
            self.transferSyntax = transferSyntax
            self.sopClassUID = sopClassUID
            self.sopInstanceUID = sopInstanceUID
        }
    }

    /// This many bytes of a file, or all there are, suffice; a head longer than that is not recognised.
    package static let bytesToRecognize = 64 << 10

    /// Recognises a file by its first `bytesToRecognize` bytes.
    ///
    /// Taken as DICOM: preamble, `DICM` and group 2; group 2 without preamble; preamble and `DICM` without group 2;
    /// and a bare data set, whose first element must truly look like one. Group 2 is read element by element: its length
    /// is not trusted. Implicit VR in group 2 is understood.
    package static func recognize(_ bytes: RawSpan) -> Part10 {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return .notDICOM }
            let hasPrefix =
                buffer.count >= 132 && UnsafeRawBufferPointer(rebasing: buffer[128..<132]).elementsEqual("DICM".utf8)
            var head = Head(length: hasPrefix ? 132 : 0)
            let hasGroup2 = readGroup2(buffer, start, &head)
            if head.sopClassUID == UID.mediaStorageDirectory { return .directory }
            if hasPrefix || hasGroup2 {
                let isDirectory = buffer[head.length...].starts(with: [4, 0])
                return isDirectory ? .directory : .file(head)
            }
            let isBare = DataSetEncoding.candidates.contains { looksLikeElement(bytes, $0) }
            return isBare ? .file(head) : .notDICOM
        }
    }

    /// Steps over the elements of group 2 at `head.length`; false when there are none.
    private static func readGroup2(
        _ buffer: UnsafeRawBufferPointer, _ start: UnsafeRawPointer, _ head: inout Head
    ) -> Bool {
        let first = head.length
        while buffer.count - head.length >= 8 {
            let at = start + head.length
            guard let header = ElementHeader.read(at, available: buffer.count - head.length, .explicitLittleEndian),
                header.tag.group == 2, !header.isUndefined,
                // Without a prefix the first element must be one that group 2 starts with.
                first > 0 || head.length > 0 || header.tag.element <= 3 && header.vr?.isKnown == true
            else { break }
            let value = head.length + header.headerLength
            guard Int(header.length) <= buffer.count - value else { break }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[value..<(value + Int(header.length))])
            switch header.tag.element {
            case 0x0002: head.sopClassUID = UID.trimmed(bytes)
            case 0x0003: head.sopInstanceUID = UID.trimmed(bytes)
            case 0x0010:
                let uid = UID.trimmed(bytes)
                head.transferSyntax = uid.isEmpty ? nil : TransferSyntax(uid)
            default: break
            }
            head.length = value + Int(header.length)
        }
        return head.length > first
    }

    /// Whether the bytes start with an element that a data set can start with, in this encoding.
    ///
    /// Group 8 (or a command or private group below 0x10), a VR the standard knows and that fits, or in implicit VR a
    /// first element of group 8 with a short value; and behind it another element in ascending order, or the end.
    static func looksLikeElement(_ bytes: RawSpan, _ encoding: DataSetEncoding) -> Bool {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress, buffer.count >= 8,
                let first = ElementHeader.read(start, available: buffer.count, encoding),
                first.tag.group == 8, first.tag.element <= 0x0018 || first.tag.element == 0x0020,
                encoding.isExplicit ? first.vr?.isKnown == true : true
            else { return false }
            // A first value of group 8 is a group length, a character set, an image type, a date or a UID: short text.
            guard first.length <= 1024 else { return false }
            let next = first.headerLength + Int(first.length)
            guard buffer.count - next >= 8 else { return encoding.isExplicit || buffer.count == next }
            guard let second = ElementHeader.read(start + next, available: buffer.count - next, encoding) else {
                return encoding.isExplicit
            }
            return second.tag > first.tag && second.tag.group <= 0x0010
                && (!encoding.isExplicit || second.vr?.isKnown == true)
        }
    }
}

extension DataSetEncoding {
    fileprivate static let candidates = [explicitLittleEndian, implicitLittleEndian, explicitBigEndian]
}
