import ArgumentParser
import DICOM
import DICOMArchive
import DICOMNetwork
import Glibc

struct Find: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a peer what it has: C-FIND.",
        discussion: """
            One line for each match, the values of the keys separated by tabs, on a terminal under a line with their names. \
            With --json, one array of objects in the DICOM JSON model.

              dicomfs find pacs PatientName='DOE*' StudyDate=20260101-
              dicomfs find pacs --level series StudyInstanceUID=1.2.3 Modality SeriesDescription

            Exit codes: 0 done, also without a match; 69 no association; 1 the peer answered with an error.
            """)

    @OptionGroup var options: PeerOptions
    @OptionGroup var query: QueryOptions

    @Option(help: "Ask for no more after so many matches.")
    var limit: Int?

    @Flag(help: "Print one JSON array.")
    var json = false

    func validate() throws {
        guard limit.map({ $0 > 0 }) ?? true else { throw ValidationError("--limit takes a number from 1 on.") }
    }

    func run() throws {
        let call = try options.call()
        let asked = KeyIdentifier(query.keys).tags
        let (level, identifier) = query.identifier(Self.usual(query.identifier().level))
        let tags = asked.isEmpty ? identifier.tags.filter { $0 != .queryRetrieveLevel } : Self.columns(asked, level)
        let uid = QueryOptions.sopClass(.find, level)
        var count = 0
        let user = try call.connect(call.association([QueryOptions.context(uid)]))
        // Also when the association ends in the middle.
        defer { if json { print(count == 0 ? "[]" : "\n]") } }
        let last = try call.using(user) { user in
            let syntax = user.contexts.first?.transferSyntax ?? ""
            let request = ServiceUser.Query(sopClassUID: uid, identifier: identifier.encoded(as: syntax))
            if !json, isatty(STDOUT_FILENO) == 1 {
                print(tags.map { DataDictionary.keyword(of: $0) ?? "\($0)" }.joined(separator: "\t"))
            }
            return try user.perform(.find, request) { result in
                // What comes after we had enough is not counted.
                if let limit, count == limit { return false }
                write(result.identifier ?? [], syntax, tags, isFirst: count == 0)
                count += 1
                return limit.map { count < $0 } ?? true
            }
        }
        switch last.status {
        case .success, .cancelled: break
        case let status where status.isWarning:
            Output.complain("\(call.name): not all: status \(status) \(last.errorComment)")
        default:
            throw ExitStatus(
                code: EXIT_FAILURE, message: "\(call.name) answers with status \(last.status) \(last.errorComment)")
        }
    }

    private func write(_ bytes: [UInt8], _ transferSyntaxUID: String, _ tags: [Tag], isFirst: Bool) {
        let header = DataSetHeader(bytes, encoding: TransferSyntax(transferSyntaxUID).nominalEncoding, bulk: [])
        guard json else {
            return print(
                tags.map { Output.printable(header.valueTexts($0).joined(separator: "\\")) }.joined(separator: "\t"))
        }
        let text = header.json(limit: 64 << 20).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        print(isFirst ? "[" : ",")
        print(text, terminator: "")
    }

    /// The UID that a next question needs stands first.
    private static func columns(_ asked: [Tag], _ level: Level) -> [Tag] {
        [level.uniqueKey] + asked.filter { $0 != level.uniqueKey }
    }

    /// What is asked of each level besides, so that lines say something.
    private static func usual(_ level: Level) -> [Tag] {
        switch level {
        case .patient: [.patientID, .patientName, .patientBirthDate, .patientSex]
        case .study:
            [
                .studyInstanceUID, .patientID, .patientName, .studyDate, .studyDescription, .accessionNumber,
                .modalitiesInStudy,
            ]
        case .series: [.seriesInstanceUID, .studyInstanceUID, .modality, .seriesNumber, .seriesDescription]
        case .instance: [.sopInstanceUID, .seriesInstanceUID, .sopClassUID, .instanceNumber]
        }
    }
}
