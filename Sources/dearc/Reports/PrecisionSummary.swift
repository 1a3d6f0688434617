import IR
import Passes

/// What became of stored tensors when weights were stored in fewer bits.
struct PrecisionSummary: Encodable {
  /// One tensor.
  struct Tensor: Encodable {
    let name: String
    let elements: Int
    /// How it is stored now.
    let dtype: String
    /// How far its elements are, or would be, from what they were, in proportion to their length.
    let relativeError: Double?
    /// Why it stays as it was; absent if it changed.
    let reason: String?
  }

  /// The type that was asked for; absent if weights were to be stored as they were read.
  let dtype: String?
  let changed: Int
  let kept: Int
  let tensors: [Tensor]

  init(_ report: PrecisionReport) {
    dtype = report.precision?.rawValue
    tensors = report.weights.map {
      Tensor(
        name: $0.name, elements: $0.count, dtype: $0.elementType.description,
        relativeError: $0.relativeError, reason: $0.reason)
    }
    kept = tensors.count { $0.reason != nil }
    changed = tensors.count - kept
  }
}
