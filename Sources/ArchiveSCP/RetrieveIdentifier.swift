package import DICOM
package import DICOMArchive

/// What a C-MOVE or C-GET request asks for: a level and its unique keys (PS3.4 sections C.4.2.1.4 and C.4.3.1.3).
package struct RetrieveIdentifier: Sendable {
    /// What is to be sent: for ``DICOMArchive/Archive/instances(of:while:_:)``.
    package let retrieval: Retrieval

    /// Reads the identifier of a request. The key of its level has one value or several; keys of levels above restrict where they have
    /// any. Values are compared as they are: there are no wildcards. All other elements mean nothing.
    package init(
        bytes: [UInt8], transferSyntaxUID: String, root: QueryRetrieveRoot,
        defaultCharacterSet: SpecificCharacterSet = .latin1
    ) throws(IdentifierError) {
        let header = try Identifier.header(bytes, transferSyntaxUID, defaultCharacterSet: defaultCharacterSet)
        let level = try root.level(of: header)
        var keys: [Level: [String]] = [:]
        for each in Level.allCases where each <= level {
            let values = header.valueTexts(each.uniqueKey).filter { !$0.isEmpty }
            if !values.isEmpty { keys[each] = values }
        }
        guard keys[level] != nil else {
            throw .doesNotMatch(level.uniqueKey, "the unique key of the level has no value")
        }
        retrieval = Retrieval(level, keys)
    }
}
