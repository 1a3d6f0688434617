extension OutputMeaning {
  /// Which of a model's outputs is meant.
  ///
  /// - Throws: `OutputMeaningError` if there is none of the name, or there are several and none is named.
  public func place(among names: [String]) throws(OutputMeaningError) -> Int {
    let list = names.joined(separator: ", ")
    if let output {
      if let place = names.firstIndex(of: output) { return place }
      throw OutputMeaningError("the model has no output '\(output)'; its outputs are: \(list)")
    }
    guard names.count == 1 else {
      throw OutputMeaningError(
        "the model has \(names.count) outputs; say which is meant by output= at the end: \(list)")
    }
    return 0
  }

  /// Checks that what an output holds of one picture can be what it is said to be.
  ///
  /// - Parameter extents: Those of all axes but the one along which pictures lie; nil for any that is open.
  /// - Throws: `OutputMeaningError` if it cannot.
  public func check(extents: [Int?]) throws(OutputMeaningError) {
    let wide = extents.compactMap { $0 }.filter { $0 != 1 }
    let shown =
      extents.isEmpty ? "one" : extents.map { $0.map(String.init) ?? "?" }.joined(separator: "×")
    switch form {
    case .logit:
      let isMap = extents.count == 3 && extents[0] ?? 1 == 1 && !wide.contains(0)
      guard wide.isEmpty || isMap else {
        throw OutputMeaningError(
          "a logit is one number for each picture, or a map of 1×height×width, found \(shown)")
      }
    case .probability:
      guard wide.isEmpty else {
        throw OutputMeaningError("a probability is one number for each picture, found \(shown)")
      }
    case .softmax(let index), .probabilities(let index):
      guard wide.count == 1 || wide.isEmpty && extents.contains(nil) else {
        throw OutputMeaningError(
          "softmax and probabilities are of one number for each of several classes, found \(shown)")
      }
      guard let count = wide.first, index >= count else { return }
      throw OutputMeaningError(
        "generated=\(index) is beyond the \(count) classes, which are 0 to \(count - 1)")
    }
  }
}
