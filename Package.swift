// swift-tools-version: 6.2
import PackageDescription

/// The settings of every Swift target: language mode 6, the upcoming features, every warning an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: strict)
}

let package = Package(
    name: "dicomfs",
    products: [.executable(name: "dicomfs", targets: ["dicomfs"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Without its defaults: the settings file is YAML.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // System C libraries: module map and shim header. The Debian packages are listed in tools/packages.
        .systemLibrary(name: "CRocksDB"),
        .systemLibrary(name: "CFUSE", pkgConfig: "fuse3"),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng16"),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate"),
        .systemLibrary(name: "COpenJPEG", pkgConfig: "libopenjp2"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CSSL", pkgConfig: "libssl"),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive"),
        // What the Glibc module lacks: mallopt(3), fallocate(2), sync_file_range(2), statx(2).
        .systemLibrary(name: "CLinux"),

        // The DCMTK calls we use, as extern "C" functions; no exception leaves it.
        .target(
            name: "CDCMTK",
            cxxSettings: [.define("HAVE_CONFIG_H")],
            linkerSettings: ["dcmjpeg", "dcmjpls", "dcmdata", "oflog", "ofstd"].map { .linkedLibrary($0) }),

        // What Debian's RocksDB lacks: a checksum with the processor's instruction, a flush of several families.
        .target(name: "CRocksDBSupplement"),

        // Libraries that wrap one C library or speak one standard; none knows the archive.
        library("Threads", []),
        library("Hashing", ["CCrypto"]),
        library("RocksDB", ["CRocksDB", "CRocksDBSupplement"]),
        library("FUSE", ["CFUSE"]),
        library("DICOM", ["CDCMTK", "CZlib", "Hashing"]),
        library("DICOMNetwork", ["CSSL", "Threads"]),
        library("Codecs", ["CDCMTK", "COpenJPEG"]),
        library("Imaging", ["CDeflate", "CPNG", "Codecs"]),
        library("Containers", ["CArchive", "CZlib"]),

        // The archive.
        library("ContentStore", ["CLinux", "RocksDB", "Hashing", "Threads"]),
        library("DICOMArchive", ["CLinux", "Codecs", "ContentStore", "DICOM", "Imaging", "Hashing"]),

        // The doors.
        library("ArchiveFS", ["DICOMArchive", "FUSE", "Threads"]),
        library("ArchiveSCP", ["DICOM", "DICOMArchive", "DICOMNetwork", "Threads"]),
        library("ArchiveControl", ["DICOMArchive", "ContentStore", "Threads"]),

        .executableTarget(
            name: "dicomfs",
            dependencies: [
                "ArchiveControl", "ArchiveFS", "ArchiveSCP", "CLinux", "Containers", "DICOM", "DICOMArchive",
                "DICOMNetwork", "FUSE", "Threads",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                "Yams",
            ],
            swiftSettings: strict),

        // What benchmarks make and measure with: tools/make-corpus. Not installed.
        .executableTarget(
            name: "corpus",
            dependencies: [
                "ContentStore", "DICOM", "DICOMArchive", "Hashing", "TestSupport", "Threads",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "tools/corpus",
            swiftSettings: strict),

        // What tests share: data sets and folders to work with, programs to run.
        .target(name: "TestSupport", dependencies: ["DICOM"], path: "Tests/TestSupport", swiftSettings: strict),
        // Ways in for hostile bytes: of FuzzTests and tools/fuzz.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "ArchiveControl", "ArchiveSCP", "ContentStore", "DICOM", "DICOMArchive", "DICOMNetwork", "TestSupport",
                "Threads",
            ],
            path: "Tests/FuzzTargets", swiftSettings: strict),
        // Unit tests.
        tests("HashingTests", ["Hashing"]),
        tests("RocksDBTests", ["RocksDB", "CRocksDBSupplement"]),
        tests("DICOMTests", ["DICOM"]),
        tests("DICOMNetworkTests", ["ArchiveSCP", "DICOM", "DICOMArchive", "DICOMNetwork", "Threads"]),
        tests("ImagingTests", ["Codecs", "Imaging", "CPNG"]),
        tests("ContentStoreTests", ["ContentStore", "RocksDB", "Hashing", "Threads"]),
        tests(
            "DICOMArchiveTests",
            [
                "ArchiveSCP", "DICOMArchive", "DICOMNetwork", "ContentStore", "DICOM", "Hashing", "Imaging", "RocksDB",
                "Threads",
            ]),
        tests("ArchiveControlTests", ["ArchiveControl", "DICOMArchive", "DICOM", "Threads"]),
        tests(
            "ProgramTests",
            [
                "ArchiveSCP", "DICOMNetwork", "dicomfs",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests("FuzzTests", ["FuzzTargets"]),
        // Tests on a real kernel mount.
        tests("FUSETests", ["FUSE", "Threads"]),
        tests("ArchiveFSTests", ["ArchiveFS", "DICOMArchive", "ContentStore", "DICOM", "FUSE", "Threads"]),
        // The built program with real clients.
        tests("EndToEndTests", ["DICOM", "Threads"]),
    ],
    cxxLanguageStandard: .cxx17
)

// Only tools/fuzz builds these: they link with the fuzzer's own library.
if Context.environment["DICOMFS_FUZZERS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzzers", dependencies: ["FuzzTargets"], path: "tools/fuzzers", swiftSettings: strict))
}
