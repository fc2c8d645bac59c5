import CDCMTK

/// The data dictionary (PS3.6): what implicit VR leaves unsaid.
package enum DataDictionary {
    /// The VR of a tag; nil when unknown. Of a choice (`US or SS`, `OB or OW`) the first.
    ///
    /// Tags that reading the archive depends on come from a table here, the others from DCMTK's dictionary, which DCMTK
    /// reads from its file at the first question; without that file they are unknown. Any thread may ask.
    package static func vr(of tag: Tag) -> VR? {
        if let vr = core[tag.rawValue] { return vr }
        if tag.element == 0 { return .ul }
        let letters = cdcmtk_dictionary_vr(tag.group, tag.element)
        return letters == 0 ? nil : VR(rawValue: letters)
    }

    /// The tag with a keyword, for example `PatientID`, by DCMTK's dictionary; nil when unknown.
    package static func tag(named keyword: String) -> Tag? {
        let tag = cdcmtk_dictionary_tag(keyword)
        return tag == 0 ? nil : Tag(rawValue: tag)
    }

    /// The keyword of a tag, for example `PatientID`, by DCMTK's dictionary; nil when unknown.
    package static func keyword(of tag: Tag) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { name in
            guard let start = name.baseAddress,
                cdcmtk_dictionary_keyword(tag.group, tag.element, start, name.count) != 0
            else { return nil }
            return String(cString: start)
        }
    }
}
