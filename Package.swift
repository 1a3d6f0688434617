// swift-tools-version: 6.2
import PackageDescription

/// Settings every Swift target shares: warnings are errors, imports stay internal unless stated.
let common: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Library targets that touch raw memory or files say `unsafe` wherever they do.
let library: [SwiftSetting] = common + [.strictMemorySafety()]

let package = Package(
  name: "dearc",
  products: [
    .executable(name: "dearc", targets: ["dearc"]),
    // For FuzzTesting alone; building the program does not build it.
    .library(name: "FuzzCases", targets: ["FuzzCases"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .target(name: "IR", swiftSettings: library),
    .target(name: "Formats", dependencies: ["CCrypto", "CZip"], swiftSettings: library),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "COnnx", dependencies: ["CProtobufC"]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .target(name: "CConfinement"),
    .target(
      name: "HDF5Access", dependencies: ["CConfinement", "CHDF5", "Formats"],
      swiftSettings: library),
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg62-turbo-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
    .target(name: "CImageCodecs", dependencies: ["CJPEG", "CPNG", "CWebP"]),
    .target(name: "Images", dependencies: ["CImageCodecs"], swiftSettings: library),
    .target(name: "Detection", swiftSettings: library),
    .target(name: "Alignment", swiftSettings: library),
    .target(
      name: "Importers", dependencies: ["IR", "Formats", "Alignment", "HDF5Access", "COnnx"],
      swiftSettings: library),
    .target(
      name: "Emitters", dependencies: ["IR", "Formats", "Alignment", "HDF5Access", "COnnx"],
      swiftSettings: library),
    .target(name: "Passes", dependencies: ["IR"], swiftSettings: library),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .target(name: "Executor", dependencies: ["IR", "COneDNN"], swiftSettings: library),
    .target(name: "Verification", dependencies: ["IR", "Executor"], swiftSettings: library),
    .target(
      name: "Dissection", dependencies: ["IR", "Executor", "Images", "Alignment", "Formats"],
      swiftSettings: library),
    .target(name: "Comparison", dependencies: ["IR", "Passes"], swiftSettings: library),
    .executableTarget(
      name: "dearc",
      dependencies: [
        "IR", "Formats", "Alignment", "HDF5Access", "Importers", "Emitters", "Passes",
        "Comparison", "Executor", "Verification", "Images", "Detection", "Dissection",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], resources: [.embedInCode("Pages/DiffPage.html"), .embedInCode("Pages/StatsPage.html")],
      swiftSettings: common),
    .target(
      name: "TestSupport", dependencies: ["IR", "HDF5Access"], path: "Tests/TestSupport",
      swiftSettings: common),
    .target(
      name: "FuzzCases",
      dependencies: ["IR", "Formats", "Images", "Importers", "Emitters", "Passes"],
      path: "Tests/FuzzCases", swiftSettings: common),
    .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"], swiftSettings: common),
    .testTarget(
      name: "CommandTests", dependencies: ["dearc", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "PassesTests", dependencies: ["IR", "Passes", "Emitters", "Executor", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "IRTests", dependencies: ["IR", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "FormatsTests", dependencies: ["Formats", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "AlignmentTests", dependencies: ["Alignment", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "HDF5AccessTests", dependencies: ["HDF5Access", "Formats", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "ImportersTests",
      dependencies: ["IR", "Formats", "Alignment", "HDF5Access", "Importers", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "EmittersTests",
      dependencies: [
        "IR", "Formats", "Alignment", "HDF5Access", "Importers", "Emitters", "TestSupport",
      ],
      swiftSettings: common),
    .testTarget(
      name: "ImagesTests", dependencies: ["Images", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "DissectionTests",
      dependencies: ["IR", "Alignment", "Images", "Dissection", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "DetectionTests", dependencies: ["Detection", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzCases", "TestSupport"], swiftSettings: common),
  ]
)
