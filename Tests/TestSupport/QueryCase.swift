package import DICOM

/// One query on ``QueryCorpus``, and what it is to find. Any server can be asked it.
package struct QueryCase: Sendable {
    /// What it shows.
    package var name: String
    package var level: String
    package var keys: [Key]
    /// The values of the unique key of the level.
    package var expected: Set<String>
    package var characterSet = ""
    package var isStudyRoot = false
    package var isDateTimeCombined = false
    /// Whether only an archive that goes beyond the standard's required keys finds it: matching by any attribute, without regard
    /// to case and accents, in old spellings, without keys of the levels above.
    package var isExtended = false

    package struct Key: Sendable {
        package var tag: Tag
        package var vr: VR
        package var value: [UInt8] = []
        /// Of a sequence.
        package var item: [Key]?

        package init(tag: Tag, vr: VR, value: [UInt8] = [], item: [Key]? = nil) {
            (self.tag, self.vr, self.value, self.item) = (tag, vr, value, item)
        }
    }

    package init(name: String, level: String, keys: [Key], expected: Set<String>) {
        (self.name, self.level, self.keys, self.expected) = (name, level, keys, expected)
    }

    /// The unique key of the level: always asked for.
    package var uniqueKey: Tag {
        switch level {
        case "PATIENT": .patientID
        case "STUDY": .studyInstanceUID
        case "SERIES": .seriesInstanceUID
        default: .sopInstanceUID
        }
    }

    /// The data set of the request.
    package func identifier(_ encoding: DataSetEncoding = .explicitLittleEndian) -> [UInt8] {
        var all = keys
        all.append(Key(tag: .queryRetrieveLevel, vr: .cs, value: Array(level.utf8)))
        if !characterSet.isEmpty {
            all.append(Key(tag: .specificCharacterSet, vr: .cs, value: Array(characterSet.utf8)))
        }
        if !keys.contains(where: { $0.tag == uniqueKey }) {
            all.append(Key(tag: uniqueKey, vr: uniqueKey == .patientID ? .lo : .ui))
        }
        var set = DataSetBuilder(encoding)
        Self.write(all, to: &set)
        return set.bytes
    }

    private static func write(_ keys: [Key], to set: inout DataSetBuilder) {
        for key in keys.sorted(by: { $0.tag < $1.tag }) {
            if let item = key.item {
                set.start(key.tag, .sq, DataSetBuilder.undefined)
                set.item()
                write(item, to: &set)
                set.endItem()
                set.endSequence()
            } else {
                let isOdd = key.value.count % 2 == 1
                set.element(key.tag, key.vr, isOdd ? key.value + [key.vr == .ui ? 0 : 0x20] : key.value)
            }
        }
    }
}
