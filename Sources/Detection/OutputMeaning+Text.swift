extension OutputMeaning: CustomStringConvertible {
  /// The text form, as in `logit,positive=generated`.
  public var description: String {
    let start =
      switch form {
      case .logit(let positive): "logit,positive=\(positive.rawValue)"
      case .probability(let positive): "probability,positive=\(positive.rawValue)"
      case .softmax(let index): "softmax,generated=\(index)"
      case .probabilities(let index): "probabilities,generated=\(index)"
      }
    return start + (threshold == 0.5 ? "" : ",threshold=\(threshold)")
      + (output.map { ",output=\($0)" } ?? "")
  }
}

extension OutputMeaning {
  /// Examples of the text form, for messages.
  public static let examples = [
    "logit,positive=generated", "probability,positive=real", "softmax,generated=1",
    "probabilities,generated=0",
  ]

  /// Reads the text form: what the numbers are, which of them or which sign stands for which class, and, if
  /// need be, `threshold=` and at the end `output=`, whose name may hold commas.
  ///
  /// - Throws: `OutputMeaningError`, which quotes the part that is wrong.
  public init(_ text: String) throws(OutputMeaningError) {
    let words = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
    var parts = try Self.parts(words.count > 1 ? words[1] : nil)
    let form = try Self.form(String(words.first ?? ""), &parts)
    let threshold = try parts.take("threshold").map(Self.number)
    let output = parts.take("output")
    if let rest = parts.first {
      throw OutputMeaningError("'\(rest.key)=' does not go with \(words[0])")
    }
    try self.init(form, threshold: threshold ?? 0.5, output: output)
  }

  private typealias Part = (key: String, value: String)

  private static func parts(_ text: Substring?) throws(OutputMeaningError) -> [Part] {
    var rest = text
    var parts: [Part] = []
    while let text = rest {
      let isName = text.hasPrefix("output=")
      let end = isName ? nil : text.firstIndex(of: ",")
      let sides = text[..<(end ?? text.endIndex)].split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2 else {
        throw OutputMeaningError("expected a part such as generated=1, found '\(sides[0])'")
      }
      guard !parts.contains(where: { $0.key == sides[0] }) else {
        throw OutputMeaningError("'\(sides[0])=' is given twice")
      }
      parts.append((String(sides[0]), String(sides[1])))
      rest = end.map { text[text.index(after: $0)...] }
    }
    return parts
  }

  private static func form(
    _ word: String, _ parts: inout [Part]
  ) throws(OutputMeaningError) -> Form {
    switch word {
    case "logit": return .logit(positive: try positive(word, &parts))
    case "probability": return .probability(positive: try positive(word, &parts))
    case "softmax": return .softmax(generated: try index(word, &parts))
    case "probabilities": return .probabilities(generated: try index(word, &parts))
    default:
      throw OutputMeaningError(
        "expected logit, probability, softmax or probabilities at the start, found '\(word)'")
    }
  }

  private static func positive(
    _ word: String, _ parts: inout [Part]
  ) throws(OutputMeaningError) -> PictureClass {
    let text = parts.take("positive")
    guard let value = text.flatMap(PictureClass.init) else {
      throw OutputMeaningError(
        "\(word) needs positive=generated or positive=real" + found("positive", text))
    }
    return value
  }

  private static func index(
    _ word: String, _ parts: inout [Part]
  ) throws(OutputMeaningError) -> Int {
    let text = parts.take("generated")
    guard let value = text.flatMap({ Int($0) }) else {
      throw OutputMeaningError(
        "\(word) needs the index of the class for generated pictures, as in generated=1"
          + found("generated", text))
    }
    return value
  }

  private static func number(_ text: String) throws(OutputMeaningError) -> Double {
    guard let value = Double(text) else {
      throw OutputMeaningError("expected a threshold between 0 and 1, found '\(text)'")
    }
    return value
  }

  private static func found(_ key: String, _ text: String?) -> String {
    text.map { ", found \(key)=\($0)" } ?? ""
  }
}

extension [(key: String, value: String)] {
  /// Takes the value of `key` out of the list.
  fileprivate mutating func take(_ key: String) -> String? {
    firstIndex { $0.key == key }.map { remove(at: $0).value }
  }
}
