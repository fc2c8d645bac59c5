import ArgumentParser
import DICOMNetwork
import Glibc

struct Echo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a peer whether it answers: C-ECHO.",
        discussion: """
              dicomfs echo ct1
              dicomfs echo ORTHANC@10.0.0.7:4242

            Exit codes: 0 it answers, 69 no association with it, 1 anything else.
            """)

    @OptionGroup var options: PeerOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let call = try options.call()
        let answer = try EchoAnswer.ask(call)
        if json { print(Output.json(answer)) } else { print("\(call.name): \(answer.sentence)") }
        guard answer.status == "0000" else { throw ExitCode.failure }
    }
}

/// How a peer answered to C-ECHO.
struct EchoAnswer: Encodable {
    /// Four hexadecimal digits.
    var status: String
    var milliseconds: Double

    static func ask(_ call: PeerCall) throws -> EchoAnswer {
        let begin = ContinuousClock.now
        let context = ProposedContext(SOPClass.verification, ["1.2.840.10008.1.2"])
        let status = try call.using(call.connect(call.association([context]))) { try $0.echo() }
        let duration = begin.duration(to: .now) / .milliseconds(1)
        return EchoAnswer(status: status.description, milliseconds: (duration * 10).rounded() / 10)
    }

    var sentence: String { status == "0000" ? "answers, \(milliseconds) ms" : "answers with status \(status)" }
}
