// swift-tools-version: 6.2
import PackageDescription

/// Fuzzers of dearc's readers, apart from dearc: they are built with libFuzzer's instrumentation.
let package = Package(
  name: "FuzzTesting",
  dependencies: [.package(name: "dearc", path: "..")],
  targets: [
    .systemLibrary(name: "CLibFuzzer"),
    .executableTarget(
      name: "FuzzONNX", dependencies: ["CLibFuzzer", .product(name: "FuzzCases", package: "dearc")]),
    .executableTarget(
      name: "FuzzPictures", dependencies: [.product(name: "FuzzCases", package: "dearc")]),
    .executableTarget(
      name: "FuzzSafetensors", dependencies: [.product(name: "FuzzCases", package: "dearc")]),
  ]
)
