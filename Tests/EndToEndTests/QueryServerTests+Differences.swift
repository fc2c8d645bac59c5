extension QueryServerTests.Server {
    /// The cases that dcmtk's dcmqrscp 3.6.7 answers otherwise than the table says: why.
    static let dcmqrscp: [String: String] = reasons([
        "takes several values for none but UIDs": [
            "several IDs",
            "several accession numbers",
            "several days",
        ],
        "compares names with regard to case and accents": [
            "a name in capitals",
            "names by their beginning in lower case",
            "names by what is in them",
            "a name without accents",
            "a Greek name in capitals",
            "accession number and name",
            "name and description",
        ],
        "does not add the components that a name lacks": [
            "a family name and anything"
        ],
        "does not convert character sets": [
            "a Latin name asked for in UTF-8"
        ],
        "compares a name with its groups as one string": [
            "the alphabetic group of a Japanese name",
            "an ideographic group in UTF-8",
            "a phonetic group in its place",
            "an ideographic group in ISO 2022 IR 87",
        ],
        "does not match by this attribute, and takes it for universal": [
            "a modality in the study",
            "modalities in the study",
            "modalities by wildcard",
            "a SOP class in the study",
            "the number of instances",
            "the number of series",
            "an item that is asked for and not there",
            "a private element",
            "a private element that few have",
            "patients by how many studies they have",
            "patients by how many instances they have",
        ],
        "matches dates that are dates only": [
            "what is no day"
        ],
        "compares times as strings": [
            "an hour"
        ],
        "takes date and time for two ranges, whatever was negotiated": [
            "date and time are one range when negotiated",
            "a combined range up to a time",
        ],
        "insists on the unique keys of the levels above": [
            "series by UID",
            "series of a patient",
            "series by modality alone",
            "series by an item of their requests",
            "series by a wildcard in an item",
            "both keys in one item",
            "the number of instances of a series",
            "series of a study of a name",
            "an image by UID",
            "an image of another patient",
            "images by SOP class",
            "an image by its frames",
            "an image by its rows",
            "images of a date and modality",
            "images by what only the header has",
            "series by a number that is written otherwise",
            "a number in binary of the header",
        ],
        "compares numbers as strings": [
            "series by number"
        ],
    ])

    /// The cases that Debian's Orthanc 1.10.1 answers otherwise than the table says: why.
    static let orthanc: [String: String] = reasons([
        "does not add the components that a name lacks": [
            "a family name and anything"
        ],
        "has no regard to case, but to accents": [
            "a name without accents",
            "a Greek name in capitals",
        ],
        "compares a name with its groups as one string": [
            "the alphabetic group of a Japanese name",
            "an ideographic group in UTF-8",
            "a phonetic group in its place",
            "an ideographic group in ISO 2022 IR 87",
        ],
        "takes each of several values as it is, stars too": [
            "several accession numbers"
        ],
        "compares leading spaces": [
            "an accession number with a space before it"
        ],
        "does not match by counts and lists that it makes itself": [
            "a SOP class in the study",
            "the number of instances",
            "the number of series",
            "the number of instances of a series",
            "patients by how many studies they have",
            "patients by how many instances they have",
        ],
        "matches by keys of the level below": [
            "a key of a level below matches anything"
        ],
        "compares dates as strings, and an empty one with them": [
            "a day asked for with dots",
            "a day stored with dots",
            "days in a range",
            "days over the end of a year",
            "days from one on",
            "days up to one",
            "days up to one that a dotted one is before",
        ],
        "compares times as strings": [
            "an hour"
        ],
        "compares times as strings, and an empty one with them": [
            "times in a range",
            "times up to one",
        ],
        "takes date and time for two ranges, whatever was negotiated": [
            "date and time are one range when negotiated",
            "a combined range up to a time",
        ],
        "compares numbers as strings": [
            "series by number",
            "series by a number that is written otherwise",
        ],
        "does not match by what is in sequences": [
            "series by an item of their requests",
            "series by a wildcard in an item",
            "an item that is asked for and not there",
            "both keys in one item",
        ],
        "does not know private elements": [
            "a private element"
        ],
    ])

    /// The reason of each case, from the cases of each reason.
    private static func reasons(_ cases: [String: [String]]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: cases.flatMap { reason, names in names.map { ($0, reason) } })
    }
}
