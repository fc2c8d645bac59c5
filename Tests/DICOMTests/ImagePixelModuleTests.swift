import DICOM
import TestSupport
import Testing

@Suite struct ImagePixelModuleTests {
    @Test func `what the header says of the pixels`() throws {
        let image = try #require(
            ImagePixelModule(
                header(
                    image { set in
                        set.us(.samplesPerPixel, 1)
                        set.text(.photometricInterpretation, .cs, "MONOCHROME1")
                        set.text(.numberOfFrames, .is, "3")
                        set.us(.rows, 480)
                        set.us(.columns, 640)
                        set.us(.bitsAllocated, 16)
                        set.us(.bitsStored, 12)
                        set.us(.highBit, 11)
                        set.us(.pixelRepresentation, 1)
                        set.us(.smallestImagePixelValue, 0xFFFF)
                        set.text(.windowCenter, .ds, "40\\300")
                        set.text(.windowWidth, .ds, "400")
                        set.text(.rescaleIntercept, .ds, "-1024")
                        set.text(.rescaleSlope, .ds, "2")
                    })))
        #expect(image.rows == 480 && image.columns == 640 && image.numberOfFrames == 3)
        #expect(image.bitsAllocated == 16 && image.bitsStored == 12 && image.highBit == 11 && image.isSigned)
        #expect(image.photometricInterpretation == "MONOCHROME1")
        #expect(image.smallestImagePixelValue == -1)
        let transform = image.transform(frame: 0)
        #expect(transform.windowCenters == [40] && transform.windowWidths == [400])
        #expect(transform.rescaleSlope == 2 && transform.rescaleIntercept == -1024)
    }

    @Test func `numbers that no US can hold are cut to its range`() throws {
        let image = try #require(
            ImagePixelModule(
                header(
                    image { set in
                        set.text(.rows, .is, "9223372036854775807")
                        set.text(.columns, .is, "-1")
                        set.text(.bitsStored, .is, "-9223372036854775808")
                        set.text(.numberOfFrames, .is, "9223372036854775807")
                    })))
        #expect(image.rows == 65535 && image.columns == 0 && image.bitsStored == 0 && image.highBit == -1)
        #expect(image.numberOfFrames == Int(Int32.max))
    }

    @Test func `an object without rows is no image`() throws {
        #expect(try ImagePixelModule(header(image { $0.us(.columns, 4) })) == nil)
    }

    @Test func `a frame has its own functional groups before the shared ones`() throws {
        let image = try #require(
            ImagePixelModule(
                header(
                    image { set in
                        set.us(.rows, 4)
                        set.us(.columns, 4)
                        sequence(&set, .sharedFunctionalGroupsSequence) { set in
                            sequence(&set, .pixelMeasuresSequence) { $0.text(.pixelSpacing, .ds, "0.5\\0.25") }
                            sequence(&set, .pixelValueTransformationSequence) { set in
                                set.text(.rescaleIntercept, .ds, "-10")
                                set.text(.rescaleSlope, .ds, "1")
                            }
                            window(&set, "1", "2")
                        }
                        set.start(.perFrameFunctionalGroupsSequence, .sq, DataSetBuilder.undefined)
                        for frame in 0..<2 {
                            set.item()
                            if frame == 1 { window(&set, "30", "40") }
                            set.endItem()
                        }
                        set.endSequence()
                    })))
        #expect(image.pixelSpacing == [0.5, 0.25])
        #expect(image.transform(frame: 0).windowCenters == [1])
        #expect(image.transform(frame: 1).windowCenters == [30])
        #expect(image.transform(frame: 1).rescaleIntercept == -10)
        #expect(image.transform(frame: 9).windowCenters == [1])
    }

    @Test func `lookup tables are read`() throws {
        let image = try #require(
            ImagePixelModule(
                header(
                    image { set in
                        set.us(.rows, 4)
                        set.us(.columns, 4)
                        sequence(&set, .modalityLUTSequence) { set in
                            set.us(.lutDescriptor, 3, 5, 16)
                            set.text(.lutExplanation, .lo, "steps")
                            set.us(.lutData, 1, 2, 65535)
                        }
                        sequence(&set, .voiLUTSequence) { set in
                            set.us(.lutDescriptor, 4, 0, 8)
                            set.element(.lutData, .ow, [1, 2, 3, 4])
                        }
                    })))
        let transform = image.transform(frame: 0)
        #expect(transform.modalityLUT?.entries == [1, 2, 65535])
        #expect(transform.modalityLUT?.firstValue == 5)
        #expect(transform.modalityLUT?.explanation == "steps")
        #expect(transform.voiLUTs.map(\.entries) == [[1, 2, 3, 4]])
    }

    private func image(_ content: (inout DataSetBuilder) -> Void) -> [UInt8] {
        var set = DataSetBuilder()
        content(&set)
        return set.bytes
    }

    private func sequence(_ set: inout DataSetBuilder, _ tag: Tag, _ content: (inout DataSetBuilder) -> Void) {
        set.start(tag, .sq, DataSetBuilder.undefined)
        set.item()
        content(&set)
        set.endItem()
        set.endSequence()
    }

    private func window(_ set: inout DataSetBuilder, _ center: String, _ width: String) {
        sequence(&set, .frameVOILUTSequence) { set in
            set.text(.windowCenter, .ds, center)
            set.text(.windowWidth, .ds, width)
        }
    }
}
