import Foundation
import TestSupport
import Testing

/// Programs that people work with images with, over the mount.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"), .madeStudies)
struct ImagingProgramTests {
    private let mount = SharedArchive.current.mount
    private let sources = SharedArchive.current.sources

    @Test func `dcm2niix converts the mount as it converts the files that were imported`() throws {
        let folder = try TemporaryFolder()
        var images: [[String: Data]] = []
        for (name, input) in [("mounted", mount), ("original", sources)] {
            let output = try folder.makeFolder(name)
            let done = try Program.run("dcm2niix", ["-o", output, "-z", "n", "-f", "%j", input])
            #expect(done.status == 0, "\(done.output)\(done.errors)")
            let made = try FileManager.default.contentsOfDirectory(atPath: output)
            images.append(
                Dictionary(
                    uniqueKeysWithValues: try made.map {
                        ($0, try Data(contentsOf: URL(fileURLWithPath: "\(output)/\($0)")))
                    }))
        }
        #expect(images[0].keys.sorted() == images[1].keys.sorted())
        #expect(images[0] == images[1])
        #expect(images[0].keys.filter { $0.hasSuffix(".nii") }.count == 2)
        // A header of 352 bytes and 16 bits a voxel.
        #expect(images[0].values.map(\.count).max() == 352 + 64 * 64 * 12 * 2)
    }

    @Test func `SimpleITK reads a series with its size, spacing and values`() throws {
        let read = try Python.run(Self.simpleITK, [mount])
        #expect(read.status == 0, "\(read.errors)")
        #expect(
            read.output.split(separator: "\n") == [
                "(32, 32, 3) (0.7, 0.7, 5.0) -1024 976", "(64, 64, 12) (0.7, 0.7, 5.0) -1024 976",
            ])
    }

    private static let simpleITK = """
        import os, sys
        import SimpleITK as sitk
        found = []
        for base, folders, files in os.walk(sys.argv[1]):
            for series in sitk.ImageSeriesReader.GetGDCMSeriesIDs(base) if files else []:
                reader = sitk.ImageSeriesReader()
                reader.SetFileNames(reader.GetGDCMSeriesFileNames(base, series))
                image = reader.Execute()
                spacing = tuple(round(length, 6) for length in image.GetSpacing())
                values = sitk.GetArrayViewFromImage(image)
                found.append(f'{image.GetSize()} {spacing} {values.min()} {values.max()}')
        print('\\n'.join(sorted(found)))
        """

    @Test func `pydicom reads the pixels of every instance as those of the file that was imported`() throws {
        let read = try Python.run(Self.pydicom, [mount, sources])
        #expect(read.status == 0, "\(read.errors)")
        #expect(read.output == "15 equal\n")
    }

    private static let pydicom = """
        import os, sys
        import pydicom
        def datasets(folder):
            found = {}
            for base, _, names in os.walk(folder):
                for name in names:
                    if name.endswith('.dcm'):
                        dataset = pydicom.dcmread(os.path.join(base, name))
                        found[dataset.SOPInstanceUID] = dataset
            return found
        mounted, original = map(datasets, sys.argv[1:3])
        assert mounted.keys() == original.keys()
        for uid in mounted:
            assert mounted[uid] == original[uid] and (mounted[uid].pixel_array == original[uid].pixel_array).all()
        print(len(mounted), 'equal')
        """

    @Test func `ImageMagick reads and converts every png`() throws {
        let images = try files(".png")
        #expect(images.count == 15)
        let identified = try Program.run("identify", ["-format", "%m %wx%h %z\\n"] + images)
        #expect(identified.status == 0 && identified.errors == "", "\(identified.errors)")
        let lines = identified.output.split(separator: "\n")
        #expect(lines.filter { $0 == "PNG 64x64 8" }.count == 12)
        #expect(lines.filter { $0 == "PNG 32x32 8" }.count == 3)
        let folder = try TemporaryFolder()
        let converted = try Program.run("convert", images + ["-resize", "16x16!", folder.appending("%02d.gif")])
        #expect(converted.status == 0 && converted.errors == "", "\(converted.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count >= 15)
    }

    @Test func `dcmtk and GDCM read every instance`() throws {
        let instances = try files(".dcm")
        #expect(instances.count == 15)
        let dumped = try Program.run("/usr/bin/dcmdump", ["-q", "+P", "SOPInstanceUID"] + instances)
        #expect(dumped.status == 0 && dumped.errors == "", "\(dumped.errors)")
        #expect(dumped.output.split(separator: "\n").count == 15)
        for instance in instances {
            let read = try Program.run("gdcminfo", [instance])
            #expect(read.status == 0 && read.output.contains("CT Image Storage"), "\(read.output)\(read.errors)")
        }
    }

    /// The files of the mount whose names end so.
    private func files(_ suffix: String) throws -> [String] {
        let found = try Program.run("find", [mount, "-name", "*\(suffix)"])
        return found.output.split(separator: "\n").map { String($0) }.sorted()
    }
}
