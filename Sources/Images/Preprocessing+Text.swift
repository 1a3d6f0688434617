/// Why preprocessing could not be described.
public struct PreprocessingError: Error, Hashable, Sendable {
  /// The part that is wrong, such as `resize=big`.
  public let part: String
  /// What was expected and what was found.
  public let message: String

  /// Describes a failure.
  public init(part: String, _ message: String) {
    self.part = part
    self.message = message
  }
}

extension PreprocessingError: CustomStringConvertible {
  /// The part and the message on one line.
  public var description: String { "preprocessing '\(part)': \(message)" }
}

extension Preprocessing {
  /// One of the things that are stated, by its name in the text form.
  public enum Field: String, CaseIterable, Hashable, Sendable {
    /// The size that a picture is brought to: `none`, the shortest side, or `320x240`.
    case resize
    /// How it is brought to that size: `bilinear`, `bicubic`, `nearest`.
    case filter
    /// What is cut out afterwards: `none` or a side.
    case crop
    /// What pixels are divided by.
    case scale
    /// What is subtracted then: one number, or one each for red, green and blue.
    case mean
    /// What that is divided by, in the same form.
    case std
    /// The order of axes: `nchw`, `nhwc`.
    case layout
  }

  /// The same preprocessing but for `field`, which becomes what `text` says.
  ///
  /// - Throws: `PreprocessingError` if that makes no sense.
  public func setting(_ field: Field, to text: String) throws(PreprocessingError) -> Preprocessing {
    var result = self
    do throws(PreprocessingError) {
      try result.set(field, to: text)
      try result.check()
    } catch {
      throw PreprocessingError(part: "\(field.rawValue)=\(text)", error.message)
    }
    return result
  }
}

extension Preprocessing: CustomStringConvertible {
  /// The text form: the name of a preset, or what differs from `none`, as in `resize=256,crop=224`.
  public var description: String {
    if let preset = Self.presets.first(where: { $0.value == self }) { return preset.name }
    return Field.allCases.filter { text(of: $0) != Self.none.text(of: $0) }
      .map { "\($0.rawValue)=\(text(of: $0))" }.joined(separator: ",")
  }

  private func text(of key: Field) -> String {
    switch key {
    case .resize:
      switch resize {
      case .none: "none"
      case .shortestSide(let side): "\(side)"
      case .exact(let width, let height): "\(width)x\(height)"
      }
    case .filter: filter.rawValue
    case .crop: if case .centre(let side) = crop { "\(side)" } else { "none" }
    case .scale: Self.text(of: scale)
    case .mean: Self.text(of: mean)
    case .std: Self.text(of: std)
    case .layout: layout.rawValue
    }
  }

  private static func text(of channels: Channels) -> String {
    channels.values.map(text).joined(separator: "/")
  }

  /// The shortest text that reads as the same number.
  private static func text(of number: Double) -> String {
    let text = "\(number)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

extension Preprocessing {
  /// Reads the text form: the name of a preset, parts such as `std=0.5/0.5/0.5`, or the one before the
  /// others.
  ///
  /// The parts are `resize` (`none`, the shortest side, or width×height as in `320x240`), `filter`
  /// (`bilinear`, `bicubic`, `nearest`), `crop` (`none` or a side), `scale` (a number), `mean` and `std` (one
  /// number, or one each for red, green and blue), and `layout` (`nchw`, `nhwc`). What is not said is as in
  /// the preset, or else as in `none`.
  ///
  /// - Throws: `PreprocessingError`, which names the part that is wrong.
  public init(_ text: String) throws(PreprocessingError) {
    var parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)[...]
    let preset = Self.presets.first { $0.name == parts.first }
    if preset != nil { parts.removeFirst() }
    var result = preset?.value ?? .none
    var seen: Set<Field> = []
    for part in parts {
      let (key, value) = try Self.split(part)
      guard seen.insert(key).inserted else {
        throw PreprocessingError(part: part, "\(key.rawValue) is given twice")
      }
      result = try result.setting(key, to: value)
    }
    self = result
  }

  private static func split(_ part: String) throws(PreprocessingError) -> (Field, String) {
    let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard sides.count == 2, let key = Field(rawValue: String(sides[0])) else {
      let names = presets.map(\.name).joined(separator: ", ")
      let keys = Field.allCases.map { "\($0.rawValue)=" }.joined(separator: ", ")
      throw PreprocessingError(part: part, "expected \(names) at the start, or one of \(keys)")
    }
    return (key, String(sides[1]))
  }

  private mutating func set(_ key: Field, to text: String) throws(PreprocessingError) {
    func expect<Value>(_ what: String, _ value: Value?) throws(PreprocessingError) -> Value {
      if let value { return value }
      throw PreprocessingError(part: text, "expected \(what), found '\(text)'")
    }
    switch key {
    case .resize: resize = try expect("none, a side, or extents as 320x240", Resize(text))
    case .filter: filter = try expect(Self.names(of: Filter.self), Filter(rawValue: text))
    case .crop: crop = try expect("none or a side", Crop(text))
    case .scale: scale = try expect("a number", Double(text))
    case .mean: mean = try expect("a number, or three as 0.5/0.5/0.5", Channels(text))
    case .std: std = try expect("a number, or three as 0.5/0.5/0.5", Channels(text))
    case .layout: layout = try expect(Self.names(of: Layout.self), Layout(rawValue: text))
    }
  }

  private static func names<Choice: CaseIterable & RawRepresentable<String>>(
    of type: Choice.Type
  ) -> String {
    type.allCases.map(\.rawValue).joined(separator: ", ")
  }
}

extension Preprocessing.Resize {
  fileprivate init?(_ text: String) {
    if text == "none" {
      self = .none
      return
    }
    let extents = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    switch (extents.count, extents.first ?? nil, extents.last ?? nil) {
    case (1, let side?, _): self = .shortestSide(side)
    case (2, let width?, let height?): self = .exact(width: width, height: height)
    default: return nil
    }
  }
}

extension Preprocessing.Crop {
  fileprivate init?(_ text: String) {
    if text == "none" {
      self = .none
      return
    }
    guard let side = Int(text) else { return nil }
    self = .centre(side)
  }
}

extension Preprocessing.Channels {
  fileprivate init?(_ text: String) {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).compactMap {
      Double(String($0))
    }
    guard numbers.count == text.count(where: { $0 == "/" }) + 1 else { return nil }
    switch numbers.count {
    case 1: self.init(repeating: numbers[0])
    case 3: self.init(red: numbers[0], green: numbers[1], blue: numbers[2])
    default: return nil
    }
  }
}
