package import DICOM
package import DICOMArchive

/// What a C-FIND request asks for: the query, and the attributes wanted in the answers (PS3.4 section C.4.1.1.3.1).
///
/// Each element is both: a key to match, and one to return.
package struct FindIdentifier: Sendable {
    /// What is to be found.
    package let query: Query
    /// Whether some keys ask for what is not compared: anything matches those.
    package let hasUnsupportedKeys: Bool
    /// What is wanted of each match, in the order of tags.
    let returnKeys: [ReturnKey]
    /// The values of Specific Character Set; nil when it is not there.
    let characterSetTerms: [String]?

    /// An attribute that is wanted.
    struct ReturnKey: Sendable {
        var tag: Tag
        /// For what has none of its own, and what has no value.
        var vr: VR
        /// Of a sequence: what is wanted of its items, all when there is nothing.
        var item: [ReturnKey]
    }

    /// Reads the identifier of a request.
    ///
    /// - Parameters:
    ///   - bytes: the data set.
    ///   - transferSyntaxUID: of the presentation context.
    ///   - isDateTimeCombined: whether combined date-time matching was negotiated (PS3.4 section C.5.1.1).
    ///   - defaultCharacterSet: of text where the identifier declares none.
    package init(
        bytes: [UInt8], transferSyntaxUID: String, root: QueryRetrieveRoot, isDateTimeCombined: Bool,
        defaultCharacterSet: SpecificCharacterSet = .latin1
    ) throws(IdentifierError) {
        let header = try Identifier.header(bytes, transferSyntaxUID, defaultCharacterSet: defaultCharacterSet)
        let level = try root.level(of: header)
        var keys = Self.queryKeys(header).filter { $0.tag != .queryRetrieveLevel }
        let asksRequest = keys.contains { Self.ofRequest.contains($0.tag) && !$0.isUniversal }
        keys.removeAll { Self.ofRequest.contains($0.tag) }
        query = Query(level, keys, isDateTimeCombined: isDateTimeCombined)
        hasUnsupportedKeys = asksRequest || query.hasUnsupportedKeys
        returnKeys = Self.returnKeys(header)
        characterSetTerms = header.contains(.specificCharacterSet) ? header.texts(.specificCharacterSet) : nil
    }

    /// What says something of the request, or of the archive as a whole, and of no resource.
    private static let ofRequest: Set<Tag> = [
        .queryRetrieveView, .retrieveAETitle, .instanceAvailability, Tag(0x0008, 0x0201),
    ]

    private static func keyTags(_ header: DataSetHeader) -> [Tag] {
        Set(header.tags).filter { $0.element != 0 && $0.group != 0xFFFE && $0 != .specificCharacterSet }.sorted()
    }

    private static func queryKeys(_ header: DataSetHeader) -> [QueryKey] {
        keyTags(header).map { tag in
            if header.isSequence(tag) { return QueryKey(tag, item: header.item(tag).map { queryKeys($0) } ?? []) }
            let vr = vr(tag, header)
            return QueryKey(tag, AttributeMatch(vr == .un ? .lo : vr, header.valueTexts(tag, as: vr == .un ? .lo : vr)))
        }
    }

    private static func returnKeys(_ header: DataSetHeader) -> [ReturnKey] {
        keyTags(header).map { tag in
            let isSequence = header.isSequence(tag)
            return ReturnKey(
                tag: tag, vr: isSequence ? .sq : vr(tag, header),
                item: isSequence ? header.item(tag).map { returnKeys($0) } ?? [] : [])
        }
    }

    /// The dictionary's goes before what the request says.
    private static func vr(_ tag: Tag, _ header: DataSetHeader) -> VR {
        guard let vr = DataDictionary.vr(of: tag) ?? header.vr(of: tag), vr.isKnown, vr != .sq else { return .un }
        return vr
    }
}
