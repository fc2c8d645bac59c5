import CPNG

/// A PNG as libpng reads it; nil when libpng finds any fault.
struct DecodedPNG {
    let width: Int
    let height: Int
    let channels: Int
    let pixels: [UInt8]

    init?(_ bytes: [UInt8]) {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        defer { png_image_free(&image) }
        let result = bytes.withUnsafeBytes { bytes -> (channels: Int, pixels: [UInt8])? in
            guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else { return nil }
            let channels = image.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1
            var pixels = [UInt8](repeating: 0, count: Int(image.width) * Int(image.height) * channels)
            let isRead = png_image_finish_read(&image, nil, &pixels, 0, nil) != 0
            return isRead && image.warning_or_error == 0 ? (channels, pixels) : nil
        }
        guard let result else { return nil }
        width = Int(image.width)
        height = Int(image.height)
        channels = result.channels
        pixels = result.pixels
    }
}
