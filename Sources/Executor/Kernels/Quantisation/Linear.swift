import IR

// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.

extension Planner {
  mutating func dequantizeLinear(_ node: NodeID) throws(ExecutionError) {
    let (data, scale) = (try plain(node, 0), try plain(node, 1))
    let zero = try zeroPoint(node, 2, as: data.elementType, scale)
    let stated = graph.elementTypeAttribute(node, "output_dtype") ?? scale.elementType
    guard data.count > 0 else {
      return define(node, try zeros(node, TensorInfo(stated, data.shape)))
    }
    let granularity = try granularity(node, data, scale)
    let result: Operand
    switch data.elementType {
    case .int8: result = try dequantized(node, data, scale, zero, granularity, Int8.self)
    case .uint8: result = try dequantized(node, data, scale, zero, granularity, UInt8.self)
    case .int16: result = try dequantized(node, data, scale, zero, granularity, Int16.self)
    case .uint16: result = try dequantized(node, data, scale, zero, granularity, UInt16.self)
    case .int32: result = try dequantized(node, data, scale, zero, granularity, Int32.self)
    default: throw Self.lacksKernel(data.elementType)
    }
    define(node, try cast(node, result, to: stated))
  }

  private static func lacksKernel(_ type: ElementType) -> ExecutionError {
    ExecutionError(.unsupported, "has no kernel for elements of type \(type)")
  }

  /// Operand `index`, which has the type of the quantised elements and the shape of the scales.
  private mutating func zeroPoint(
    _ node: NodeID, _ index: Int, as type: ElementType, _ scale: Operand
  ) throws(ExecutionError) -> Operand? {
    guard let zero = try optional(node, index) else { return nil }
    guard zero.elementType == type, zero.count == scale.count else {
      throw ExecutionError(
        .invalidOperands,
        "a zero point of type \(zero.elementType) and shape \(zero.shape) does not fit")
    }
    return try plain(zero)
  }

  private func granularity(
    _ node: NodeID, _ data: Operand, _ scale: Operand
  ) throws(ExecutionError) -> Granularity {
    guard let axis = graph.attribute(node, "axis", default: 1),
      let block = graph.attribute(node, "block_size", default: 0)
    else { throw ExecutionError(.invalidOperands, "its axis is no number") }
    return try Granularity(data.shape, scales: scale.shape, axis: axis, block: block)
  }

  private mutating func dequantized<Element: FixedWidthInteger & BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ scale: Operand, _ zero: Operand?,
    _ granularity: Granularity, _ type: Element.Type
  ) throws(ExecutionError) -> Operand {
    let single = try cast(node, scale, to: .float32)
    let (count, scaleCount) = (data.count, granularity.count)
    let info = TensorInfo(.float32, data.shape)
    return try step(node, reads: [data, single, zero], makes: [info]) { buffers in
      let source = buffers.read(0, as: type, count: count)
      let scales = buffers.read(1, as: Float.self, count: scaleCount)
      let zeros = zero == nil ? nil : buffers.read(2, as: type, count: scaleCount)
      let target = buffers.make(0, as: Float.self, count: count)
      func origin(_ place: Int) -> Int32 {
        zeros.map { Int32(truncatingIfNeeded: $0[place]) } ?? 0
      }
      return {
        granularity.run { place, first, step, count in
          var (scale, zero) = (scales[first], origin(first))
          for index in 0..<count {
            if step > 0 { (scale, zero) = (scales[first + index], origin(first + index)) }
            let element = Int32(truncatingIfNeeded: source[place + index])
            target[place + index] = Float(element &- zero) * scale
          }
        }
      }
    }[0]
  }

  mutating func quantizeLinear(_ node: NodeID) throws(ExecutionError) {
    let (data, scale) = (try plain(node, 0), try plain(node, 1))
    let stated = graph.elementTypeAttribute(node, "output_dtype")
    let type = try optional(node, 2)?.elementType ?? stated ?? .uint8
    let zero = try zeroPoint(node, 2, as: type, scale)
    guard data.count > 0 else {
      return define(node, try zeros(node, TensorInfo(type, data.shape)))
    }
    let granularity = try granularity(node, data, scale)
    let precision = graph.elementTypeAttribute(node, "precision") ?? scale.elementType
    let source = try quotients(node, data, scale, granularity, precision)
    switch type {
    case .int8: define(node, try quantized(node, source, zero, granularity, type, Int8.self))
    case .uint8: define(node, try quantized(node, source, zero, granularity, type, UInt8.self))
    case .int16: define(node, try quantized(node, source, zero, granularity, type, Int16.self))
    case .uint16: define(node, try quantized(node, source, zero, granularity, type, UInt16.self))
    default: throw Self.lacksKernel(type)
    }
  }

  /// Elements by their scales, rounded as division in `precision` rounds.
  private mutating func quotients(
    _ node: NodeID, _ data: Operand, _ scale: Operand, _ granularity: Granularity,
    _ precision: ElementType
  ) throws(ExecutionError) -> Operand {
    let (wide, single) = (
      try cast(node, data, to: .float32), try cast(node, scale, to: .float32)
    )
    let (count, scaleCount) = (data.count, granularity.count)
    let info = TensorInfo(.float32, data.shape)
    let result = try step(node, reads: [wide, single], makes: [info]) { buffers in
      let source = buffers.read(0, as: Float.self, count: count)
      let scales = buffers.read(1, as: Float.self, count: scaleCount)
      let target = buffers.make(0, as: Float.self, count: count)
      return {
        granularity.run { place, first, step, count in
          for index in 0..<count {
            target[place + index] = source[place + index] / scales[first + index * step]
          }
        }
      }
    }[0]
    // A quotient in single precision rounded again is the one of the shorter type.
    let isShort = precision == .float16 || precision == .bfloat16
    return isShort ? try cast(node, try cast(node, result, to: precision), to: .float32) : result
  }

  private mutating func quantized<Element: FixedWidthInteger & BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ zero: Operand?, _ granularity: Granularity,
    _ elementType: ElementType, _ type: Element.Type
  ) throws(ExecutionError) -> Operand {
    let (count, scaleCount) = (data.count, granularity.count)
    let info = TensorInfo(elementType, data.shape)
    return try step(node, reads: [data, zero], makes: [info]) { buffers in
      let source = buffers.read(0, as: Float.self, count: count)
      let zeros = zero == nil ? nil : buffers.read(1, as: type, count: scaleCount)
      let target = buffers.make(0, as: type, count: count)
      return {
        granularity.run { place, first, step, count in
          for index in 0..<count {
            let origin = zeros.map { Float($0[first + index * step]) } ?? 0
            target[place + index] = Element(rounding: source[place + index], plus: origin)
          }
        }
      }
    }[0]
  }

  mutating func dynamicQuantizeLinear(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    try requireFloat([data])
    let results = try dynamicallyQuantized(node, data)
    for (index, result) in results.enumerated() { define(node, index, result) }
  }

  /// The quantised elements, the scale and the zero point.
  private mutating func dynamicallyQuantized(
    _ node: NodeID, _ data: Operand
  ) throws(ExecutionError) -> [Operand] {
    let infos = [
      TensorInfo(.uint8, data.shape), TensorInfo(.float32, []), TensorInfo(.uint8, []),
    ]
    let count = data.count
    return try step(node, reads: [data], makes: infos) { buffers in
      let source = buffers.read(0, as: Float.self, count: count)
      let target = buffers.make(0, as: UInt8.self, count: count)
      let scales = buffers.make(1, as: Float.self, count: 1)
      let zeros = buffers.make(2, as: UInt8.self, count: 1)
      return {
        var (low, high): (Float, Float) = (0, 0)
        for index in 0..<count {
          low = min(low, source[index])
          high = max(high, source[index])
        }
        let scale = (low == high ? 1 : high - low) / 255
        let zero = UInt8(rounding: -low / scale, plus: 0)
        (scales[0], zeros[0]) = (scale, zero)
        for index in 0..<count {
          target[index] = UInt8(rounding: source[index] / scale, plus: Float(zero))
        }
      }
    }
  }
}

extension FixedWidthInteger {
  /// The nearest whole number to `value`, the even one of two, plus `origin`, or the bound that it is beyond.
  ///
  /// For types of up to 16 bits, whose bounds a float holds.
  @inline(__always)
  init(rounding value: Float, plus origin: Float) {
    let whole = value.rounded(.toNearestOrEven) + origin
    let (low, high) = (Float(Self.min), Float(Self.max))
    // Written such that no number is the lower bound.
    self = whole > low ? whole < high ? Self(whole) : Self.max : Self.min
  }
}
