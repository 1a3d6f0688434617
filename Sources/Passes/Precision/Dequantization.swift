public import IR

/// Stored whole numbers that a DequantizeLinear makes weights of.
struct QuantizedTensor {
  /// The whole numbers.
  let numbers: Constant
  /// One scale, or one for each slot of `axis`.
  let scales: [Float]
  /// What is subtracted from the numbers, as many as there are scales.
  let zeroPoints: [Int64]
  /// The axis that scales are for.
  let axis: Int

  /// Nil unless `node` makes floats in single precision of stored elements alone.
  init?(_ node: NodeID, in graph: Graph) {
    guard let view = DequantizeView(node, in: graph), let numbers = graph.constant(view.data),
      numbers.payload != nil, let scale = graph.constant(view.scale),
      let scales = scale.inSinglePrecision?.elements(as: Float.self), !scales.isEmpty
    else { return nil }
    let rank = numbers.shape.count
    axis = view.axis < 0 ? view.axis + rank : view.axis
    let fits = numbers.shape.indices.contains(axis) && numbers.shape[axis] == scales.count
    guard scales.count == 1 || fits else { return nil }
    if let zeroPoint = view.zeroPoint {
      guard let zeros = graph.constant(zeroPoint)?.integers, zeros.count == scales.count else {
        return nil
      }
      zeroPoints = zeros
    } else {
      zeroPoints = Array(repeating: 0, count: scales.count)
    }
    self.numbers = numbers
    self.scales = scales
  }

  /// What the node makes of them: `(number − zero point) · scale`; nil for types it does not take.
  var weights: Constant? {
    switch numbers.elementType {
    case .int8: weights(of: Int8.self)
    case .uint8: weights(of: UInt8.self)
    case .int32: weights(of: Int32.self)
    default: nil
    }
  }

  private func weights<Number: FixedWidthInteger & TensorElement>(
    of type: Number.Type
  ) -> Constant? {
    guard let payload = numbers.payload else { return nil }
    let run = scales.count > 1 ? max(numbers.shape[(axis + 1)...].reduce(1, *), 1) : numbers.count
    return unsafe Constant(count: numbers.count, shape: numbers.shape) {
      (target: UnsafeMutableBufferPointer<Float>) in
      unsafe payload.withBytes { source in
        for index in target.indices {
          let slot = scales.count > 1 ? index / run % scales.count : 0
          let number = unsafe source.loadUnaligned(
            fromByteOffset: index * MemoryLayout<Number>.size, as: Number.self)
          let difference = Double(Number(littleEndian: number)) - Double(zeroPoints[slot])
          unsafe target[index] = Float(difference * Double(scales[slot]))
        }
      }
    }
  }
}

extension Graph {
  /// What a DequantizeLinear makes of stored whole numbers, in single precision; nil for other nodes.
  public func dequantized(_ node: NodeID) -> Constant? { QuantizedTensor(node, in: self)?.weights }
}
