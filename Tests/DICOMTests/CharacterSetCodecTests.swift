import DICOM
import TestSupport
import Testing

/// Every character of every set, against the codecs of Python.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct CharacterSetCodecTests {
    @Test func `every character of every set reads as Python's codec reads it`() throws {
        let made = try Python.run(Self.everyCharacter)
        #expect(made.status == 0, "\(made.errors)")
        var sets: Set<[String]> = []
        var characters = 0
        for line in made.output.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) }
            let terms = fields[0].split(separator: "\\", omittingEmptySubsequences: false).map { String($0) }
            let text = SpecificCharacterSet(terms).decode(bytes(fields[1]), isPersonName: true)
            let expected = String(decoding: bytes(fields[2]), as: UTF8.self)
            #expect(Array(text.unicodeScalars) == Array(expected.unicodeScalars), "\(terms) \(fields[1])")
            sets.insert(terms)
            characters += expected.unicodeScalars.count
        }
        #expect(sets.count == 29)
        #expect(characters > 100_000)
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }

    /// Prints terms, bytes and text, 64 characters a line; bytes and text in hexadecimal.
    private static let everyCharacter = #"""
        import functools
        @functools.cache
        def characters(codec, width):
            found = []
            for code in [*range(0x80, 0xD800), *range(0xE000, 0x10000), *range(0x10000, 0x110000, 251)]:
                if code >= 0x10000 and codec != 'gb18030': break
                try:
                    coded = chr(code).encode(codec)
                    # Not what the codec takes and never gives.
                    if len(coded) in width and coded.decode(codec) == chr(code): found.append((chr(code), coded))
                except UnicodeError: pass
            return found

        def show(terms, codec, width=(1,), before=b'', after=b'', change=lambda coded: coded, skip=''):
            run, text = b'', ''
            def end():
                if text: print(terms, (before + run + after).hex(), text.encode().hex(), sep='\t')
            for character, coded in characters(codec, width):
                if character in skip: continue
                run += change(coded); text += character
                if len(text) == 64: end(); run, text = b'', ''
            end()

        single = [('100', 'A', 'iso8859_1'), ('101', 'B', 'iso8859_2'), ('109', 'C', 'iso8859_3'),
                  ('110', 'D', 'iso8859_4'), ('144', 'L', 'iso8859_5'), ('127', 'G', 'iso8859_6'),
                  ('126', 'F', 'iso8859_7'), ('138', 'H', 'iso8859_8'), ('148', 'M', 'iso8859_9'),
                  ('203', 'b', 'iso8859_15'), ('166', 'T', 'iso8859_11')]
        for number, final, codec in single:
            control = ''.join(map(chr, range(0x80, 0xA0)))
            # TIS 620 is without the no-break space and the controls of ISO 8859-11.
            skip = control + '\xa0' if number == '166' else ''
            show('ISO_IR ' + number, codec, skip=skip)
            show('\\ISO 2022 IR ' + number, codec, before=b'\x1b-' + final.encode(), skip=skip + control)
        show('ISO_IR 13', 'shift_jis', skip='\xa5\u203e')
        low = lambda coded: bytes(byte & 0x7F for byte in coded)
        show('\\ISO 2022 IR 87', 'euc_jp', (2,), b'\x1b$B', b'\x1b(B', low,
             skip=''.join(map(chr, range(0xFF61, 0xFFA0))) + '\uff3c')
        show('\\ISO 2022 IR 159', 'euc_jp', (3,), b'\x1b$(D', b'\x1b(B', lambda coded: low(coded[1:]), skip='\uff5e')
        show('\\ISO 2022 IR 149', 'euc_kr', (2,), b'\x1b$)C')
        show('\\ISO 2022 IR 58', 'gb2312', (2,), b'\x1b$)A')
        # Where the editions of 2000 and 2005 differ.
        edition = [0x1E3F, *range(0x9FB4, 0x9FBC), *range(0xE000, 0xF900), *range(0xFE10, 0xFE1A)]
        show('GB18030', 'gb18030', (2, 4), skip=''.join(map(chr, edition)))
        show('GBK', 'gbk', (2,))
        """#
}
