/// What a picture is, as far as a detector tells.
public enum PictureClass: String, CaseIterable, Hashable, Sendable {
  /// Made by a generative model.
  case generated
  /// Taken by a camera, or whatever else the detector was taught as real.
  case real
}

/// What the numbers that a detector answers with stand for.
///
/// Detectors differ in it, and no format of models records it: a large number stands for generated pictures
/// with most, for real ones with some, and the numbers are logits or probabilities.
public struct OutputMeaning: Hashable, Sendable {
  /// What the numbers are.
  public enum Form: Hashable, Sendable {
    /// One number, the logarithm of the odds that the picture is of class `positive`.
    ///
    /// A fully convolutional detector gives a map of them, of which the mean counts.
    case logit(positive: PictureClass)
    /// One number, the probability that the picture is of class `positive`.
    case probability(positive: PictureClass)
    /// A number for each class, of which softmax makes probabilities; the one at this index is for generated.
    case softmax(generated: Int)
    /// The probability of each class; the one at this index is for generated.
    case probabilities(generated: Int)

    /// Whether it is a single logit for each picture, or a map of them.
    public var isLogit: Bool { if case .logit = self { true } else { false } }
  }

  /// What the numbers are.
  public let form: Form
  /// A picture is called generated if the probability of it is greater.
  public let threshold: Double
  /// The name of the output that holds them; nil if there is only one.
  public let output: String?

  /// The classes that may be told apart; more are a mistake.
  static let classLimit = 1 << 20

  /// States a meaning.
  ///
  /// - Throws: `OutputMeaningError` if the index is negative, the threshold not between 0 and 1, or the
  ///   name empty.
  public init(
    _ form: Form, threshold: Double = 0.5, output: String? = nil
  ) throws(OutputMeaningError) {
    switch form {
    case .softmax(let index), .probabilities(let index):
      guard (0..<Self.classLimit).contains(index) else {
        throw OutputMeaningError("expected the index of a class, found \(index)")
      }
    case .logit, .probability: break
    }
    guard threshold > 0, threshold < 1 else {
      throw OutputMeaningError("expected a threshold between 0 and 1, found \(threshold)")
    }
    guard output != "" else { throw OutputMeaningError("expected the name of an output") }
    self.form = form
    self.threshold = threshold
    self.output = output
  }
}

/// Why the meaning of an output could not be stated, or does not fit the output.
public struct OutputMeaningError: Error, Hashable, Sendable {
  /// What was expected and what was found.
  public let message: String

  init(_ message: String) { self.message = message }
}

extension OutputMeaningError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}
