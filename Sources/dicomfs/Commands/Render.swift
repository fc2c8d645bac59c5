import ArchiveControl
import ArgumentParser
import Glibc

struct Render: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the picture of an instance, or of one of its frames, as a compressed PNG.",
        discussion: """
            The picture is what the .png of the mounted tree shows: 8-bit grey or RGB after Modality LUT or rescale, then \
            the first VOI LUT or window, else the full range of the frame. Without -O it goes to standard output, unless \
            that is a terminal. When an image cannot be decoded, this says why.
            """)

    @OptionGroup var archive: ArchiveOption

    @Argument(
        help: "The instance's identifier, with or without dashes, or its first 10 digits as file names end with them.")
    var id: String

    @Option(help: ArgumentHelp("Which frame, counted from 1.", valueName: "number"))
    var frame = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The window to show instead of the instance's own.", valueName: "center,width"))
    var window: WindowArgument?

    @Flag(
        help:
            "The stored values as 16-bit grey, signed ones in two's complement, of images with one sample of up to 16 bits."
    )
    var raw16 = false

    @Flag(help: "The instance's overlays on top, in white.")
    var overlays = false

    @Option(name: [.customShort("O"), .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String?

    @Flag(help: "Overwrite the file.")
    var force = false

    func validate() throws {
        guard frame >= 1 else { throw ValidationError("--frame takes a number from 1 on.") }
        guard !raw16 || (window == nil && !overlays) else {
            throw ValidationError("--raw16 shows stored values: neither --window nor --overlays goes with it.")
        }
        guard output != nil || isatty(STDOUT_FILENO) != 1 else {
            throw ValidationError("A PNG is nothing for a terminal: give -O <file>, or a pipe.")
        }
    }

    func run() throws {
        let access = try archive.open(command: "render")
        let options = RenderOptions(
            frame: frame, window: window.map { ($0.center, $0.width) }, isRaw: raw16, hasOverlays: overlays)
        func render(_ name: String, _ descriptor: Int32) throws {
            try exiting { () throws(Failure) in
                try access.perform(.render(id: id, options, name: name), file: descriptor)
            }
        }
        guard let output else { return try render("standard output", STDOUT_FILENO) }
        try NewFile.write(output, force: force) { try render(output, $0) }
    }
}

/// `40,400`: centre and width of a VOI window.
struct WindowArgument: ExpressibleByArgument {
    let center: Double
    let width: Double

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard numbers.count == 2, let center = numbers[0], let width = numbers[1], center.isFinite, width.isFinite,
            width >= 1
        else { return nil }
        self.center = center
        self.width = width
    }
}
