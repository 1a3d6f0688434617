import IR
import Passes

/// What a command makes of a model.
struct Rewriting {
  /// The new model and its record; nil if the model stays as it is.
  var result: PipelineResult?
  /// The network that the result is to equal, if it is to be written as well.
  var marked: Model?
  /// What the user might do about the result.
  var remarks: [String] = []
}
