internal import IR

// Operators that repeat, surround or overwrite stored elements, and those that make them up.

extension ConstantEvaluator {
  /// Repeats every axis, seen as an axis of repetitions before its own.
  func tile(_ data: Constant) -> Constant? {
    guard let repeats = TileView(node, in: graph)?.repeats, repeats.count == data.shape.count,
      let shape = resultShape, zip(repeats, data.shape).map({ [$0, $1].checkedProduct }) == shape
    else { return nil }
    let apart = StridedView(contiguous: data.shape.flatMap { [1, $0] })
    let target = zip(repeats, data.shape).flatMap { [$0, $1] }
    return apart.broadcast(to: target).map { data.materialized($0).reshaped(shape) }
  }

  /// Surrounds the data by one number, which is looked up as an element behind its last.
  func pad(_ data: Constant) -> Constant? {
    guard let view = PadView(node, in: graph), view.mode == .constant, let shape = resultShape,
      shape.count == data.shape.count, let number = padding(of: data), let bytes = data.bytes,
      let extended = Constant(
        bytes: bytes + number, elementType: data.elementType, shape: [data.count + 1])
    else { return nil }
    let strides = StridedView.rowMajor(data.shape)
    var positions = [0]
    for axis in shape.indices {
      let sources = (0..<shape[axis]).map { $0 - view.begins[axis] }
      positions = positions.flatMap { base in
        sources.map { source in
          base < data.count && (0..<data.shape[axis]).contains(source)
            ? base + source * strides[axis] : data.count
        }
      }
    }
    return extended.picking(positions, shape: shape)
  }

  /// The bytes of what a Pad adds; nil if that is no number of the type of `data`.
  private func padding(of data: Constant) -> [UInt8]? {
    guard graph.version >= 11 else {
      let number = graph.attribute(node, "value", default: Float(0))
      return data.elementType == .float32 ? number.map { Constant([$0], shape: [1]) }?.bytes : nil
    }
    guard graph.nodes[node].input(2) != nil else {
      return Array(repeating: 0, count: data.elementType.bitWidth / 8)
    }
    guard let stored = operand(2), stored.count == 1, stored.elementType == data.elementType else {
      return nil
    }
    return stored.bytes
  }

  /// Overwrites what indices name; nil where they name something twice, as the order is open.
  func scatter(into data: Constant) -> Constant? {
    guard operands.count == 3, graph.attribute(node, "reduction", default: "none") == "none",
      let indices = operands[1].integers, let depth = operands[1].shape.last, depth > 0,
      depth <= data.shape.count, operands[2].elementType == data.elementType,
      var bytes = data.bytes, let updates = operands[2].bytes
    else { return nil }
    let size = data.shape[depth...].reduce(data.elementType.bitWidth / 8, *)
    guard updates.count == indices.count / depth * size else { return nil }
    var written: Set<Int> = []
    for (row, start) in stride(from: 0, to: indices.count, by: depth).enumerated() {
      guard let place = place(of: indices[start..<start + depth], in: data.shape),
        written.insert(place).inserted
      else { return nil }
      bytes.replaceSubrange(
        place * size..<(place + 1) * size, with: updates[row * size..<(row + 1) * size])
    }
    return Constant(bytes: bytes, elementType: data.elementType, shape: data.shape)
  }

  /// The number of the block that `indices` into the leading axes name; nil if they are out of range.
  private func place(of indices: ArraySlice<Int64>, in shape: [Int]) -> Int? {
    var place = 0
    for (index, extent) in zip(indices, shape) {
      guard let index = Int(exactly: index), index >= -extent, index < extent else { return nil }
      place = place * extent + (index < 0 ? index + extent : index)
    }
    return place
  }

  /// Operators whose stored operands say what to make.
  func generated(_ kind: OperatorKind) -> Constant? {
    switch kind {
    case .constantOfShape: return filled()
    case .range:
      return enumerated(as: Int64.self) ?? enumerated(as: Int32.self) ?? enumeratedFloats()
    default: return nil
    }
  }

  private func filled() -> Constant? {
    guard let shape = resultShape, operands[0].integers == shape.map(Int64.init) else { return nil }
    var number = Constant([Float(0)], shape: [1])
    if let value = graph.nodes[node].attribute("value") {
      guard case .tensor(_, let stored) = value, stored.count == 1, stored.isSliceable else {
        return nil
      }
      number = stored.reshaped([1])
    }
    return StridedView(contiguous: [1]).broadcast(to: shape).map(number.materialized)
  }

  private func enumerated<Element: TensorElement & FixedWidthInteger & SignedInteger>(
    as type: Element.Type
  ) -> Constant? {
    let bounds = operands.compactMap { $0.elements(as: type)?.first }
    guard bounds.count == 3, operands.count == 3, let count = resultShape?.first else { return nil }
    let (start, limit, step) = (bounds[0], bounds[1], bounds[2])
    let (way, isLong) = Element(clamping: count).multipliedReportingOverflow(by: step)
    let (end, isFar) = start.addingReportingOverflow(way)
    guard !isLong, !isFar, Self.stops(at: end, limit, step, count: count) else { return nil }
    return Constant(
      (0..<count).map { start + step * Element(truncatingIfNeeded: $0) }, shape: [count])
  }

  /// Whether `count` steps end at `end`, and fewer would not have reached the limit.
  private static func stops<Number: Comparable & SignedNumeric>(
    at end: Number, _ limit: Number, _ step: Number, count: Int
  ) -> Bool {
    step > 0
      ? end >= limit && (count == 0 || end - step < limit)
      : step < 0 && end <= limit && (count == 0 || end - step > limit)
  }

  /// Only whole numbers that every float around them is exact for, as runtimes add up differently.
  private func enumeratedFloats() -> Constant? {
    let bounds = operands.compactMap { $0.elements(as: Float.self)?.first }
    guard bounds.count == 3, operands.count == 3, let count = resultShape?.first else { return nil }
    let (start, limit, step) = (bounds[0], bounds[1], bounds[2])
    let end = start + step * Float(count)
    let largest = max(start.magnitude, end.magnitude, step.magnitude * Float(count))
    guard start == start.rounded(), step == step.rounded(), largest <= Float(1 << 24),
      Self.stops(at: end, limit, step, count: count)
    else { return nil }
    return Constant((0..<count).map { start + step * Float($0) }, shape: [count])
  }
}
