import TestSupport
import Testing

@testable import DICOM

/// Folding, against the Unicode data of Python.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct TextFoldingTests {
    @Test func `letters lose case and marks as Unicode's decomposition has them`() throws {
        let made = try Python.run(
            #"""
            import unicodedata
            ranges = [range(0x20, 0x250), range(0x370, 0x530), range(0x1E00, 0x2000), range(0xFF01, 0xFF5F)]
            for code in [code for each in ranges for code in each]:
                if unicodedata.category(chr(code)) not in ('Lu', 'Ll', 'Lo'): continue
                # What the archive folds more, and symbols.
                if any(word in unicodedata.name(chr(code)) for word in ('STROKE', 'SYMBOL', 'AFRICAN D', 'RIGHT HALF RING', 'CAPITAL LETTER SHARP S')): continue
                text = unicodedata.normalize('NFKC', chr(code)) if code >= 0xFF00 else chr(code)
                text = ''.join(c for c in unicodedata.normalize('NFD', text) if not unicodedata.combining(c))
                text = text.upper().lower()
                text = ''.join(c for c in unicodedata.normalize('NFD', text) if not unicodedata.combining(c))
                if 'WITH' in unicodedata.name(chr(code), '') and text == chr(code).lower(): continue
                print(code, ' '.join(str(ord(c)) for c in text), sep='\t')
            """#)
        #expect(made.status == 0, "\(made.errors)")
        var count = 0
        var wrong: [String] = []
        for line in made.output.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            let scalar = try #require(UInt32(fields[0]).flatMap { Unicode.Scalar($0) })
            let expected = fields[1].split(separator: " ").compactMap { UInt32($0) }
            if TextFolding.scalars(String(scalar)) != expected {
                wrong.append(
                    "\(String(scalar.value, radix: 16)) \(scalar) \(TextFolding.scalars(String(scalar))) \(expected)")
            }
            count += 1
        }
        #expect(count > 1_000)
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    }

    @Test func `letters with a stroke lose it, kana keep their marks`() {
        #expect(TextFolding.scalars("Øłđ") == TextFolding.scalars("old"))
        #expect(TextFolding.scalars("が") != TextFolding.scalars("か"))
    }
}
