import Detection

/// What a network answers to one picture.
struct PictureAnswer: Encodable {
  let path: String
  /// The elements of the output; empty if there is no answer, or it is a map of logits, of which the mean
  /// counts.
  let values: [Element]
  /// The logarithm of the odds that the picture is generated; absent if infinite or if nobody says what the
  /// answer means.
  let logit: Double?
  /// The probability that the picture is generated.
  let probability: Double?
  /// `generated` or `real`.
  let verdict: String?
  /// Why there is no answer.
  let error: String?

  init(_ path: String, values: [Float], _ assessment: Assessment?) {
    self.path = path
    self.values = values.map(Element.init)
    logit = assessment.flatMap { $0.logit.isFinite ? $0.logit : nil }
    probability = assessment?.probability
    verdict = assessment?.verdict.rawValue
    error = nil
  }

  init(_ path: String, error: String) {
    self.path = path
    values = []
    logit = nil
    probability = nil
    verdict = nil
    self.error = error
  }
}

extension PictureAnswer {
  /// A number that is null in JSON, which has no others, if it is not finite.
  struct Element: Encodable {
    let value: Float

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
    }
  }
}
