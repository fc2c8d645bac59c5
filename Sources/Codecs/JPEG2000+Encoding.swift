import COpenJPEG

extension JPEG2000 {
    /// Encodes a frame of 8 or 16 bits a sample without loss; three colours with the reversible transform.
    static func encode(_ frame: DecodedFrame) throws(CodecError) -> [UInt8] {
        let format = frame.format
        guard let codec = opj_create_compress(OPJ_CODEC_J2K) else { throw CodecError("OpenJPEG has no memory") }
        defer { opj_destroy_codec(codec) }
        guard let image = image(of: frame) else { throw CodecError("OpenJPEG has no memory") }
        defer { opj_image_destroy(image) }
        var parameters = opj_cparameters_t()
        opj_set_default_encoder_parameters(&parameters)
        parameters.tcp_numlayers = 1
        parameters.cp_disto_alloc = 1
        parameters.irreversible = 0
        parameters.tcp_mct = frame.isEncodedAsDifferences ? 1 : 0
        // Each resolution is half of the next one, and none is of no pixels.
        while parameters.numresolution > 1, 1 << (parameters.numresolution - 1) > min(format.width, format.height) {
            parameters.numresolution -= 1
        }
        let target = MemoryStream()
        guard opj_setup_encoder(codec, &parameters, image) != 0, let stream = target.stream(isInput: false) else {
            throw CodecError("OpenJPEG does not take the frame")
        }
        defer { opj_stream_destroy(stream) }
        guard opj_start_compress(codec, image, stream) != 0, opj_encode(codec, stream) != 0,
            opj_end_compress(codec, stream) != 0
        else { throw CodecError("OpenJPEG cannot encode the frame") }
        return withExtendedLifetime(target) { target.written }
    }

    /// The samples as components.
    private static func image(of frame: DecodedFrame) -> UnsafeMutablePointer<opj_image_t>? {
        let format = frame.format
        var component = opj_image_cmptparm_t()
        (component.dx, component.dy) = (1, 1)
        (component.w, component.h) = (UInt32(format.width), UInt32(format.height))
        component.prec = UInt32(format.bitsStored)
        component.sgnd = format.isSigned ? 1 : 0
        var components = [opj_image_cmptparm_t](repeating: component, count: format.samplesPerPixel)
        let space = format.samplesPerPixel == 3 ? OPJ_CLRSPC_SRGB : OPJ_CLRSPC_GRAY
        guard let image = opj_image_create(UInt32(components.count), &components, space) else { return nil }
        (image.pointee.x1, image.pointee.y1) = (component.w, component.h)
        frame.samples.withUnsafeBytes { bytes in
            for place in 0..<format.samplesPerPixel {
                guard let data = image.pointee.comps[place].data else { continue }
                for pixel in 0..<format.width * format.height {
                    data[pixel] = value(bytes, pixel * format.samplesPerPixel + place, format)
                }
            }
        }
        return image
    }

    /// A sample as a number, of its stored bits only.
    @inline(__always)
    private static func value(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ format: FrameFormat) -> Int32 {
        let word =
            format.bitsAllocated == 8
            ? Int32(bytes[place])
            : Int32(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self)))
        let unused = Int32(32 - format.bitsStored)
        let stored = word << unused
        return format.isSigned ? stored >> unused : Int32(bitPattern: UInt32(bitPattern: stored) >> UInt32(unused))
    }
}

extension DecodedFrame {
    /// Whether JPEG 2000 has its colours as luminance and differences: the photometric interpretation is then YBR_RCT.
    package var isEncodedAsDifferences: Bool { format.samplesPerPixel == 3 && isYBR != true }
}
