import IR

/// A function of two elements, and the loop that applies it to rows of them.
///
/// The loop is made where the function is stated, so that the compiler sees both and may handle several elements
/// at a time.
struct PairFunction<Element: BitwiseCopyable, Result: BitwiseCopyable> {
  /// Joins two elements.
  let join: (Element, Element) -> Result
  /// Joins two rows.
  let joinRows: (PairRows<Element, Result>) -> Void

  @inline(__always)
  init(_ join: @escaping (Element, Element) -> Result) {
    self.join = join
    joinRows = { rows in
      let (left, right, target) = (rows.left, rows.right, rows.target)
      switch rows.steps {
      case (1, 1):
        for index in 0..<target.count { target[index] = join(left[index], right[index]) }
      case (1, 0):
        let other = right[0]
        for index in 0..<target.count { target[index] = join(left[index], other) }
      case (0, 1):
        let other = left[0]
        for index in 0..<target.count { target[index] = join(other, right[index]) }
      case (let step, let otherStep):
        for index in 0..<target.count {
          target[index] = join(left[index &* step], right[index &* otherStep])
        }
      }
    }
  }
}

/// Rows of elements that are to be joined.
struct PairRows<Element: BitwiseCopyable, Result: BitwiseCopyable> {
  let left: Elements<Element>
  let right: Elements<Element>
  /// How far the elements of the two are apart.
  let steps: (Int, Int)
  let target: Elements<Result>
}

extension Planner {
  /// Joins the elements of two operands that broadcast.
  @inline(__always)
  mutating func pairwise<Element: BitwiseCopyable, Result: BitwiseCopyable>(
    _ node: NodeID, _ left: Operand, _ right: Operand, _ type: Element.Type, _ result: ElementType,
    _ join: @escaping (Element, Element) -> Result
  ) throws(ExecutionError) -> Operand {
    try pairwise(node, left, right, result, PairFunction(join))
  }

  /// Joins the elements of two operands that broadcast.
  mutating func pairwise<Element: BitwiseCopyable, Result: BitwiseCopyable>(
    _ node: NodeID, _ left: Operand, _ right: Operand, _ result: ElementType,
    _ function: PairFunction<Element, Result>
  ) throws(ExecutionError) -> Operand {
    let (first, second) = (try plain(left), try plain(right))
    let shape = try Self.commonShape([first, second])
    let walk = StridedWalk([first.shape, second.shape], to: shape)
    let counts = (first.count, second.count)
    return try step(node, reads: [first, second], makes: [TensorInfo(result, shape)]) { buffers in
      let left = buffers.read(0, as: Element.self, count: counts.0)
      let right = buffers.read(1, as: Element.self, count: counts.1)
      let target = buffers.make(0, as: Result.self, count: walk.count)
      return {
        Threads.share(walk.count) { range in
          walk.run(range) { place, starts, steps, count in
            let (step, otherStep) = (steps[0], steps[1])
            function.joinRows(
              PairRows(
                left: left.part(from: starts[0], (count - 1) * step + 1),
                right: right.part(from: starts[1], (count - 1) * otherStep + 1),
                steps: (step, otherStep), target: target.part(from: place, count)))
          }
        }
      }
    }[0]
  }

  /// The shape that operands broadcast to.
  static func commonShape(_ operands: [Operand]) throws(ExecutionError) -> [Int] {
    guard let shape = StridedView.commonShape(operands.map(\.shape)) else {
      throw ExecutionError(
        .invalidOperands,
        "operands of shapes \(operands.map { "\($0.shape)" }.joined(separator: " and ")) do not "
          + "broadcast")
    }
    return shape
  }
}
