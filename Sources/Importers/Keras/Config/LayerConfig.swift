import IR

/// The parameters of a layer, read with what it takes to complain about them.
struct LayerConfig {
  /// The layer's name, behind those of the networks that hold it.
  let path: String
  /// The layer's class.
  let className: String
  private let values: ConfigValue
  private let read = KeyRecord()

  init(path: String, className: String, values: ConfigValue) {
    self.path = path
    self.className = className
    self.values = values
  }

  /// Which parameters were asked for, by this or a copy.
  private final class KeyRecord {
    var keys: Set<String> = []
  }

  /// The most that an extent or count may be; products of two of them are still numbers.
  static let extentLimit = 1 << 30
  /// The most axes that a tensor may have.
  static let rankLimit = 32

  /// The parameter called `key`, if there is one that is not null.
  subscript(key: String) -> ConfigValue? {
    read.keys.insert(key)
    return values[key]
  }

  /// Refuses a parameter that nobody asked for, and that might change what the layer computes.
  ///
  /// Keras gives layers new parameters; what is null, false or zero leaves them as they were.
  ///
  /// - Throws: `ImportError` that names the parameter.
  func requireAllKnown() throws(ImportError) {
    guard case .object(let members) = values else { return }
    for (key, value) in members
    where !read.keys.contains(key) && !Self.isForTraining(key) && !value.isNothing {
      throw unsupported("its parameter '\(key)' is \(value.summary), which is not known to dearc")
    }
  }

  /// Whether a parameter says how a layer is made or trained, not what it computes.
  private static func isForTraining(_ key: String) -> Bool {
    let suffixes = [
      "_initializer", "_regularizer", "_constraint", "_init", "regularizer", "constraint",
    ]
    return trainingKeys.contains(key) || suffixes.contains { key.hasSuffix($0) }
  }

  private static let trainingKeys: Set<String> = [
    "name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_dtype", "input_dim",
    "input_shape", "init", "seed", "rate", "dropout", "momentum", "renorm_momentum", "fused",
    "data_format", "init_values", "projection_dim", "fill_mode", "fill_value", "implementation",
  ]

  /// How messages name the layer.
  var entity: String { "layer '\(path)' (\(className))" }

  /// Says what is wrong with the layer.
  func malformed(_ message: String) -> ImportError {
    ImportError(.malformed, message, entity: entity)
  }

  /// Says what of the layer dearc cannot do.
  func unsupported(_ message: String) -> ImportError {
    ImportError(.unsupported, message, entity: entity)
  }

  /// A flag.
  func flag(_ key: String, default fallback: Bool) throws(ImportError) -> Bool {
    guard let value = self[key] else { return fallback }
    guard let flag = value.boolean else { throw mismatch(key, "true or false") }
    return flag
  }

  /// A text.
  func text(_ key: String, default fallback: String) throws(ImportError) -> String {
    guard let value = self[key] else { return fallback }
    guard let text = value.text else { throw mismatch(key, "a text") }
    return text
  }

  /// A finite number.
  func number(_ key: String, default fallback: Double) throws(ImportError) -> Double {
    guard let value = self[key] else { return fallback }
    guard let number = value.number else { throw mismatch(key, "a number") }
    return number
  }

  /// A whole number of any sign.
  func integer(_ key: String, default fallback: Int) throws(ImportError) -> Int {
    guard let value = self[key] else { return fallback }
    guard let integer = value.integer, integer.magnitude <= UInt(Self.extentLimit) else {
      throw mismatch(key, "a whole number")
    }
    return integer
  }

  /// A count of at least 1, which must be there.
  func count(_ key: String) throws(ImportError) -> Int {
    guard let count = self[key]?.integer, 1...Self.extentLimit ~= count else {
      throw mismatch(key, "a whole number from 1 on")
    }
    return count
  }

  /// `count` whole numbers from `least` on; a single number stands for equal ones.
  func extents(
    _ key: String, count: Int, default fallback: Int? = nil, least: Int = 1
  ) throws(ImportError) -> [Int] {
    let expected = "\(count) whole numbers from \(least) on"
    guard let value = self[key] else {
      guard let fallback else { throw mismatch(key, expected) }
      return Array(repeating: fallback, count: count)
    }
    let numbers =
      value.integer.map { Array(repeating: $0, count: count) } ?? value.list?.compactMap(\.integer)
      ?? []
    guard numbers.count == count, value.list?.count ?? count == count,
      numbers.allSatisfy({ least...Self.extentLimit ~= $0 })
    else { throw mismatch(key, expected) }
    return numbers
  }

  /// A list of whole numbers, or a single one.
  func integers(_ key: String, default fallback: [Int]) throws(ImportError) -> [Int] {
    guard let value = self[key] else { return fallback }
    if let single = value.integer { return [single] }
    let numbers = value.list?.compactMap(\.integer) ?? []
    guard let list = value.list, numbers.count == list.count,
      numbers.allSatisfy({ $0.magnitude <= UInt(Self.extentLimit) })
    else { throw mismatch(key, "whole numbers") }
    return numbers
  }

  private func mismatch(_ key: String, _ expected: String) -> ImportError {
    malformed("'\(key)' is \(self[key]?.summary ?? "missing"), expected \(expected)")
  }
}
