import IR
import Passes

/// What a command makes of a model.
struct Rewriting {
  /// The new model and its record; nil if the model stays as it is.
  var result: PipelineResult?
  /// The network that the result is to equal, if that is not the one that was read.
  var marked: Model?
  /// Whether the answers may differ from its answers because that was asked for.
  var isApproximate = false
  /// What the user might do about the result.
  var remarks: [String] = []
}
