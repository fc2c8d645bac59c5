import Foundation
import TestSupport
import Testing

/// Import of what people have: images in zip and tar files.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct ContainerTests {
    private let folder: TemporaryFolder
    private var archive: String { folder.appending("archive") }
    private var study: String { folder.appending("study") }

    init() throws { folder = try TemporaryFolder() }

    /// Makes containers of the study by Python: `make(name)` is where one goes.
    private func python(_ script: String) throws {
        let done = try Python.run(
            """
            import glob, gzip, io, os, sys, tarfile, zipfile
            study, folder = sys.argv[1:]
            files = sorted(glob.glob(study + '/*'))
            def make(name): return f'{folder}/{name}'

            """ + script, [study, folder.path])
        try #require(done.status == 0, "\(done.errors)")
    }

    private func run(_ name: String, _ more: String...) throws -> Program {
        try Program.run(DicomFS.path, ["import", "--archive", archive] + more + [folder.appending(name)])
    }

    /// Every instance of the study is stored, byte for byte.
    private func expectAll(_ count: Int) throws {
        let again = try DicomFS.run("import", "--archive", archive, study)
        #expect(again.output == "stored 0, already stored \(count), new versions 0, skipped 0, refused 0\n")
        #expect(try DicomFS.run("verify", "--archive", archive).status == 0)
    }

    @Test(arguments: ["a.zip", "stored.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"], [false, true])
    func `each file of a container is imported, in place and while the archive is served`(
        name: String, isServed: Bool
    ) throws {
        _ = try Study.make(in: study, images: 10, size: 256)
        try python(
            """
            for name, kind in (('a.zip', zipfile.ZIP_DEFLATED), ('stored.zip', zipfile.ZIP_STORED)):
                with zipfile.ZipFile(make(name), 'w', kind) as made:
                    made.mkdir('empty')
                    made.writestr('README', 'not an image')
                    for file in files: made.write(file, 'in/' + os.path.basename(file))
            for suffix in ('', ':gz', ':bz2', ':xz'):
                with tarfile.open(make('a.tar' + suffix.replace(':', '.')), 'w' + suffix) as made:
                    made.add(study, 'in')
                    made.addfile(tarfile.TarInfo('README'), io.BytesIO())
            """)
        let served = isServed ? try ServedArchive(archive: archive) : nil
        let done = try run(name, "-v")
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output.hasSuffix("stored 10, already stored 0, new versions 0, skipped 1, refused 0\n"))
        #expect(done.output.contains(" \(folder.appending(name)):in/"), "\(done.output)")
        #expect(done.errors == "skipped \(folder.appending(name)):README: not a DICOM file\n")
        try expectAll(10)
        withExtendedLifetime(served) {}
    }

    @Test func `one compressed file is imported, and a container within one is not opened`() throws {
        _ = try Study.make(in: study, images: 2)
        try python(
            """
            with gzip.open(make('one.gz'), 'wb') as made: made.write(open(files[0], 'rb').read())
            with zipfile.ZipFile(make('inner.zip'), 'w') as made: made.write(files[1], 'x.dcm')
            with zipfile.ZipFile(make('outer.zip'), 'w') as made: made.write(make('inner.zip'), 'inner.zip')
            """)
        #expect(try run("one.gz").output.hasPrefix("stored 1,"))
        let outer = try run("outer.zip")
        #expect(outer.output.hasPrefix("stored 0,"))
        #expect(outer.errors == "skipped \(folder.appending("outer.zip")):inner.zip: not a DICOM file\n")
    }

    @Test func `a checksum of gzip that is wrong is an error, at the end at the latest`() throws {
        _ = try Study.make(in: study, images: 2, size: 512, noise: true)
        try python(
            """
            # Without compression a changed byte changes nothing else.
            def damage(name):
                data = bytearray(open(make(name), 'rb').read())
                data[data.index(open(files[0], 'rb').read()[5000:5100])] ^= 255
                open(make(name), 'wb').write(data)
            with gzip.open(make('one.gz'), 'wb', 0) as made: made.write(open(files[0], 'rb').read())
            with tarfile.open(make('a.tar.gz'), 'w:gz', compresslevel=0) as made:
                for file in files: made.add(file, os.path.basename(file))
            for name in ('one.gz', 'a.tar.gz'): damage(name)
            with gzip.open(make('cut.gz'), 'wb') as made: made.write(open(files[0], 'rb').read())
            data = open(make('cut.gz'), 'rb').read()
            open(make('cut.gz'), 'wb').write(data[:-8])
            # Of members, one behind the other.
            data = open(files[1], 'rb').read()
            members = [gzip.compress(data[:100_000]), gzip.compress(data[100_000:])]
            open(make('changed.gz'), 'wb').write(members[0] + b'X' + members[1][1:])
            open(make('more.gz'), 'wb').write(members[0] + members[1] + b'more')
            open(make('members.gz'), 'wb').write(members[0] + members[1] + bytes(1000))
            """)
        for (name, stored, sentence) in [
            ("one.gz", 0, "its gzip data are damaged (incorrect data check)"),
            ("cut.gz", 0, "its gzip data end too early"),
            ("changed.gz", 0, "its gzip data are damaged (incorrect header check)"),
            ("more.gz", 0, "its gzip data are damaged (incorrect header check)"),
            ("a.tar.gz", 1, "its gzip data are damaged (incorrect data check); what was stored of it may be damaged"),
        ] {
            let done = try run(name)
            #expect(done.status == 1)
            #expect(done.output.hasPrefix("stored \(stored),"), "\(done.output)")
            #expect(done.errors.contains(sentence), "\(done.errors)")
        }
        #expect(try run("members.gz").output == "stored 1, already stored 0, new versions 0, skipped 0, refused 0\n")
    }

    @Test func `what is compressed twice is refused, and a Part 10 file that begins as a container is one`() throws {
        _ = try Study.make(in: study, images: 3)
        try python(
            """
            import bz2
            data = open(files[0], 'rb').read()
            for name, twice in (
                ('twice.gz', gzip.compress(gzip.compress(data))), ('bz2.gz', gzip.compress(bz2.compress(data))),
                ('gz.bz2', bz2.compress(gzip.compress(data))), ('bz2.bz2', bz2.compress(bz2.compress(data)))):
                open(make(name), 'wb').write(twice)
            for number, magic in enumerate((b'PK\\x03\\x04', b'\\x1f\\x8b\\x08')):
                open(make(f'preamble{number}'), 'wb').write(magic + open(files[number], 'rb').read()[len(magic):])
            with zipfile.ZipFile(make('named.zip'), 'w') as made: made.write(files[2], 'x\\nstored y')
            """)
        for name in ["twice.gz", "bz2.gz", "gz.bz2", "bz2.bz2"] {
            let done = try run(name)
            #expect(done.output.hasPrefix("stored 0,"), "\(done.output)")
            #expect(
                done.errors.contains("it is compressed more than once; unpack it first")
                    || done.errors.contains(": not a DICOM file"), "\(done.errors)")
        }
        for number in 0..<2 { #expect(try run("preamble\(number)").output.hasPrefix("stored 1,")) }
        let named = try run("named.zip", "-v")
        #expect(named.output.contains("named.zip:x?stored y\n"), "\(named.output)")
    }

    @Test func `what is damaged or encrypted is named, and what came before it is stored`() throws {
        _ = try Study.make(in: study, images: 6, size: 256, noise: true)
        try python(
            """
            with tarfile.open(make('a.tar.gz'), 'w:gz') as made:
                for file in files: made.add(file, os.path.basename(file))
            data = open(make('a.tar.gz'), 'rb').read()
            open(make('cut.tar.gz'), 'wb').write(data[:len(data) * 2 // 3])
            with zipfile.ZipFile(make('a.zip'), 'w') as made:
                for file in files: made.write(file, os.path.basename(file))
            data = bytearray(open(make('a.zip'), 'rb').read())
            place = data.index(open(files[2], 'rb').read()[-1000:])
            data[place] ^= 255
            open(make('flipped.zip'), 'wb').write(data)
            open(make('magic.zip'), 'wb').write(b'PK\\x03\\x04' + bytes(1000))
            # Ends between two elements: as a file of its own it would be an instance without pixel data.
            import pydicom
            image = pydicom.dcmread(files[5])
            for number in range(17): image.add_new((0x0019, 0x1000 + number), 'OB', bytes(60000))
            image.save_as(make('five.dcm'))
            # It is read in pieces of 256 KiB, and what comes of a piece that is not whole is lost.
            missing = (1 << 20) - open(make('five.dcm'), 'rb').read().index(bytes.fromhex('e07f1000')) - 12
            image.add_new((0x0019, 0x1011), 'OB', bytes(missing))
            image.save_as(make('five.dcm'))
            with tarfile.open(make('one.tar'), 'w') as made: made.add(make('five.dcm'), 'five.dcm')
            data = open(make('one.tar'), 'rb').read()
            open(make('between.tar'), 'wb').write(data[:data.index(bytes.fromhex('e07f1000'))])
            """)
        let cut = try run("cut.tar.gz")
        #expect(cut.status == 1)
        #expect(cut.output.hasPrefix("stored 3,") || cut.output.hasPrefix("stored 4,"), "\(cut.output)")
        #expect(cut.errors.contains("refused \(folder.appending("cut.tar.gz"))"), "\(cut.errors)")
        let between = try run("between.tar")
        #expect(between.status == 1)
        #expect(between.output.hasPrefix("stored 0,"), "\(between.output)")
        #expect(between.errors.hasPrefix("refused \(folder.appending("between.tar")):five.dcm: cannot be read: "))
        let flipped = try run("flipped.zip")
        #expect(flipped.status == 1)
        #expect(flipped.output.hasSuffix(", refused 1\n"), "\(flipped.output)")
        let magic = try run("magic.zip")
        #expect(magic.status == 1)
        #expect(magic.errors.contains("\(folder.appending("magic.zip")): cannot be read as a container"))

        let zip = try Program.run("zip", ["-q", "-j", "-P", "secret", folder.appending("locked.zip"), study, "-r"])
        try #require(zip.status == 0, "\(zip.errors)")
        let locked = try run("locked.zip")
        #expect(locked.output.hasSuffix("skipped 0, refused 6\n"), "\(locked.output)")
        #expect(locked.errors.contains(": encrypted; unpack it first\n"))
        #expect(try DicomFS.run("verify", "--archive", archive).status == 0)
        _ = try run("a.zip")
        try expectAll(6)
    }

    @Test func `a member of any size takes little memory, and a bomb too`() throws {
        _ = try Study.make(in: study, images: 1, size: 64)
        try python(
            """
            import pydicom
            data = pydicom.dcmread(files[0])
            data.Rows, data.Columns, data.NumberOfFrames = 1024, 1024, 150
            data.PixelData = os.urandom(1 << 20) * 300
            data.save_as(make('large.dcm'))
            with zipfile.ZipFile(make('large.zip'), 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as made:
                made.write(make('large.dcm'), 'large.dcm')
                with made.open('bomb', 'w', force_zip64=True) as bomb:
                    for _ in range(1024): bomb.write(bytes(1 << 20))
            """)
        let measured = try Program.run(
            "/usr/bin/python3",
            [
                "-c",
                "import resource, subprocess, sys; subprocess.run(sys.argv[1:]);"
                    + "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)",
                DicomFS.path, "import", "--archive", archive, folder.appending("large.zip"),
            ])
        let lines = measured.output.split(separator: "\n")
        #expect(lines.first == "stored 1, already stored 0, new versions 0, skipped 1, refused 0", "\(measured.errors)")
        let megabytes = try #require(lines.last.flatMap { Int($0) })
        #expect(megabytes < 256, "\(megabytes) MiB")
        #expect(
            try DicomFS.run("import", "--archive", archive, folder.appending("large.dcm")).output.contains(
                "already stored 1,"))
    }
}
