import ArgumentParser
import Dissection
import Executor
import Images

/// On which pictures extreme channels are to be shown, and how they are prepared.
struct HeatMapOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The model that was measured, to show on the page what its extreme channels see.",
      valueName: "file"))
  var model: String?

  @Option(
    help: ArgumentHelp("The folder of pictures to show them on.", valueName: "folder"))
  var images: String?

  @Option(
    help: ArgumentHelp("The folder of masks; that of pictures otherwise.", valueName: "folder"))
  var masks: String?

  @OptionGroup var preprocessing: PreprocessingParts

  @Option(
    help: ArgumentHelp(
      "Cut out a square of so many pixels, as dissect does; as the statistics say otherwise.",
      valueName: "side"))
  var crop: Int?

  @Option(help: "What places are drawn from; as the statistics say otherwise.")
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "The map that the tokens of a transformer make; inferred otherwise.",
      valueName: "rows x columns"))
  var tokens: TokenGrid?

  @Option(help: ArgumentHelp("How many threads work at a time; one for each processor otherwise."))
  var threads: Int?

  @Flag(help: "Show another model than the one that was measured.")
  var force = false

  func validate() throws {
    guard (model == nil) == (images == nil) else {
      throw ValidationError("--model and --images go together.")
    }
    let given = [
      ("--masks", masks != nil), ("--crop", crop != nil), ("--seed", seed != nil),
      ("--tokens", tokens != nil), ("--threads", threads != nil), ("--force", force),
    ].filter(\.1).map(\.0)
    if let name = (preprocessing.given + given).first, model == nil {
      throw ValidationError("\(name) needs --model and --images.")
    }
    guard (threads ?? 1) > 0, (1...ImageLimits.inputExtent).contains(crop ?? 1) else {
      throw ValidationError(
        "--threads and --crop take positive numbers, --crop at most \(ImageLimits.inputExtent).")
    }
  }
}
