/// A weight that a file of weights has otherwise than the model wants it.
public struct WeightMismatch: Hashable, Sendable {
  /// The layer or weight of the model; a dash where only the file has something.
  public let place: String
  /// What the model wants there.
  public let expected: String
  /// What the file has.
  public let found: String

  /// Whether the model has the place.
  var isOfModel: Bool { place != Self.nowhere }

  /// What stands for a place that the model lacks.
  static let nowhere = "–"

  /// Describes a place.
  init(_ place: String, expected: String, found: String) {
    self.place = place.printable
    self.expected = expected.printable
    self.found = found.printable
  }
}
