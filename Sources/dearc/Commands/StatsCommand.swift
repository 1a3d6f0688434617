import ArgumentParser

/// What can be done with alignment statistics.
struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Show alignment statistics, or merge those of several runs.",
    subcommands: [StatsShowCommand.self, StatsMergeCommand.self])
}
