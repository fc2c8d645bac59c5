import Codecs
import DICOM
import Dispatch
import Imaging
import Synchronization

/// How the picture of a frame is to be made.
package struct PictureOptions: Sendable {
    /// The stored values, not what they look like.
    package var isRaw: Bool
    /// Instead of what the instance says.
    var window: PixelDescription.Window?
    /// Whether the instance's overlays are shown on top.
    package var hasOverlays: Bool

    package init(isRaw: Bool = false, window: (center: Double, width: Double)? = nil, hasOverlays: Bool = false) {
        self.isRaw = isRaw
        self.window = window.map { PixelDescription.Window(center: $0.center, width: $0.width) }
        self.hasOverlays = hasOverlays
    }
}

extension Archive {
    /// The picture of a frame of an instance's first version as a compressed PNG.
    ///
    /// - Parameters:
    ///   - instance: its `.dcm` node.
    ///   - frame: counted from 1.
    /// - Throws: ``ArchiveError/Code/notFound`` when it has no such frame, or no picture.
    package func picture(of instance: NodeID, frame: Int, _ options: PictureOptions) throws(ArchiveError) -> [UInt8] {
        do {
            guard let file = try file(instance) else {
                throw ArchiveError(.notFound, "the instance was deleted meanwhile")
            }
            let id = file.recipe.reference.instance
            guard let pixels = file.recipe.pixels, (options.isRaw ? pixels.rawSize : pixels.pngSize) > 0 else {
                let kind = options.isRaw ? "picture of stored values" : "picture"
                throw ArchiveError(.notFound, "instance \(id) has no \(kind) (\(file.recipe.transferSyntaxUID))")
            }
            guard (1...pixels.numberOfFrames).contains(frame) else {
                throw ArchiveError(.notFound, "instance \(id) has frames 1 to \(pixels.numberOfFrames), not \(frame)")
            }
            guard let png = try withPicture(of: file, frame: frame - 1, options, { try $0.compressedPNG() }) else {
                throw ArchiveError(.notFound, "instance \(id) has no picture")
            }
            return png
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Calls `body` with the picture of a frame, counted from 0, which lasts as long as that; nil when it has none.
    func withPicture<Result>(
        of file: StoredFile, frame: Int, _ options: PictureOptions, _ body: (Picture) throws -> Result
    ) throws -> Result? {
        let recipe = file.recipe
        let header = DataSetHeader(
            file.header, recipe.scan, defaultCharacterSet: defaultCharacterSet)
        func description(
            hasOverlays: Bool, isOutline: Bool, _ bulk: (Tag) throws -> [UInt8]?
        ) throws -> PixelDescription? {
            try PixelDescription(
                header, recipe.scan, transferSyntaxUID: recipe.transferSyntaxUID, frame: frame,
                hasOverlays: hasOverlays, isOutline: isOutline, bulk: bulk)
        }
        func undecodable(_ reason: some CustomStringConvertible) -> ArchiveError {
            ArchiveError(
                .undecodable,
                "frame \(frame + 1) of instance \(recipe.reference.instance) (\(recipe.transferSyntaxUID)) cannot be"
                    + " decoded: \(reason)")
        }
        do {
            // The shape first, for which the header is enough.
            guard let outline = try description(hasOverlays: false, isOutline: true, { _ in nil }),
                let shape = options.isRaw ? outline.rawShape : outline.pngShape
            else { return nil }
            let length = try file.frameLength(frame, outline, from: store)
            // Compressed, it is in memory twice.
            let memory = outline.memory(frame: length) + 2 * shape.fileSize + file.descriptionMemory
            // Who waits for memory has no turn.
            let share = try imageMemory.take(memory)
            turns.wait()
            let begin = ContinuousClock.now
            defer {
                let taken = begin.duration(to: .now) / .nanoseconds(1)
                work.renders.wrappingAdd(1, ordering: .relaxed)
                work.renderNanoseconds.wrappingAdd(UInt64(max(0, taken)), ordering: .relaxed)
                turns.signal()
                imageMemory.give(share)
            }
            let bulk = { try file.bulkValue($0, from: self.store) }
            guard var description = try description(hasOverlays: options.hasOverlays, isOutline: false, bulk) else {
                return nil
            }
            if let window = options.window { (description.window, description.voiLUT) = (window, nil) }
            return try file.withFrame(frame, description, from: store) { bytes, firstBit in
                try Renderer.withPicture(description, frame: bytes, firstBit: firstBit, isRaw: options.isRaw, body)
            }
        } catch let error as CodecError {
            throw undecodable(error)
        } catch let error as DICOMError {
            throw undecodable(error)
        } catch let error as ZlibStream.Corrupt {
            throw undecodable(error.reason)
        }
    }
}
