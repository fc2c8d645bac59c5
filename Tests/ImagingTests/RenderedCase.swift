import Foundation
import Imaging

/// A description with the frame it is of; written for numpy, which renders it by itself, and read from there.
struct RenderedCase {
    var name: String
    var description: PixelDescription
    var frame: [UInt8]

    init(_ name: String, _ frame: [UInt8], _ describe: (inout PixelDescription) -> Void) {
        self.name = name
        self.frame = frame
        description = PixelDescription()
        description.photometricInterpretation = "MONOCHROME2"
        description.bitsAllocated = 16
        description.bitsStored = 16
        description.highBit = 15
        describe(&description)
    }

    /// A grey one of 16 bits in which many values occur.
    init(_ name: String, rows: Int = 37, columns: Int = 41, _ describe: (inout PixelDescription) -> Void) {
        self.init(name, Self.noise(rows * columns * 2)) {
            $0.rows = rows
            $0.columns = columns
            describe(&$0)
        }
    }

    /// Bytes that look random, the same each time.
    static func noise(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }

    var png: [UInt8]? { png(isRaw: false) }

    func png(isRaw: Bool) -> [UInt8]? {
        (try? Renderer.withPicture(description, frame: frame.span.bytes, isRaw: isRaw) { $0.storedPNG() }) ?? nil
    }

    /// The description by name of its fields.
    var json: [String: Any] {
        var json: [String: Any] = [
            "name": name, "rows": description.rows, "columns": description.columns,
            "samples": description.samplesPerPixel, "photometric": description.photometricInterpretation,
            "planar": description.planarConfiguration, "allocated": description.bitsAllocated,
            "stored": description.bitsStored, "high": description.highBit, "signed": description.isSigned,
            "big": description.isBigEndian, "words": description.isWords, "slope": description.rescaleSlope,
            "intercept": description.rescaleIntercept,
        ]
        func table(_ table: PixelDescription.Table) -> [String: Any] {
            ["first": table.firstValue, "bits": table.bitsPerEntry, "entries": table.entries.map { Int($0) }]
        }
        if let lut = description.modalityLUT { json["modality"] = table(lut) }
        if let lut = description.voiLUT { json["voi"] = table(lut) }
        if let window = description.window {
            // JSON has no NaN.
            json["window"] = [
                "center": "\(window.center)", "width": "\(window.width)", "function": "\(window.function)",
            ]
        }
        return json
    }

    /// One that numpy described, of a real file: no tables.
    init(json: [String: Any], frame: [UInt8]) throws {
        func value<Value>(_ name: String) throws -> Value {
            guard let value = json[name] as? Value else { throw CocoaError(.coderReadCorrupt) }
            return value
        }
        name = try value("name")
        self.frame = frame
        description = PixelDescription()
        description.rows = try value("rows")
        description.columns = try value("columns")
        description.samplesPerPixel = try value("samples")
        description.photometricInterpretation = try value("photometric")
        description.planarConfiguration = try value("planar")
        description.bitsAllocated = try value("allocated")
        description.bitsStored = try value("stored")
        description.highBit = try value("high")
        description.isSigned = try value("signed")
        description.isBigEndian = try value("big")
        description.isWords = try value("words")
        description.rescaleSlope = try value("slope")
        description.rescaleIntercept = try value("intercept")
        if let window = json["window"] as? [String: String] {
            description.window = PixelDescription.Window(
                center: Double(window["center"] ?? "") ?? .nan, width: Double(window["width"] ?? "") ?? .nan)
        }
    }
}
