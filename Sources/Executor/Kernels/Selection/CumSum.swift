import IR

// Sums of everything before an element.

extension Planner {
  mutating func cumSum(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let rank = data.shape.count
    guard let stated = try operand(node, 1).constant?.integers?.first,
      (-Int64(rank)..<Int64(rank)).contains(stated),
      let isExclusive = graph.attribute(node, "exclusive", default: false),
      let isReverse = graph.attribute(node, "reverse", default: false)
    else {
      throw ExecutionError(.invalidOperands, "its axis does not fit data of shape \(data.shape)")
    }
    guard data.count > 0 else { return define(node, data) }
    let axis = stated < 0 ? Int(stated) + rank : Int(stated)
    let lines = Lines(
      extent: data.shape[axis], inner: data.shape[(axis + 1)...].product,
      isExclusive: isExclusive, isReverse: isReverse)
    let type = data.elementType
    let wide = try cast(node, data, to: type.isFloatingPoint ? .float64 : .int64)
    let result =
      type.isFloatingPoint
      ? try summed(node, wide, lines, Double(0), +) : try summed(node, wide, lines, Int64(0), &+)
    define(node, try cast(node, result, to: type))
  }

  private struct Lines {
    let extent: Int
    let inner: Int
    let isExclusive: Bool
    let isReverse: Bool
  }

  private mutating func summed<Element: BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ lines: Lines, _ zero: Element,
    _ add: @escaping (Element, Element) -> Element
  ) throws(ExecutionError) -> Operand {
    let count = data.count
    let (extent, inner) = (lines.extent, lines.inner)
    return try step(node, reads: [data], makes: [data.info]) { buffers in
      let source = buffers.read(0, as: Element.self, count: count)
      let target = buffers.make(0, as: Element.self, count: count)
      return {
        for line in 0..<count / extent {
          let start = line / inner * extent * inner + line % inner
          var sum = zero
          for number in 0..<extent {
            let place = start + (lines.isReverse ? extent - 1 - number : number) * inner
            if lines.isExclusive { target[place] = sum }
            sum = add(sum, source[place])
            if !lines.isExclusive { target[place] = sum }
          }
        }
      }
    }[0]
  }
}
