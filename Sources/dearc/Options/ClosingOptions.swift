import ArgumentParser
import Passes

/// Which channels are to be closed before pruning.
struct ClosingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Alignment statistics: close the channels at both ends of their ranking.",
      discussion: """
        An HDF5 file of dearc's, any HDF5 file with one list of floats, or JSON \
        {"value": …, "rad": […]}.
        """, valueName: "file"))
  var stats: String?

  @Option(
    name: .customLong("target"),
    help: ArgumentHelp(
      "The value whose channels are meant; may be repeated.",
      discussion: """
        Otherwise all values that the statistics name or, if they name none, the last feature map \
        before global pooling.
        """, valueName: "value"))
  var targets: [String] = []

  @Option(help: "The share of channels to close that follow inpainted regions most.")
  var excludeTop = 0.2

  @Option(help: "The share of channels to close that follow them least.")
  var excludeBottom = 0.2

  @Option(help: "Close the named value alone (gate), or all that it is a sum of as well (group).")
  var scope = ScopeChoice.gate

  @Option(
    help: ArgumentHelp(
      "The channels to keep, instead of statistics.",
      discussion: "JSON {\"value\": …, \"keep\": [0, 1, …]}, or a list of such objects.",
      valueName: "file"))
  var keep: String?

  @Option(
    help: ArgumentHelp(
      "Also write the network with its channels closed and nothing removed.", valueName: "file"))
  var emitMarked: String?

  func validate() throws {
    if stats != nil && keep != nil {
      throw ValidationError("--stats and --keep both say which channels go; give one of them.")
    }
    if stats == nil && keep == nil {
      if !targets.isEmpty { throw ValidationError("--target needs --stats.") }
      if emitMarked != nil { throw ValidationError("--emit-marked needs --stats or --keep.") }
    }
    if keep != nil && !targets.isEmpty {
      throw ValidationError("--keep names the values itself; it excludes --target.")
    }
    guard BilateralShares.areValid(excludeTop, excludeBottom) else {
      throw ValidationError(
        "--exclude-top and --exclude-bottom must be numbers whose sum is below 1; "
          + "found \(excludeTop) and \(excludeBottom).")
    }
  }

  /// The files that are read besides the model.
  var sources: [String] { [stats, keep].compactMap { $0 } }

  /// What of it decides the result, for the output's provenance.
  var flags: [String] {
    guard stats != nil || keep != nil else { return [] }
    let ratios =
      stats == nil
      ? [] : ["--exclude-top", "\(excludeTop)", "--exclude-bottom", "\(excludeBottom)"]
    return (stats == nil ? ["--keep"] : ["--stats"]) + targets.flatMap { ["--target", $0] }
      + ratios + ["--scope", scope.rawValue]
  }
}

/// How far closing reaches, as the command line says it.
enum ScopeChoice: String, ExpressibleByArgument, CaseIterable {
  case gate, group

  var scope: ChannelMark.Scope { self == .gate ? .gate : .group }
}
