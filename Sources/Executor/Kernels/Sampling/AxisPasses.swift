import IR

// One axis of a tensor resampled: each line of elements across it is a sum of others.

extension Planner {
  /// The elements that `table` names along `axis`, of whatever type they are.
  mutating func gathered(
    _ node: NodeID, _ data: Operand, _ table: AxisTable, _ axis: Int
  ) throws(ExecutionError) -> Operand {
    switch data.elementType.bitWidth {
    case 8: return try gathered(node, data, table, axis, UInt8.self, 1)
    case 16: return try gathered(node, data, table, axis, UInt16.self, 1)
    case 32: return try gathered(node, data, table, axis, UInt32.self, 1)
    case 64: return try gathered(node, data, table, axis, UInt64.self, 1)
    case 128: return try gathered(node, data, table, axis, UInt64.self, 2)
    default:
      throw ExecutionError(.unsupported, "has no kernel for elements of type \(data.elementType)")
    }
  }

  private mutating func gathered<Word: BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ table: AxisTable, _ axis: Int, _ type: Word.Type,
    _ words: Int
  ) throws(ExecutionError) -> Operand {
    var shape = data.shape
    shape[axis] = table.count
    let (outer, inner) = (shape[..<axis].product, shape[(axis + 1)...].product * words)
    let (extent, count, sources) = (table.extent, table.count, table.sources)
    let info = try checked(data.elementType, shape)
    return try step(node, reads: [data], makes: [info]) { buffers in
      let source = buffers.read(0, as: type, count: outer * extent * inner)
      let target = buffers.make(0, as: type, count: outer * count * inner)
      return {
        for block in 0..<outer {
          let (start, place) = (block * extent * inner, block * count * inner)
          for (position, element) in sources.enumerated() {
            if inner == 1 {
              target[place + position] = source[start + element]
            } else {
              target.copy(
                inner, from: source, at: start + element * inner, to: place + position * inner)
            }
          }
        }
      }
    }[0]
  }

  /// Resamples along several axes in the widest type that is needed, and comes back to the data's.
  mutating func resampled(
    _ node: NodeID, _ data: Operand, _ tables: [(axis: Int, table: AxisTable)],
    _ extrapolation: Double
  ) throws(ExecutionError) -> Operand {
    let type = data.elementType
    let isWide = type == .float64 || type.isInteger && type.bitWidth > 16
    var result = try cast(node, data, to: isWide ? .float64 : .float32)
    for (axis, table) in tables {
      result =
        isWide
        ? try resampled(node, result, table, axis, extrapolation)
        : try resampled(node, result, table, axis, Float(extrapolation))
    }
    return type.isFloatingPoint
      ? try cast(node, result, to: type) : try saturated(node, result, to: type)
  }

  private mutating func resampled<Element: BinaryFloatingPoint & BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ table: AxisTable, _ axis: Int, _ extrapolation: Element
  ) throws(ExecutionError) -> Operand {
    var shape = data.shape
    shape[axis] = table.count
    let pass = AxisPass<Element>(
      table, outer: shape[..<axis].product, inner: shape[(axis + 1)...].product, extrapolation)
    let counts = (data.count, shape.product)
    let info = try checked(data.elementType, shape)
    return try step(node, reads: [data], makes: [info]) { buffers in
      let source = buffers.read(0, as: Element.self, count: counts.0)
      let target = buffers.make(0, as: Element.self, count: counts.1)
      return { pass.run(source, target) }
    }[0]
  }

  /// The nearest whole numbers that `type` has.
  mutating func saturated(
    _ node: NodeID, _ data: Operand, to type: ElementType
  ) throws(ExecutionError) -> Operand {
    let bits = type.bitWidth
    let isSigned = [ElementType.int8, .int16, .int32, .int64].contains(type)
    let limit = isSigned ? 1 << UInt64(bits - 1) : bits == 64 ? UInt64.max : 1 << UInt64(bits) - 1
    let low = isSigned ? -Double(limit) : 0
    let high = bits == 64 ? Double(limit).nextDown : Double(limit) - (isSigned ? 1 : 0)
    let wide = try cast(node, data, to: .float64)
    let whole = try map(node, wide, Double.self, .float64) { element -> Double in
      element.isNaN ? 0 : min(max(element.rounded(.toNearestOrEven), low), high)
    }
    return try cast(node, whole, to: type)
  }
}

/// The work of one axis.
private struct AxisPass<Element: BinaryFloatingPoint & BitwiseCopyable> {
  let extent: Int
  let count: Int
  let taps: Int
  let sources: [Int]
  let weights: [Element]
  let outside: [Int]
  /// How many times the axis occurs.
  let outer: Int
  /// How many elements lie between two along the axis.
  let inner: Int
  let extrapolation: Element

  init(_ table: AxisTable, outer: Int, inner: Int, _ extrapolation: Element) {
    (extent, count, taps) = (table.extent, table.count, table.taps)
    sources = table.sources
    weights = table.weights.map { Element($0) }
    outside = table.outside
    (self.outer, self.inner, self.extrapolation) = (outer, inner, extrapolation)
  }

  func run(_ source: Elements<Element>, _ target: Elements<Element>) {
    for block in 0..<outer {
      let (start, place) = (block * extent * inner, block * count * inner)
      if inner == 1 {
        addElements(source, start, target, place)
      } else {
        addRows(source, start, target, place)
      }
      for position in outside {
        for index in 0..<inner { target[place + position * inner + index] = extrapolation }
      }
    }
  }

  private func addElements(
    _ source: Elements<Element>, _ start: Int, _ target: Elements<Element>, _ place: Int
  ) {
    if taps == 2 {
      for position in 0..<count {
        target[place + position] =
          weights[2 * position] * source[start + sources[2 * position]]
          + weights[2 * position + 1] * source[start + sources[2 * position + 1]]
      }
      return
    }
    for position in 0..<count {
      var sum: Element = 0
      for tap in position * taps..<(position + 1) * taps {
        sum += weights[tap] * source[start + sources[tap]]
      }
      target[place + position] = sum
    }
  }

  private func addRows(
    _ source: Elements<Element>, _ start: Int, _ target: Elements<Element>, _ place: Int
  ) {
    for position in 0..<count {
      let row = place + position * inner
      guard taps > 1 else {
        target.copy(inner, from: source, at: start + sources[position] * inner, to: row)
        continue
      }
      // All filters have an even number of elements.
      for tap in stride(from: 0, to: taps, by: 2) {
        let first = position * taps + tap
        let (weight, other) = (weights[first], weights[first + 1])
        let (one, two) = (start + sources[first] * inner, start + sources[first + 1] * inner)
        if tap == 0 {
          for index in 0..<inner {
            target[row + index] = weight * source[one + index] + other * source[two + index]
          }
        } else {
          for index in 0..<inner {
            target[row + index] += weight * source[one + index] + other * source[two + index]
          }
        }
      }
    }
  }
}
