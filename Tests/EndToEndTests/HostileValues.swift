import TestSupport

/// Values that a name should not be made of as they are, each in small instances that are otherwise good.
enum HostileValues {
    /// Writes two instances of each value: one has it as Patient's Name and descriptions, one as Patient ID, Study Date,
    /// Modality and numbers.
    ///
    /// - Parameters:
    ///   - folder: where; made.
    ///   - later: gets an instance for each patient, study and series of names that calls them otherwise; made.
    ///   - step: 1 for all values, 2 for each second one, and so on.
    /// - Returns: how many values there are.
    static func write(to folder: String, later: String, step: Int = 1) throws -> Int {
        let made = try Python.run(script, [folder, later, "\(step)"])
        guard made.status == 0, let count = Int(made.output.dropLast()) else { throw UnexpectedExit(program: made) }
        return count
    }

    private static let script = #"""
        import os, struct, sys
        folder, later, step = sys.argv[1], sys.argv[2], int(sys.argv[3])
        values = []

        def add(terms, *texts):
            for text in texts:
                if isinstance(text, str): text = text.encode('utf-8', 'surrogatepass')
                if (terms, text) not in values: values.append((terms, text))

        def text(*texts): add('ISO_IR 192', *texts)

        # The character sets: all that the upper half holds, with and without declaration, with and without escapes.
        high = bytes(range(0xC0, 0xE8))
        for number, final in [('100', 'A'), ('101', 'B'), ('109', 'C'), ('110', 'D'), ('144', 'L'), ('127', 'G'), ('126', 'F'),
                              ('138', 'H'), ('148', 'M'), ('203', 'b'), ('166', 'T')]:
            add('ISO_IR ' + number, high, b'\x80\x9f\xa0\xad\xff')
            add('ISO 2022 IR ' + number, b'J' + high)
            add('\\ISO 2022 IR ' + number, b'K\x1b-' + final.encode() + high + b'^L=' + high)
        for terms in ['', 'ISO_IR 6', 'ISO 2022 IR 6']: add(terms, b'Plain^Ascii', high, 'Müller 山田'.encode())
        kanji, hangul = '山田^太郎'.encode('iso2022_jp'), b'\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7'
        for terms in ['ISO_IR 13', 'ISO 2022 IR 13', 'ISO 2022 IR 13\\ISO 2022 IR 87']:
            add(terms, b'\xd4\xcf\xc0\xde^\xc0\xdb\xb3', b'a\\b~c', b'\x80\xa0\xe0\xff', kanji)
        for terms in ['\\ISO 2022 IR 87', 'ISO 2022 IR 87', '\\ISO 2022 IR 87\\ISO 2022 IR 159', '']:
            add(terms, b'Yamada^Tarou=' + kanji, kanji[:-4], kanji[:-5], b'\x1b$(D0!0"\x1b(B', b'\x1b', b'\x1b$', b'\x1b$B\x1b')
        for terms in ['\\ISO 2022 IR 149', 'ISO 2022 IR 149']: add(terms, hangul, hangul[4:], hangul[:-1], b'\xfb^\xff/')
        for terms in ['\\ISO 2022 IR 58', 'ISO 2022 IR 58']: add(terms, b'Z=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=', b'\xd5/\xc5')
        for terms in ['GB18030', 'GBK']:
            add(terms, '王^小东=𠀀'.encode('gb18030'), b'\x81\x5c\x81\x5e\x81\x7c', b'\x81/', b'\x84\x31\x82', b'\xff\x30\x80')
        for terms in ['ISO_IR 999', 'UTF-8', 'ISO-IR 100', 'iso_ir 192', '\\' * 40, '/', '\xe9', 'ISO_IR 192\\ISO_IR 100']:
            add(terms, high, 'Ünï'.encode())

        # UTF-8 that is none, and code points that are no characters.
        text(b'a\xc0\xafb', b'\xe0\x80\xaf', b'\xed\xa0\x80\xed\xb0\x80', b'\xf4\x90\x80\x80x', b'\xf7\xbf\xbf\xbfx',
             b'\xfc\x80\x80\x80\x80\xafx', b'\xc3', b'\xe2\x82', b'\xf0\x9f\x98', b'\xff\xfe', b'\x80\x80', b'a\xc3(b')
        text('\ufffd', '\uffffx', '\ufdd0x', '\ue000x', '\U0010ffffx', '\u0378x', '\ud800', 'a\udfffb', '\U000e0041x')

        # One letter in several ways.
        text('é', 'e\u0301', 'Å', 'A\u030a', '\u212b', 'ệ', 'e\u0323\u0302', 'e\u0302\u0323', '\u1e9b\u0323', 'ﬁ', '\u2126',
             '한글', '\u1112\u1161\u11ab\u1100\u1173\u11af', '\u1100', '\u11a8', '\uf900', '\U0002f800', '\u0958', 'क\u093c',
             '\ufb2c', 'שּׁ', '\ufdfa', 'ﾊﾟ', 'パ', 'ハ\u309a', '\u0344x', 'x\u0344', '\u0f73', 'ཱི', 'กำ', 'ก\u0e33\u0e49', '1\ufe0f\u20e3',
             '=\u0338', '\u2260', 'a\u0338', '<\u0338x', '\u0301', '\u0301\u0302', 'a' + '\u0301' * 200, '\u20dd', 'a\u20dd',
             '𝒜𝟙', '①½²', 'Ⅳ', '１２', '٣', '\u1e9e', '\U0001e900', '\U00016d40', '\u1c80')
        # The invisible, in the middle of a word.
        for code in [0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x180B, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F),
                     *range(0x2060, 0x2070), 0x3164, 0xFE00, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0x2800, 0x3000, 0xA0, 0x1D173,
                     0xE0001, 0xE007F, 0xE0100]:
            text('a' + chr(code) + 'b')
        text('مرحبا', '\u202eabc\u202cdef', 'שלום abc', 'می\u200cخواهم', '葛\U000e0100城', '\u2066x', '\u200f.exe')
        text('😀', '👩\u200d👩\u200d👧', '🇩🇪', '👍🏽', '❤\ufe0f', 'a😀b', '\U0001f1e9', '☃x', '🏴\U000e0067\U000e007f')
        # Each control character and each sign, inside, before and behind.
        for code in [*range(0x20), 0x7F]: text(b'a%cb' % code)
        for sign in ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~': text('a' + sign + 'b', sign)
        text('', '  ', '   ', '^^^^', '==', '^=^', '\\\\', '///', '/\\:*?"<>|', '...', '. .', '.. ', 'trail. .', '\t', '\x85')
        # What means something to a shell, to Windows, to a file system, to us.
        text('$(reboot)', '`id`', ';rm -rf /', '&& ls', '| cat', '[a-z]*', '{a,b}', '!!', '#x', '~root', '%n%s%x', '%2e%2e%2f',
             '../../etc/passwd', '/etc/passwd', '\\\\server\\share', 'C:\\x', 'a\nb', 'a\r\nb', "'\"'", '${IFS}', '<script>', 'x\0.png',
             '--help', '-rf', '@list', '=cmd', '+C', '-C', '.hidden', '.views', '.stats', '.Trash', '.', '..', 'desktop.ini')
        for device in ['CON', 'PRN', 'AUX', 'NUL', 'COM1', 'LPT9', 'COM0', 'COM¹', 'CONIN$', 'CLOCK$', 'nul', 'Aux']:
            text(device, device + '.txt', device + ' .x', device + '.a.b')
        text('x_0123456789', 'x_' + '0123456789abcdef' * 2 + '01234567', '_0123456789', '0123456789', 'x.dcm', 'x.v2.dcm', '.frames', '0001.png',
             'NoPatientID', 'NoName', 'NoDate', 'x.json')
        # Twins where case or composition is one.
        text('Doe', 'DOE', 'doe', 'straße', 'STRASSE', 'STRAẞE', 'i', 'I', 'ı', 'İ', 'K', '\u212a', 's', 'ſ', 'ς', 'σ', 'Σ', 'ǆ', 'ǅ',
             'ŉ', 'ʼn', 'ﬀ', 'ff', 'ά', 'ΐ', 'ᾳ', 'ԱՒ', 'և', 'Ꭰ', 'ꭰ', '\u0345a', 'a\u0345')
        # Long ones.
        for unit in ['x', 'ü', '山', '𝒜', 'e\u0323\u0302', '\u1112\u1161\u11ab', 'क\u094dष\u093f', ' ', '.', 'a.', '/']:
            text(unit * 300, unit * 85)
        for length in range(225, 257, 3): text('y' * length)
        # Numbers that are none.
        text('0', '-1', '+7', '007', '1.5', '1e9', '2147483647', '2147483648', '-2147483648', '99999999999999999999', '0x10', '1\\2', 'NaN',
             '20260102', '2026.01.02', '20261399', '00000000')

        def element(group, number, vr, value):
            if isinstance(value, str): value = value.encode('latin-1')
            if len(value) % 2: value += b'\0' if vr == 'UI' else b' '
            return struct.pack('<HH2sH', group, number, vr.encode(), len(value)) + value

        CLASS = '1.2.840.10008.5.1.4.1.1.7'

        def write(path, terms, uid, patient, value, kind, of=None):
            # A name is in the elements that are text, a code in the others. Of: the study and series it belongs to.
            name, code = (value, b'') if kind == 'name' else (b'', value)
            of = of or uid
            data = (element(8, 0x05, 'CS', terms) + element(8, 0x16, 'UI', CLASS) + element(8, 0x18, 'UI', uid + '.1.1')
                    + element(8, 0x20, 'DA', code) + element(8, 0x60, 'CS', code) + element(8, 0x1030, 'LO', name)
                    + element(8, 0x103E, 'LO', name) + element(0x10, 0x10, 'PN', name) + element(0x10, 0x20, 'LO', patient)
                    + element(0x20, 0x0D, 'UI', of) + element(0x20, 0x0E, 'UI', of + '.1') + element(0x20, 0x11, 'IS', code)
                    + element(0x20, 0x13, 'IS', code))
            group2 = (b'\2\0\1\0OB\0\0\2\0\0\0\0\1' + element(2, 0x02, 'UI', CLASS) + element(2, 0x03, 'UI', uid + '.1.1')
                      + element(2, 0x10, 'UI', '1.2.840.10008.1.2.1') + element(2, 0x12, 'UI', '1.2.3'))
            with open(path, 'wb') as file:
                file.write(bytes(128) + b'DICM' + element(2, 0, 'UL', struct.pack('<I', len(group2))) + group2 + data)

        for made in (folder, later): os.makedirs(made)
        values = values[::step]
        for place, (terms, value) in enumerate(values):
            uid = f'1.2.3.{place + 1}'
            write(f'{folder}/{place:04}-name.dcm', terms, uid + '.1', f'H{place}', value, 'name')
            write(f'{folder}/{place:04}-code.dcm', terms, uid + '.2', value, value, 'code')
            # The same patient, study and series, called otherwise, in another instance.
            terms, other = values[(place * 7 + 11) % len(values)]
            write(f'{later}/{place:04}-name.dcm', terms, uid + '.3', f'H{place}', other, 'name', of=uid + '.1')
        print(len(values))
        """#
}
