// Products of matrices and their relatives.

extension InferenceEngine {
  func gemm(_ node: NodeID) -> TensorType {
    let element = element(node, 0)
    guard let view = GemmView(node, in: graph) else { return TensorType(element, nil) }
    let left = shape(node, 0)
    let right = shape(node, 1)
    let rows = left.map { $0[view.transA ? 1 : 0] } ?? .unknown
    let columns = right.map { $0[view.transB ? 0 : 1] } ?? .unknown
    return TensorType(element, [rows, columns])
  }

  func matrixProduct(_ node: NodeID) -> TensorType {
    switch graph.nodes[node].op.kind {
    case .matMulInteger: TensorType(.int32, product(shape(node, 0), shape(node, 1)))
    case .qLinearMatMul: TensorType(element(node, 7), product(shape(node, 0), shape(node, 3)))
    default: TensorType(element(node, 0), product(shape(node, 0), shape(node, 1)))
    }
  }

  /// The shape of numpy's `matmul`, where a vector stands for a row or a column.
  private func product(_ left: Shape?, _ right: Shape?) -> Shape? {
    guard let left, let right, let columns = right.last, !left.isEmpty else { return nil }
    let batch = left.dropLast(2).broadcasting(right.dropLast(2))
    let rows = left.count > 1 ? [left[left.count - 2]] : []
    return batch + rows + (right.count > 1 ? [columns] : [])
  }

  func einsum(_ node: NodeID) -> TensorType {
    let element = element(node, 0)
    guard let text = graph.attribute(node, "equation", default: ""),
      let equation = EinsumEquation(text)
    else { return TensorType(element, nil) }
    let operands = graph.nodes[node].inputs.indices.map { shape(node, $0) }
    return TensorType(element, equation.resultShape(of: operands))
  }
}

extension ArraySlice<Dimension> {
  fileprivate func broadcasting(_ other: ArraySlice<Dimension>) -> Shape {
    Shape(self).broadcast(with: Shape(other))
  }
}

/// The subscripts of an Einsum, with `...` for any number of leading axes.
private struct EinsumEquation {
  private enum Subscript: Hashable {
    case letter(Character)
    case ellipsis
  }

  private let operands: [[Subscript]]
  private let result: [Subscript]

  init?(_ text: String) {
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
