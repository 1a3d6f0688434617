/// Reads an Einsum node whose equation gives every axis a letter of its own.
public struct EinsumView: Sendable {
  /// For each operand the letters of its axes, in order.
  public let operands: [[Character]]
  /// The letters of the result's axes; those missing are summed over.
  public let result: [Character]

  /// Nil for other operators, and if the equation is malformed, leaves axes to an ellipsis in an operand of
  /// unknown rank or in no result, or names an axis of one operand twice.
  public init?(_ node: NodeID, in graph: Graph) {
    let inputs = graph.nodes[node].inputs
    guard graph.nodes[node].op.kind == .einsum,
      let text = graph.attribute(node, "equation", default: ""),
      let equation = EinsumEquation(text), equation.operands.count == inputs.count
    else { return nil }
    var operands: [[Character]] = []
    var largest = 0
    for (subscripts, input) in zip(equation.operands, inputs) {
      let count = Self.ellipsisCount(subscripts, rank: input.flatMap { graph.rank(of: $0) })
      guard let count, let letters = Self.letters(subscripts, ellipsis: count) else { return nil }
      operands.append(letters)
      largest = Swift.max(largest, count)
    }
    guard largest == 0 || equation.result.contains(.ellipsis),
      let result = Self.letters(equation.result, ellipsis: largest)
    else { return nil }
    self.operands = operands
    self.result = result
  }

  /// Whether `letter` stands for an axis that an ellipsis leaves out, on which operands broadcast.
  public static func isImplied(_ letter: Character) -> Bool {
    letter.unicodeScalars.first.map { $0.value >= firstImplied } ?? false
  }

  /// The first of the code points for private use, which no equation has.
  private static let firstImplied: UInt32 = 0xE000

  /// The axes that an ellipsis stands for, none if there is no ellipsis; nil if that cannot be told.
  private static func ellipsisCount(_ subscripts: [EinsumEquation.Subscript], rank: Int?) -> Int? {
    guard subscripts.contains(.ellipsis) else { return 0 }
    guard let rank, rank <= Axis.maximalRank, rank >= subscripts.count - 1 else { return nil }
    return rank - (subscripts.count - 1)
  }

  /// The letters of all axes; those of an ellipsis are counted from its end, where operands line up.
  private static func letters(
    _ subscripts: [EinsumEquation.Subscript], ellipsis count: Int
  ) -> [Character]? {
    let letters = subscripts.flatMap { axis -> [Character] in
      switch axis {
      case .letter(let letter): [letter]
      case .ellipsis:
        (0..<count).reversed().compactMap { Unicode.Scalar(firstImplied + UInt32($0)) }
          .map(Character.init)
      }
    }
    return Set(letters).count == letters.count ? letters : nil
  }
}

/// The subscripts of an Einsum, with `...` for any number of leading axes.
public struct EinsumEquation: Sendable {
  /// What stands for one axis, or for several.
  public enum Subscript: Hashable, Sendable {
    /// One axis.
    case letter(Character)
    /// All axes that no letter stands for.
    case ellipsis
  }

  /// The subscripts of each operand.
  public let operands: [[Subscript]]
  /// The subscripts of the result, stated or not.
  public let result: [Subscript]

  /// Reads an equation as a node states it; nil if it is malformed.
  public init?(_ text: String) {
    guard text.utf8.count <= 1024 else { return nil }
    let stripped = text.filter { $0 != " " }
    let sides = stripped.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    var operands: [[Subscript]] = []
    for term in sides[0].split(separator: ",", omittingEmptySubsequences: false) {
      guard let subscripts = Self.parse(term) else { return nil }
      operands.append(subscripts)
    }
    self.operands = operands
    guard sides.count == 2 else {
      result = Self.impliedResult(operands)
      return
    }
    guard sides[1].first == ">", let result = Self.parse(sides[1].dropFirst()) else { return nil }
    self.result = result
  }

  private static func parse(_ term: Substring) -> [Subscript]? {
    var subscripts: [Subscript] = []
    var rest = term
    while let character = rest.first {
      if rest.hasPrefix("...") {
        guard !subscripts.contains(.ellipsis) else { return nil }
        subscripts.append(.ellipsis)
        rest = rest.dropFirst(3)
      } else {
        guard character.isLetter else { return nil }
        subscripts.append(.letter(character))
        rest = rest.dropFirst()
      }
    }
    return subscripts
  }

  /// Without an arrow the result has the letters that occur once, in alphabetical order.
  private static func impliedResult(_ operands: [[Subscript]]) -> [Subscript] {
    var letters: [Character] = []
    for case .letter(let letter) in operands.joined() { letters.append(letter) }
    let once = letters.filter { letter in letters.count { $0 == letter } == 1 }.sorted()
    let ellipsis: [Subscript] = operands.joined().contains(.ellipsis) ? [.ellipsis] : []
    return ellipsis + once.map(Subscript.letter)
  }

  func resultShape(of shapes: [Shape?]) -> Shape? {
    guard shapes.count == operands.count else { return nil }
    var extents: [Character: Dimension] = [:]
    var batch: Shape = []
    for (subscripts, shape) in zip(operands, shapes) {
      guard let shape else { return nil }
      let covered = shape.count - subscripts.count { $0 != .ellipsis }
      guard subscripts.contains(.ellipsis) ? covered >= 0 : covered == 0 else { return nil }
      var axis = 0
      for entry in subscripts {
        switch entry {
        case .ellipsis:
          batch = batch.broadcast(with: Shape(shape[axis..<(axis + covered)]))
          axis += covered
        case .letter(let letter):
          extents[letter] = extents[letter].map { $0.broadcast(with: shape[axis]) } ?? shape[axis]
          axis += 1
        }
      }
    }
    var resultShape: Shape = []
    for entry in result {
      switch entry {
      case .ellipsis: resultShape += batch
      case .letter(let letter):
        guard let extent = extents[letter] else { return nil }
        resultShape.append(extent)
      }
    }
    return resultShape
  }
}
