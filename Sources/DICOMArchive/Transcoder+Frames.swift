import Codecs
import DICOM
import Imaging

extension Transcoder {
    /// The pixel data, when it is to be written frame by frame.
    struct PixelFrames {
        var description: PixelDescription
        var count: Int
        /// What the samples of the first frame are, and so of all.
        var format: FrameFormat
        /// What the header is to say of them.
        var edits: [Reencoding.Edit]
    }

    /// The frames to be written; nil when the pixel data stays as it is, or there is none.
    func pixelFrames() throws -> PixelFrames? {
        guard let element = scan.pixelData else {
            if case .lossless(let coding) = target { throw CodecError("there are no pixels for \(coding)") }
            return nil
        }
        if case .uncompressed = target, element.declaredLength != nil, isUncompressed { return nil }
        let description = PixelDescription(
            header, scan, transferSyntaxUID: file.recipe.transferSyntaxUID, isOutline: true
        ) { _ in nil }
        guard let description, let pixels = file.recipe.pixels, pixels.pngSize > 0 else {
            throw CodecError("its pixels cannot be decoded")
        }
        // Bits that are no part of values go, and overlays may be there.
        let hasEmbeddedOverlay = stride(from: UInt16(0x6000), through: 0x601E, by: 2).contains {
            (header.integers(Tag($0, 0x0102), as: .us).first ?? 0) != 0 && !header.contains(Tag($0, 0x3000))
        }
        guard !hasEmbeddedOverlay else { throw CodecError("it has overlays in unused bits of pixels") }
        let first = try samples(ofFrame: 0, description)
        return PixelFrames(
            description: description, count: pixels.numberOfFrames, format: first.frame.format,
            edits: edits(first, frames: pixels.numberOfFrames))
    }

    private var isUncompressed: Bool {
        FrameCoding(transferSyntaxUID: file.recipe.transferSyntaxUID) == .uncompressed
    }

    private func samples(ofFrame number: Int, _ description: PixelDescription) throws -> SampleFrame {
        try file.withFrame(number, description, from: store) { bytes, firstBit in
            try Renderer.samples(description, frame: bytes, firstBit: firstBit)
        }
    }

    private func edits(_ first: SampleFrame, frames: Int) -> [Reencoding.Edit] {
        let format = first.frame.format
        var edits: [Reencoding.Edit] = [
            .init(.bitsAllocated, .number(UInt16(format.bitsAllocated))),
            .init(.bitsStored, .number(UInt16(format.bitsStored))),
            .init(.highBit, .number(UInt16(format.bitsStored - 1))),
        ]
        // Those that are there, whatever is said.
        if header.contains(.numberOfFrames) { edits.append(.init(.numberOfFrames, .text("\(frames)"))) }
        if format.samplesPerPixel == 3 { edits.append(.init(.planarConfiguration, .number(0))) }
        if case .lossless(.jpeg2000) = target, first.frame.isEncodedAsDifferences {
            edits.append(.init(.photometricInterpretation, .text("YBR_RCT")))
        } else if let model = first.photometricInterpretation {
            edits.append(.init(.photometricInterpretation, .text(model)))
        }
        return edits
    }

    /// Writes the element of the pixel data.
    func write(_ frames: PixelFrames) throws {
        switch target {
        case .uncompressed:
            let length = frames.count * frames.format.length
            guard let declared = UInt32(exactly: length + length % 2), declared < .max else {
                throw CodecError("its pixels take \(length) bytes uncompressed, more than an element can have")
            }
            let vr: VR = target.encoding.isExplicit && frames.format.bitsAllocated == 8 ? .ob : .ow
            try emit(elementHeader(.pixelData, vr, length: declared))
            try forEachFrame(frames) { try emit($0.samples) }
            if length % 2 == 1 { try emit([0]) }
        case .lossless(let coding):
            try emit(elementHeader(.pixelData, .ob, length: nil))
            // No offset table: the lengths are not known before, and each frame has one fragment.
            try emit(item(length: 0))
            try forEachFrame(frames) { frame in
                let bytes = try FrameEncoder.encode(frame.encodable(coding), coding)
                guard let length = UInt32(exactly: bytes.count) else { throw CodecError("a frame is too long") }
                try emit(item(length: length))
                try emit(bytes)
            }
            try emit(elementEnd)
        }
    }

    private func forEachFrame(_ frames: PixelFrames, _ body: (DecodedFrame) throws -> Void) throws {
        for number in 0..<frames.count {
            let frame = try samples(ofFrame: number, frames.description).frame
            guard frame.format == frames.format else {
                throw CodecError("frame \(number + 1) has other samples than the first one")
            }
            try body(frame)
        }
    }

    /// (FFFE,E000)
    private func item(length: UInt32) -> [UInt8] { [0xFE, 0xFF, 0x00, 0xE0] + length.littleEndianBytes }

    /// (FFFE,E0DD)
    private var elementEnd: [UInt8] { [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0] }
}

extension DecodedFrame {
    /// The same with the bits that a codec is to keep: JPEG and JPEG-LS know no signs, so that signed values keep all.
    fileprivate func encodable(_ coding: LosslessCoding) -> DecodedFrame {
        var frame = self
        switch coding {
        case .rle: frame.format.bitsStored = format.bitsAllocated
        case .jpegLossless, .jpegLS:
            frame.format.bitsStored = format.isSigned ? format.bitsAllocated : max(2, format.bitsStored)
        case .jpeg2000: break
        }
        return frame
    }
}
