/// A product of extents: a number times named extents.
struct SymbolicProduct: Hashable {
  private(set) var factor = 1
  /// The names, sorted, so that equal products compare equal.
  private(set) var symbols: [String] = []

  /// Multiplies all extents, or returns nil if one is unknown or the number overflows.
  init?(_ shape: some Sequence<Dimension>) {
    for dimension in shape {
      guard multiply(by: dimension) else { return nil }
    }
  }

  /// The products of the first 0, 1, 2… extents, as far as they are known.
  static func prefixes(of shape: Shape) -> [SymbolicProduct] {
    guard var product = SymbolicProduct([]) else { return [] }
    var result = [product]
    for dimension in shape {
      guard product.multiply(by: dimension) else { break }
      result.append(product)
    }
    return result
  }

  private mutating func multiply(by dimension: Dimension) -> Bool {
    switch dimension {
    case .known(let count):
      let (product, overflow) = factor.multipliedReportingOverflow(by: count)
      factor = product
      return !overflow && count >= 0
    case .symbol(let name):
      guard Self.isName(name) else {
        add(name)
        return true
      }
      return Self.factors(of: name).allSatisfy { multiply(by: $0) }
    case .unknown: return false
    }
  }

  /// Multiplies by a part of a composed name, in which numbers are numbers.
  private mutating func multiply(by part: Substring) -> Bool {
    if let count = Int(part) { return multiply(by: .known(count)) }
    add(String(part))
    return true
  }

  private mutating func add(_ name: String) {
    symbols.insert(name, at: symbols.firstIndex { $0 > name } ?? symbols.count)
  }

  /// Divides by `other`; fails where the quotient is not certain.
  mutating func cancel(_ other: SymbolicProduct) -> Bool {
    guard other.factor > 0, factor % other.factor == 0 else { return false }
    factor /= other.factor
    for symbol in other.symbols {
      guard let index = symbols.firstIndex(of: symbol) else { return false }
      symbols.remove(at: index)
    }
    return true
  }

  /// The product as one extent: a number, a name, or a made-up name that `init` takes apart again.
  var dimension: Dimension {
    switch (factor, symbols.count) {
    case (0, _), (_, 0): .known(factor)
    case (1, 1): .symbol(symbols[0])
    default: composedName.map(Dimension.symbol) ?? .unknown
    }
  }
}

// Names of products, such as `%×2×height×width`.
extension SymbolicProduct {
  /// The sign between factors, and with a percent sign before the first.
  private static let sign: Character = "×"
  private static let mark = "%\(sign)"
  /// Shape arithmetic can square a name again and again.
  private static let maximalCount = 8

  /// Whether `name` was made up for a product.
  static func isName(_ name: String) -> Bool { name.hasPrefix(mark) }

  private static func factors(of name: String) -> [Substring] {
    name.dropFirst(mark.count).split(separator: sign)
  }

  private var composedName: String? {
    guard symbols.count <= Self.maximalCount, !symbols.contains(where: Self.isAmbiguous) else {
      return nil
    }
    let parts = (factor == 1 ? [] : ["\(factor)"]) + symbols
    return Self.mark + parts.joined(separator: String(Self.sign))
  }

  /// Whether a name would be read as something else within that of a product.
  private static func isAmbiguous(_ name: String) -> Bool {
    name.isEmpty || name.contains(sign) || Int(name) != nil
  }
}
