/// What the header says of the pixels: their shape and coding, and how stored values become display values
/// (PS3.3 sections C.7.6.3, C.11.1, C.11.2; functional groups C.7.6.16).
///
/// Values as they are written, not checked against each other: a renderer must. Rescale and windows of the whole object
/// here; of one frame of an enhanced object by `transform(frame:)`.
package struct ImagePixelModule: Sendable {
    /// Height in pixels.
    package var rows: Int
    /// Width in pixels.
    package var columns: Int
    package var samplesPerPixel: Int
    /// As written; nil when absent.
    package var photometricInterpretation: String?
    /// 0: colours by pixel; 1: by plane.
    package var planarConfiguration: Int
    package var bitsAllocated: Int
    package var bitsStored: Int
    package var highBit: Int
    /// Whether stored values are two's complement.
    package var isSigned: Bool
    /// At least 1.
    package var numberOfFrames: Int
    package var smallestImagePixelValue: Int?
    package var largestImagePixelValue: Int?
    package var pixelPaddingValue: Int?
    package var pixelPaddingRangeLimit: Int?
    /// INVERSE or IDENTITY.
    package var presentationLUTShape: String?
    /// Row spacing, column spacing in millimetres.
    package var pixelSpacing: [Double]
    /// Vertical size, horizontal size.
    package var pixelAspectRatio: [Int]

    /// The first item of Shared Functional Groups Sequence.
    private var shared: DataSetHeader?
    private var perFrame: SequenceItems
    private var whole: PixelTransform

    /// The description in a data set's header; nil when it has no rows or columns.
    package init?(_ header: DataSetHeader) {
        self.init(header) { _ in nil }
    }

    /// The same, also where sequences were cut from the header.
    ///
    /// - Parameter sequence: gives a data set that has nothing but a sequence that was cut from the header.
    package init?(
        _ header: DataSetHeader, sequence: (Tag) throws -> DataSetHeader?
    ) rethrows {
        // Their VR is US. A header that gives them another can hold any number, with which no sum may overflow.
        func number(_ tag: Tag) -> Int? { header.integer(tag).map { min(max($0, 0), Int(UInt16.max)) } }
        guard let rows = number(.rows), let columns = number(.columns) else { return nil }
        self.rows = rows
        self.columns = columns
        samplesPerPixel = number(.samplesPerPixel) ?? 1
        photometricInterpretation = header.text(.photometricInterpretation)
        planarConfiguration = number(.planarConfiguration) ?? 0
        bitsAllocated = number(.bitsAllocated) ?? 0
        bitsStored = number(.bitsStored) ?? bitsAllocated
        highBit = number(.highBit) ?? bitsStored - 1
        isSigned = header.integer(.pixelRepresentation) == 1
        numberOfFrames = min(max(1, header.integer(.numberOfFrames) ?? 1), Int(Int32.max))
        // Their VR is US or SS as Pixel Representation says, whatever implicit VR or a wrong header has it.
        let sample: VR = isSigned ? .ss : .us
        smallestImagePixelValue = header.integers(.smallestImagePixelValue, as: sample).first
        largestImagePixelValue = header.integers(.largestImagePixelValue, as: sample).first
        pixelPaddingValue = header.integers(.pixelPaddingValue, as: sample).first
        pixelPaddingRangeLimit = header.integers(.pixelPaddingRangeLimit, as: sample).first
        presentationLUTShape = header.text(.presentationLUTShape)
        pixelAspectRatio = header.integers(.pixelAspectRatio)
        func holder(_ tag: Tag) throws -> DataSetHeader { header.isBulk(tag) ? try sequence(tag) ?? header : header }
        shared = try holder(.sharedFunctionalGroupsSequence).item(.sharedFunctionalGroupsSequence)
        perFrame = try holder(.perFrameFunctionalGroupsSequence).items(.perFrameFunctionalGroupsSequence)
        whole = PixelTransform(header, isSigned: isSigned)
        pixelSpacing = header.decimals(.pixelSpacing)
        if pixelSpacing.isEmpty {
            pixelSpacing = shared?.item(.pixelMeasuresSequence)?.decimals(.pixelSpacing) ?? []
        }
    }

    /// How the stored values of a frame, counted from 0, become display values: by its own functional groups, else the
    /// shared ones, else the data set itself, each part apart.
    package func transform(frame: Int) -> PixelTransform {
        var result = whole
        let own = perFrame.indices.contains(frame) ? perFrame[frame] : nil
        for group in [shared, own].compactMap({ $0 }) {
            if let item = group.item(.pixelValueTransformationSequence) { result.adoptRescale(item) }
            if let item = group.item(.frameVOILUTSequence) { result.adoptWindow(item, isSigned: isSigned) }
        }
        return result
    }
}
