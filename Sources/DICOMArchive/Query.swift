package import DICOM

/// What is asked of an archive: the resources of a level whose attributes match all keys (PS3.4 section C.4.1).
///
/// Any key may be asked at any level: keys of the levels above restrict, those of main tags of the levels below are not
/// supported and match anything. All queries are relational: no key of a level above is needed.
package struct Query: Sendable {
    /// The level of what is wanted.
    package var level: Level
    /// What the attributes must be like.
    package var keys: [QueryKey]
    /// Whether a date and its time are asked for as one span, when both keys are there (PS3.4 section C.2.2.2.5.4).
    package var isDateTimeCombined: Bool

    /// Whether something is asked of an attribute that no resource of the level has: of a level below.
    package var hasUnsupportedKeys: Bool {
        keys.contains { !$0.isUniversal && AttributeSource($0.tag, at: level) == .nowhere }
    }

    package init(_ level: Level, _ keys: [QueryKey] = [], isDateTimeCombined: Bool = false) {
        self.level = level
        self.keys = keys
        self.isDateTimeCombined = isDateTimeCombined
    }
}

/// What one attribute must be like.
package struct QueryKey: Sendable {
    /// Which.
    package var tag: Tag
    package var match: Match

    package enum Match: Sendable {
        /// Its values match.
        case value(AttributeMatch)
        /// One of its items has attributes that match all of these.
        case item([QueryKey])
    }

    package init(_ tag: Tag, _ match: AttributeMatch) {
        self.tag = tag
        self.match = .value(match)
    }

    package init(_ tag: Tag, item keys: [QueryKey]) {
        self.tag = tag
        match = .item(keys)
    }

    /// Whether anything matches, also what has no such attribute.
    package var isUniversal: Bool {
        switch match {
        case .value(let match): match.isUniversal
        case .item(let keys): keys.allSatisfy(\.isUniversal)
        }
    }
}
