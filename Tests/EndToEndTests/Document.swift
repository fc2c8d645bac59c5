import TestSupport
import Testing

/// A document that DCMTK makes an instance of.
struct Document: Sendable, CustomTestStringConvertible {
    /// The file that is encapsulated.
    var source: String
    var program: String
    var options: [String] = []
    var isOdd: Bool
    /// Whether the instance has an Encapsulated Document Length.
    var saysLength = true
    var number: Int

    static let study = "1.2.826.0.1.3680043.10.1462.1"
    static let series = study + ".1"

    static let all = [
        Document(source: "odd.pdf", program: "pdf2dcm", isOdd: true, number: 1),
        Document(source: "even.pdf", program: "pdf2dcm", isOdd: false, number: 2),
        // Of several chunks.
        Document(source: "long.pdf", program: "pdf2dcm", isOdd: true, number: 3),
        Document(source: "odd.pdf", program: "pdf2dcm", options: ["--write-xfer-big"], isOdd: true, number: 4),
        Document(source: "long.pdf", program: "pdf2dcm", options: ["--write-xfer-implicit"], isOdd: true, number: 5),
        Document(source: "odd.pdf", program: "pdf2dcm", isOdd: true, saysLength: false, number: 6),
        Document(source: "even.pdf", program: "pdf2dcm", isOdd: false, saysLength: false, number: 7),
        Document(source: "summary.xml", program: "cda2dcm", options: ["--override"], isOdd: true, number: 8),
        // Of binary STL only; its length is always even.
        Document(source: "model.stl", program: "stl2dcm", isOdd: false, number: 9),
    ]

    var suffix: String { String(source.suffix(3)) }
    var uid: String { "\(Self.series).\(number)" }
    var testDescription: String { "\(program) \(source) \(options)\(saysLength ? "" : " without length")" }

    /// Writes the documents and their instances to a folder.
    static func write(in folder: String) throws {
        let made = try Python.run(maker, [folder])
        guard made.status == 0 else { throw UnexpectedExit(program: made) }
        for document in all {
            let path = "\(folder)/\(document.number).dcm"
            let keys = [
                "StudyInstanceUID=\(study)", "SeriesInstanceUID=\(series)", "SOPInstanceUID=\(document.uid)",
                "StudyDate=20240229",
            ].flatMap { ["--key", $0] }
            let made = try Program.run(
                "/usr/bin/\(document.program)",
                ["--quiet", "--patient-id", "P1", "--patient-name", "Doe^Jane"] + document.options + keys
                    + ["\(folder)/\(document.source)", path])
            guard made.status == 0 else { throw UnexpectedExit(program: made) }
            if document.saysLength { continue }
            let changed = try Program.run("/usr/bin/dcmodify", ["--no-backup", "--erase", "(0042,0015)", path])
            guard changed.status == 0 else { throw UnexpectedExit(program: changed) }
        }
    }

    private static let maker = """
        import os, struct, sys
        from PIL import Image
        folder = sys.argv[1]

        def pdf(name, image, parity):
            path = f'{folder}/{name}.pdf'
            image.save(path, creationDate=None, modDate=None)
            # A line feed more after %%EOF does no harm.
            with open(path, 'ab') as file: file.write(b'\\n' * ((os.path.getsize(path) + parity) % 2))

        pdf('odd', Image.new('L', (20, 20), 128), 1)
        pdf('even', Image.new('L', (30, 20), 128), 0)
        pdf('long', Image.effect_noise((1200, 1200), 100), 1)

        text = '''<?xml version="1.0" encoding="UTF-8"?>
        <ClinicalDocument xmlns="urn:hl7-org:v3">
          <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
          <id root="1.2.3.4" extension="1"/>
          <code code="34133-9" codeSystem="2.16.840.1.113883.6.1" displayName="Summarization of episode note"/>
          <title>Summary</title>
          <effectiveTime value="20240229"/>
        </ClinicalDocument>'''
        with open(f'{folder}/summary.xml', 'w') as file: file.write(text + '\\n' * (1 - len(text) % 2))

        corners = [(0, 0, 1), (0, 0, 0), (1, 0, 0), (0, 1, 0)]
        triangle = b''.join(struct.pack('<3f', *corner) for corner in corners) + bytes(2)
        with open(f'{folder}/model.stl', 'wb') as file:
            file.write(b'binary'.ljust(80, b'\\0') + struct.pack('<I', 3) + triangle * 3)
        """
}

extension Trait where Self == SharedArchive.Filled {
    /// The instances of all documents; the documents lie in the same folder.
    static var documents: Self {
        SharedArchive.Filled { folder in
            try Document.write(in: folder)
            return []
        }
    }
}
