import TestSupport
import Testing

/// Which target may import which module.
@Suite struct LayeringTests {
  /// An arrow that is not listed is a mistake, or a decision to write down here and in the
  /// architecture.
  static let allowed: [String: [String]] = [
    // The graph knows no file, no pass and no library: everything else may build on it.
    "IR": [],
    // Bytes and containers, of use without a graph. Hashes come from libcrypto, archives from libzip.
    "Formats": ["CCrypto", "CZip"],
    // Trees of plain values; libhdf5 itself runs in a process that has nothing but the file.
    "HDF5Access": ["Formats", "CConfinement", "CHDF5"],
    // Statistics of channels and the rule that chooses among them: plain values and arithmetic.
    "Alignment": [],
    // Pictures as networks take them; the codecs' own errors stay in C.
    "Images": ["CImageCodecs"],
    // What a detector's numbers mean: plain values and arithmetic.
    "Detection": [],
    // Files to graphs and statistics.
    "Importers": ["IR", "Formats", "Alignment", "HDF5Access", "COnnx"],
    // Graphs to files; never through an importer.
    "Emitters": ["IR", "Formats", "Alignment", "HDF5Access", "COnnx"],
    // Rewrites see nothing but the graph: what they need from elsewhere is handed to them.
    "Passes": ["IR"],
    // Two graphs side by side; folding brings them into one form.
    "Comparison": ["IR", "Passes"],
    // Runs a graph; knows no file and no pass.
    "Executor": ["IR", "COneDNN"],
    // Whether two models give the same answers.
    "Verification": ["IR", "Executor"],
    // Alignment statistics from pictures and masks.
    "Dissection": ["IR", "Executor", "Images", "Alignment", "Formats"],
    // The command line composes all of them and holds no graph logic.
    "dearc": [
      "IR", "Formats", "Alignment", "HDF5Access", "Importers", "Emitters", "Passes",
      "Comparison", "Executor", "Verification", "Images", "Detection", "Dissection",
      "ArgumentParser",
    ],
  ]

  /// Foundation's essential part, and the C library: where files are opened and mapped, and for
  /// the mathematical functions with which passes evaluate constants.
  ///
  /// The program hashes its inputs on another core, and comparison reads large weights on two, and so
  /// does dissection with pictures: Dispatch.
  static let platform: [String: [String]] = [
    "Formats": ["FoundationEssentials", "Glibc"],
    "HDF5Access": ["Glibc", "Synchronization"],
    "Images": ["Glibc"],
    "Detection": ["Glibc"],
    "Importers": ["FoundationEssentials", "Glibc"],
    "Emitters": ["FoundationEssentials", "Glibc"],
    "Passes": ["FoundationEssentials", "Glibc", "Dispatch", "Synchronization"],
    "Comparison": ["Glibc"],
    "Executor": ["Glibc"],
    "Verification": ["Glibc"],
    "Dissection": ["Dispatch", "Synchronization"],
    "dearc": ["FoundationEssentials", "Glibc", "Dispatch", "Synchronization"],
  ]

  @Test func everyImportFollowsAnArrow() throws {
    for file in try SourceFile.all() {
      let allowed = (Self.allowed[file.target] ?? []) + (Self.platform[file.target] ?? [])
      for (module, line) in file.imports where !allowed.contains(module) {
        Issue.record("\(file.path):\(line): \(file.target) may not import \(module)")
      }
    }
  }

  @Test func everyTargetIsListed() throws {
    let targets = Set(try SourceFile.all().map(\.target))
    #expect(targets == Set(Self.allowed.keys))
  }

  @Test func noArrowLeadsBack() {
    // Taking away targets that import nothing left must end with nothing.
    var remaining = Self.allowed
    while let target = remaining.keys.sorted().first(where: { target in
      remaining[target]?.allSatisfy { remaining[$0] == nil } ?? false
    }) {
      remaining[target] = nil
    }
    #expect(remaining.isEmpty, "\(remaining.keys.sorted())")
  }

  @Test func aForbiddenImportIsSeen() {
    let file = SourceFile(
      path: "IR/Sample.swift",
      text: """
        // import Commented
        @testable public import struct Formats.Layout
        import Foundation
        internal import Glibc
        let text = "import Quoted"
        """)
    #expect(file.target == "IR")
    #expect(file.imports.map(\.module) == ["Formats", "Foundation", "Glibc"])
    #expect(file.imports.map(\.line) == [2, 3, 4])
  }
}
