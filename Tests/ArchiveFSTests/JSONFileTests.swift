import ArchiveFS
import DICOM
import DICOMArchive
import Foundation
import Glibc
import TestSupport
import Testing

/// `<instance>.json` in the mount.
@Suite(.serialized)
struct JSONFileTests {
    private static func stem(_ mount: ArchiveMount, _ id: OrthancIdentifier) throws -> String {
        String(try mount.path(of: id).dropLast(4))
    }

    @Test func `an instance's JSON is there by name, and listed when asked for`() throws {
        var options = TreeOptions()
        var mount: ArchiveMount? = try ArchiveMount(nil, options)
        let id = try #require(try mount?.store(TestInstance(patientName: "Müller^Jürg").dataSet))
        var path = try Self.stem(try #require(mount), id) + ".json"
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        #expect(names(folder).count == 2)
        let text = try #require(contents(path))
        #expect(fileStatus(path).map { Int($0.st_size) } == text.count)
        #expect(fileStatus(path)?.st_mtim.tv_sec == fileStatus(path.dropLast(5) + ".dcm")?.st_mtim.tv_sec)
        let set = try #require(try JSONSerialization.jsonObject(with: Data(text)) as? [String: [String: Any]])
        #expect((set["00100010"]?["Value"] as? [[String: String]]) == [["Alphabetic": "Müller^Jürg"]])
        #expect((set["00280010"]?["Value"] as? [Int]) == [4])
        #expect(set["7FE00010"] == nil)
        let number = fileStatus(path)?.st_ino

        options.listed = [.dcm, .json]
        let archive = try #require(mount?.folder)
        mount = nil
        mount = try ArchiveMount(archive, options)
        path = try Self.stem(try #require(mount), id) + ".json"
        #expect(
            names(folder) == [".dcm", ".json"].map { URL(fileURLWithPath: path.dropLast(5) + $0).lastPathComponent })
        // What is not listed is there all the same.
        #expect(fileStatus(path.dropLast(5) + ".png") != nil)
        #expect(fileStatus(path)?.st_ino == number)
        #expect(contents(path) == text)
        #expect(try run("ls", ["-l", folder]).output.contains(" \(text.count) "))
    }

    @Test func `JSON is in every view, and goes with its instance`() throws {
        let mount = try ArchiveMount()
        let instance = TestInstance()
        let id = try mount.store(instance.dataSet)
        let paths = try ([Self.stem(mount, id)] + ViewTests.stems(mount, instance, date: "2024/01/31")).map {
            $0 + ".json"
        }
        let number = fileStatus(paths[0])?.st_ino
        #expect(number != nil)
        for path in paths { #expect(fileStatus(path)?.st_ino == number, "\(path)") }
        #expect(fileStatus(paths[0].dropLast(5) + ".v2.json") == nil)
        #expect(try mount.delete(id) == 1)
        for path in paths {
            #expect(fileStatus(path) == nil)
            #expect(errno == ENOENT)
        }
        // Other bytes, another file.
        #expect(try mount.store(TestInstance(patientName: "Else").dataSet) == id)
        #expect(contents(paths[1]).map { String(decoding: $0, as: UTF8.self).contains("Else") } == true)
        #expect(fileStatus(paths[1])?.st_ino != number)
    }

    @Test func `no images means no names of images`() throws {
        var options = TreeOptions()
        options.images = .off
        let mount = try ArchiveMount(nil, options)
        let id = try mount.store(TestInstance(frames: 2).dataSet)
        let stem = try Self.stem(mount, id)
        #expect(walk(mount.path).count == 4)
        for end in [".png", ".frames", ".frames/0001.png"] {
            #expect(fileStatus(stem + end) == nil)
            #expect(errno == ENOENT)
        }
        #expect(fileStatus(stem + ".json") != nil)
    }

    @Test func `a header too long for JSON has a file that cannot be looked at, and the mount lives on`() throws {
        let mount = try ArchiveMount()
        var set = TestInstance(frames: 0).dataSet
        set.start(Tag(0x0040, 0xA730), .sq, DataSetBuilder.undefined)
        set.item()
        for number in 0..<12 {
            set.element(Tag(0x0041, UInt16(0x1000 + number)), .uc, [UInt8](repeating: 1, count: 1 << 20))
        }
        set.endItem()
        set.endSequence()
        let stem = try Self.stem(mount, try mount.store(set))
        #expect(fileStatus(stem + ".json") == nil)
        #expect(errno == EFBIG)
        #expect(contents(stem + ".dcm")?.suffix(set.bytes.count).elementsEqual(set.bytes) == true)
    }

    /// Compares each JSON file with what pydicom reads in the instance: every element has the same value, and only bulk is
    /// left out. Prints what differs.
    private static let comparison = """
        import base64, json, math, os, sys, warnings, logging
        warnings.simplefilter('ignore'); logging.disable(logging.CRITICAL)
        import pydicom
        from pydicom.dataset import Dataset
        def same(a, b):
            if isinstance(a, str) and isinstance(b, str): return a.rstrip() == b.rstrip()
            if isinstance(a, float) and isinstance(b, float): return a == b or math.isnan(a) and math.isnan(b)
            return a == b
        def plain(vr, value):
            if value is None or value == '': return []
            values = value if isinstance(value, (list, pydicom.multival.MultiValue)) else [value]
            if vr in ('IS', 'US', 'SS', 'UL', 'SL', 'UV', 'SV', 'AT'): return [v if v in (None, '') else int(v) for v in values]
            if vr in ('DS', 'FL', 'FD'): return [v if v in (None, '') else float(v) for v in values]
            if isinstance(value, bytes): return [value]
            return ['' if v is None else str(v) for v in values]
        def compare(where, made, read, raw):
            for tag in sorted(set(made.keys()) | set(read.keys())):
                at = f'{where} {tag}'
                element = raw.get(tag)
                if tag not in read: print(at, 'is not in the data set'); continue
                if tag not in made:
                    value = read[tag].value
                    left = tag.element == 0 or tag.group == 2 or isinstance(value, bytes) or read[tag].VR in ('OB or OW', 'OB', 'OW')
                    if not left and len(element.value or b'') <= 65536: print(at, read[tag].VR, 'is missing')
                    continue
                a, b = made[tag], read[tag]
                counted[0] += 1
                if a.VR == 'SQ' and b.VR == 'SQ':
                    if len(a.value) != len(b.value): print(at, 'other number of items'); continue
                    for n, (x, y) in enumerate(zip(a.value, b.value)): compare(f'{at}[{n}]', x, y, {})
                elif tag == 0x00080005:
                    if a.value != 'ISO_IR 192': print(at, a.value)
                elif a.VR != b.VR:
                    # Private elements are unknown without a dictionary of them, and choices of the standard are made here.
                    if a.VR == 'UN' and element is not None and element.value == a.value: continue
                    if a.VR == 'UN' and element is None and tag.is_private: continue
                    print(at, a.VR, b.VR)
                else:
                    x, y = plain(a.VR, a.value), plain(b.VR, b.value)
                    while y and y[-1] in ('', None) and len(y) > len(x): y.pop()
                    if len(x) != len(y) or not all(same(p, q) for p, q in zip(x, y)):
                        print(at, a.VR, repr(x)[:200], repr(y)[:200])
        files = 0
        counted = [0]
        for folder, _, names in os.walk(sys.argv[1]):
            for name in names:
                if not name.endswith('.dcm'): continue
                path = os.path.join(folder, name)
                text = open(path[:-4] + '.json', 'rb').read()
                if len(text) != os.stat(path[:-4] + '.json').st_size: print(path, 'size')
                tags = list(json.loads(text))
                if tags != sorted(tags): print(path, 'order')
                read = pydicom.dcmread(path, force=True)
                raw = {tag: read.get_item(tag) for tag in read.keys()}
                # What is no number, such as an IS of 1A, pydicom takes from a data set, but not from JSON.
                elements = json.loads(text)
                for key, element in list(elements.items()):
                    values = element.get('Value', [])
                    if element['vr'] in ('IS', 'DS') and any(isinstance(value, str) for value in values):
                        if '\\\\'.join(map(str, values)) != str(read[key].value): print(name, key, values)
                        del elements[key], read[key]
                compare(name, Dataset.from_json(elements), read, raw)
                files += 1
        print(files, counted[0], file=sys.stderr)
        """

    @Test(.enabled(if: Python.testFiles != nil, "\(Python.missing)"))
    func `the JSON of every file of pydicom's is what pydicom reads`() throws {
        let mount = try ArchiveMount()
        let stored = try TreeContentsTests.storeAll(mount)
        let found = try Python.run(Self.comparison, [mount.path])
        #expect(found.status == 0, "\(found.errors)")
        #expect(found.output == "")
        let counts = found.errors.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { Int($0) }
        #expect(counts.first == stored.count)
        #expect(counts.last ?? 0 > 5000)
    }
}
