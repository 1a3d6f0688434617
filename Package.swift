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
  targets: [
    .target(name: "IR", swiftSettings: library),
    .target(
      name: "TestSupport", dependencies: ["IR"], path: "Tests/TestSupport", swiftSettings: common),
  ]
)
