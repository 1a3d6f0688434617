// Arithmetic on extents of which only part is known. Nothing here overflows or guesses.

extension Dimension {
  /// An extent that is known if it is a valid one.
  init(_ count: Int64) {
    self = Int(exactly: count).flatMap { $0 >= 0 ? .known($0) : nil } ?? .unknown
  }

  /// A name for an extent that the model leaves open, so that equal extents can be recognised.
  ///
  /// Such names start with `%`, like the value they belong to.
  static func invented(_ value: ValueID, axis: Int) -> Dimension { .symbol("\(value).\(axis)") }

  /// Whether the name of this extent was made up by shape inference, such as `%12.2`.
  ///
  /// Such names mean nothing to readers of a model and are not to be written into one.
  public var isInvented: Bool {
    guard case .symbol(let name) = self, name.utf8.first == UInt8(ascii: "%") else { return false }
    if SymbolicProduct.isName(name) { return true }
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return name.utf8.dropFirst().allSatisfy { digits.contains($0) || $0 == UInt8(ascii: ".") }
  }

  /// The extent that broadcasting two axes yields.
  func broadcast(with other: Dimension) -> Dimension {
    switch (self, other) {
    case (.known(1), _): other
    case (_, .known(1)): self
    // The other side can only be 1 or the same, unless the model is wrong.
    case (.known(let left), .known(let right)): left == right ? self : .unknown
    case (.known, _): self
    case (_, .known): other
    case (.symbol(let left), .symbol(let right)): left == right ? self : .unknown
    default: .unknown
    }
  }

  /// What both sides can agree on: the more specific one, or nil if they contradict each other.
  func merged(with other: Dimension) -> Dimension? {
    switch (self, other) {
    case (.known(let left), .known(let right)): left == right ? self : nil
    case (.known, _), (_, .unknown): self
    case (_, .known), (.unknown, _): other
    case (.symbol, .symbol): other.isInvented ? self : (isInvented ? other : self)
    }
  }

  /// The extent if both sides are sure to be the same.
  func joined(with other: Dimension) -> Dimension { self == other ? self : .unknown }

  /// The sum of two extents.
  func adding(_ other: Dimension) -> Dimension {
    switch (self, other) {
    case (.known(0), _): return other
    case (_, .known(0)): return self
    case (.known(let left), .known(let right)):
      let (sum, overflow) = left.addingReportingOverflow(right)
      return overflow ? .unknown : .known(sum)
    default: return .unknown
    }
  }

  /// The product of two extents.
  func multiplied(by other: Dimension) -> Dimension {
    switch (self, other) {
    case (.known(0), _), (_, .known(0)): return .known(0)
    case (.known(1), _): return other
    case (_, .known(1)): return self
    case (.known(let left), .known(let right)):
      let (product, overflow) = left.multipliedReportingOverflow(by: right)
      return overflow ? .unknown : .known(product)
    default: return SymbolicProduct([self, other])?.dimension ?? .unknown
    }
  }
}

extension Sequence<Dimension> {
  /// The number of elements that axes with these extents span.
  var product: Dimension { reduce(.known(1)) { $0.multiplied(by: $1) } }
}

extension Shape {
  /// As many axes, about which nothing is known.
  static func unknown(rank: Int) -> Shape { Array(repeating: .unknown, count: rank) }

  /// What numpy's multidirectional broadcasting of two shapes yields.
  func broadcast(with other: Shape) -> Shape {
    let rank = Swift.max(count, other.count)
    return (0..<rank).map { axis in
      aligned(axis, rank: rank).broadcast(with: other.aligned(axis, rank: rank))
    }
  }

  /// The extent that right alignment pairs with `axis` of a shape of `rank` axes.
  private func aligned(_ axis: Int, rank: Int) -> Dimension {
    let own = axis - (rank - count)
    return own < 0 ? .known(1) : self[own]
  }

  /// The shape with one extent replaced.
  func replacing(_ axis: Int, with extent: Dimension) -> Shape {
    var shape = self
    shape[axis] = extent
    return shape
  }
}

extension TensorType {
  /// A tensor about which nothing is known.
  static var unknown: TensorType { TensorType(nil, nil) }

  /// The type with another element type.
  func with(_ elementType: ElementType?) -> TensorType { TensorType(elementType, shape) }

  /// What both types agree on, and whether they contradict each other somewhere.
  ///
  /// Where they do, this type wins.
  func merged(with other: TensorType) -> (type: TensorType, agrees: Bool) {
    var agrees = true
    if let mine = elementType, let theirs = other.elementType, mine != theirs { agrees = false }
    let element = elementType ?? other.elementType
    guard let mine = shape, let theirs = other.shape else {
      return (TensorType(element, shape ?? other.shape), agrees)
    }
    guard mine.count == theirs.count else { return (TensorType(element, mine), false) }
    let merged = zip(mine, theirs).map { mine, theirs in
      guard let dimension = mine.merged(with: theirs) else {
        agrees = false
        return mine
      }
      return dimension
    }
    return (TensorType(element, merged), agrees)
  }

  /// What is true of a value that has one type or the other.
  func joined(with other: TensorType) -> TensorType {
    let element = elementType == other.elementType ? elementType : nil
    guard let mine = shape, let theirs = other.shape, mine.count == theirs.count else {
      return TensorType(element, nil)
    }
    return TensorType(element, zip(mine, theirs).map { $0.joined(with: $1) })
  }
}
