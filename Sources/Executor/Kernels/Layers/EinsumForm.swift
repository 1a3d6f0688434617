import IR

/// An Einsum on operands of certain shapes.
struct EinsumForm {
  /// An axis that has one meaning in all operands.
  enum Axis: Hashable {
    case letter(Character)
    /// One of those that an ellipsis stands for, counted from its end.
    case implied(Int)
  }

  /// The axes of each operand.
  let operands: [[Axis]]
  let result: [Axis]
  /// The axes that are summed over.
  let summed: [Axis]
  private let shapes: [[Int]]
  private let extents: [Axis: Int]

  init(_ equation: EinsumEquation, _ shapes: [[Int]]) throws(ExecutionError) {
    var (operands, extents, implied): ([[Axis]], [Axis: Int], Int) = ([], [:], 0)
    for (subscripts, shape) in zip(equation.operands, shapes) {
      let covered = shape.count - subscripts.count { $0 != .ellipsis }
      guard subscripts.contains(.ellipsis) ? covered >= 0 : covered == 0 else {
        throw .misfit(shapes)
      }
      implied = max(implied, covered)
      let axes = Self.axes(subscripts, implied: covered)
      for (axis, extent) in zip(axes, shape) {
        let known = extents[axis] ?? 1
        guard known == 1 || extent == 1 || known == extent else { throw .misfit(shapes) }
        extents[axis] = extent == 1 ? known : extent
      }
      operands.append(axes)
    }
    result = Self.axes(equation.result, implied: implied)
    guard Set(result).count == result.count, result.allSatisfy({ extents[$0] != nil }),
      implied == 0 || equation.result.contains(.ellipsis)
    else { throw .misfit(shapes) }
    let kept = Set(result)
    var summed: [Axis] = []
    for axis in operands.joined() where !kept.contains(axis) && !summed.contains(axis) {
      summed.append(axis)
    }
    (self.operands, self.extents, self.shapes, self.summed) = (operands, extents, shapes, summed)
  }

  private static func axes(_ subscripts: [EinsumEquation.Subscript], implied: Int) -> [Axis] {
    subscripts.flatMap { entry -> [Axis] in
      switch entry {
      case .letter(let letter): [.letter(letter)]
      case .ellipsis: (0..<implied).reversed().map(Axis.implied)
      }
    }
  }

  /// The extents of `axes`.
  func shape(_ axes: [Axis]) -> [Int] { axes.map { extents[$0] ?? 1 } }

  /// A walk along `axes` through all operands, none of which is empty.
  ///
  /// Operands stand still along axes that they lack, and walk diagonally along those that they have twice.
  func walk(_ axes: [Axis]) -> CoordinateWalk {
    let strides = zip(operands, shapes).map { own, shape in
      let steps = StridedView.rowMajor(shape)
      return axes.map { axis in
        own.indices.reduce(0) { sum, place in
          own[place] == axis && shape[place] != 1 ? sum + steps[place] : sum
        }
      }
    }
    return CoordinateWalk(extents: shape(axes), strides: strides)
  }

  /// The axes of a batch of matrix products that the same comes of, if there is one.
  var matrixAxes: MatrixAxes? {
    guard operands.count == 2 else { return nil }
    for (axes, shape) in zip(operands, shapes) {
      guard Set(axes).count == axes.count, self.shape(axes) == shape else { return nil }
    }
    let (left, right, kept) = (Set(operands[0]), Set(operands[1]), Set(result))
    guard summed.allSatisfy({ left.contains($0) && right.contains($0) }) else { return nil }
    return MatrixAxes(
      batch: result.filter { left.contains($0) && right.contains($0) },
      rows: result.filter { !right.contains($0) }, columns: result.filter { !left.contains($0) },
      depth: operands[0].filter { !kept.contains($0) })
  }

  /// Which axes of two operands are what in a matrix product.
  struct MatrixAxes {
    let batch: [Axis]
    let rows: [Axis]
    let columns: [Axis]
    let depth: [Axis]
  }
}

/// Visits coordinates in order, and says where the element of each of several tensors lies.
struct CoordinateWalk {
  let extents: [Int]
  /// For each tensor the distance of its elements along each axis.
  let strides: [[Int]]

  func run(from starts: [Int], _ visit: (_ places: [Int]) -> Void) {
    guard !extents.contains(0) else { return }
    var coordinates = extents.map { _ in 0 }
    var places = starts
    while true {
      visit(places)
      guard let axis = extents.indices.last(where: { coordinates[$0] + 1 < extents[$0] }) else {
        return
      }
      coordinates[axis] += 1
      for tensor in places.indices { places[tensor] += strides[tensor][axis] }
      for later in extents.indices.dropFirst(axis + 1) {
        for tensor in places.indices {
          places[tensor] -= strides[tensor][later] * coordinates[later]
        }
        coordinates[later] = 0
      }
    }
  }
}

extension ExecutionError {
  fileprivate static func misfit(_ shapes: [[Int]]) -> ExecutionError {
    ExecutionError(
      .invalidOperands,
      "its equation does not fit operands of shapes "
        + shapes.map { "\($0)" }.joined(separator: " and "))
  }
}
