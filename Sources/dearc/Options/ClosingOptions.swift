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

  @Option(
    help: ArgumentHelp(
      "The share of channels to close that follow inpainted regions most, 0.2 unless given.",
      valueName: "share"))
  var excludeTop: Double?

  @Option(
    help: ArgumentHelp(
      "The share of channels to close that follow them least, 0.2 unless given.",
      valueName: "share"))
  var excludeBottom: Double?

  @Option(
    help: ArgumentHelp(
      "How far closing reaches.",
      discussion: """
        The named value alone, which is the default (gate), or all that it is a sum of as well \
        (group).
        """))
  var scope: ScopeChoice?

  @Option(
    help: ArgumentHelp(
      "The channels to keep, instead of statistics.",
      discussion: "JSON {\"value\": …, \"keep\": [0, 1, …]}, or a list of such objects.",
      valueName: "file"))
  var keep: String?

  @Option(
    help: ArgumentHelp(
      "A refitted head: 'weight' and 'bias' of the last linear layer, in HDF5 or safetensors.",
      discussion: "As wide as the layer, or without the channels that are closed.",
      valueName: "file"))
  var head: String?

  @Option(
    help: ArgumentHelp(
      "Take weights of a smaller magnitude for zero, which changes the answers a little.",
      valueName: "x"))
  var flushBelow: Double?

  @Option(
    help: ArgumentHelp(
      "Also write the network with its channels closed and nothing removed.", valueName: "file"))
  var emitMarked: String?

  func validate() throws {
    if stats != nil && keep != nil {
      throw ValidationError("--stats and --keep both say which channels go; give one of them.")
    }
    if keep != nil && !targets.isEmpty {
      throw ValidationError("--keep names the values itself; it excludes --target.")
    }
    try requireWhatOptionsAreFor()
    guard Set(targets).count == targets.count else {
      throw ValidationError("--target names a value twice.")
    }
    guard flushBelow.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw ValidationError("--flush-below must be a number above 0.")
    }
    _ = try BilateralShares.rule(shares.top, shares.bottom)
  }

  /// Refuses options that would say nothing, as what they qualify was not given.
  private func requireWhatOptionsAreFor() throws {
    let given = [
      ("--target", targets.isEmpty), ("--exclude-top", excludeTop == nil),
      ("--exclude-bottom", excludeBottom == nil),
    ].filter { !$0.1 }
    if let (name, _) = given.first, stats == nil { throw ValidationError("\(name) needs --stats.") }
    guard stats == nil && keep == nil else { return }
    if scope != nil { throw ValidationError("--scope needs --stats or --keep.") }
    if emitMarked != nil && head == nil {
      throw ValidationError("--emit-marked needs --stats, --keep or --head.")
    }
  }

  /// The shares of channels to close at both ends of the ranking.
  var shares: (top: Double, bottom: Double) {
    (excludeTop ?? BilateralShares.usual, excludeBottom ?? BilateralShares.usual)
  }

  /// How far closing reaches.
  var reach: ScopeChoice { scope ?? .gate }

  /// The files that are read besides the model.
  var sources: [String] { [stats, keep, head].compactMap { $0 } }

  /// What the user should do about the result.
  var remarks: [String] {
    guard stats != nil || keep != nil, head == nil else { return [] }
    switch reach {
    case .gate: return ["The head was fitted to all channels: refit it, and give it with --head."]
    case .group:
      return [
        "The whole coupled group lost these channels, which changes what the layers before compute: "
          + "the head has to be refitted, and given with --head."
      ]
    }
  }

  /// What of it decides the result, for the output's provenance.
  var flags: [String] {
    let replaced =
      (head == nil ? [] : ["--head"]) + (flushBelow.map { ["--flush-below", "\($0)"] } ?? [])
    guard stats != nil || keep != nil else { return replaced }
    let ratios =
      stats == nil
      ? [] : ["--exclude-top", "\(shares.top)", "--exclude-bottom", "\(shares.bottom)"]
    return (stats == nil ? ["--keep"] : ["--stats"]) + targets.flatMap { ["--target", $0] }
      + ratios + ["--scope", reach.rawValue] + replaced
  }
}

/// How far closing reaches, as the command line says it.
enum ScopeChoice: String, ExpressibleByArgument, CaseIterable {
  case gate, group

  var scope: ChannelMark.Scope { self == .gate ? .gate : .group }
}
