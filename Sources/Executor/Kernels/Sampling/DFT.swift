import IR

// Fourier transforms along one axis.

extension Planner {
  mutating func dft(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let form = try FourierForm(
      data.shape, axis: try fourierAxis(node), try fourierLength(node), node, in: graph)
    guard data.elementType.isFloatingPoint else {
      throw ExecutionError(.unsupported, "has no kernel for elements of type \(data.elementType)")
    }
    let wide = try cast(node, data, to: .float64)
    let info = try checked(.float64, form.result)
    guard info.count > 0 else {
      return define(node, try zeros(node, TensorInfo(data.elementType, form.result)))
    }
    let (count, transform) = (data.count, FourierTransform(length: form.length))
    let result = try step(node, reads: [wide], makes: [info]) { buffers in
      let source = buffers.read(0, as: Double.self, count: count)
      let target = buffers.make(0, as: Double.self, count: info.count)
      return { form.run(transform, source, target) }
    }[0]
    define(node, try cast(node, result, to: data.elementType))
  }

  private mutating func fourierAxis(_ node: NodeID) throws(ExecutionError) -> Int {
    guard graph.version >= 20 else { return graph.attribute(node, "axis", default: 1) ?? 1 }
    guard let operand = try optional(node, 2) else { return -2 }
    return try number(node, operand)
  }

  private mutating func fourierLength(_ node: NodeID) throws(ExecutionError) -> Int? {
    guard let operand = try optional(node, 1) else { return nil }
    return try number(node, operand)
  }

  private mutating func number(
    _ node: NodeID, _ operand: Operand
  ) throws(ExecutionError) -> Int {
    guard let number = try cast(node, operand, to: .int64).constant?.integers?.first else {
      throw ExecutionError(.invalidOperands, "its length or axis is not known")
    }
    return Int(number)
  }
}

/// The lines that are transformed.
private struct FourierForm {
  /// The number of elements that a transform is of.
  let length: Int
  /// The shape of the result.
  let result: [Int]
  private let outer: Int
  private let inner: Int
  /// Elements along the axis of the data and of the result.
  private let extents: (data: Int, result: Int)
  /// Numbers that an element of the data and of the result has: one, or two for a complex one.
  private let parts: (data: Int, result: Int)
  private let isInverse: Bool
  /// Whether the data is half of a spectrum, of which the rest is known.
  private let isHalf: Bool

  init(
    _ shape: [Int], axis stated: Int, _ asked: Int?, _ node: NodeID, in graph: Graph
  ) throws(ExecutionError) {
    let rank = shape.count
    let isOnesided = graph.attribute(node, "onesided", default: false) ?? false
    isInverse = graph.attribute(node, "inverse", default: false) ?? false
    guard rank > 1, (1...2).contains(shape[rank - 1]), (-rank..<rank).contains(stated),
      shape.allSatisfy({ $0 <= Planner.extentLimit }),
      (stated + rank) % rank != rank - 1
    else {
      throw ExecutionError(.invalidOperands, "its axis does not fit data of shape \(shape)")
    }
    let axis = (stated + rank) % rank
    isHalf = isInverse && isOnesided
    length = asked ?? (isHalf ? 2 * (shape[axis] - 1) : shape[axis])
    guard (1...Planner.extentLimit).contains(length) else {
      throw ExecutionError(.invalidOperands, "cannot transform \(length) elements")
    }
    extents = (shape[axis], isOnesided && !isInverse ? length / 2 + 1 : length)
    parts = (shape[rank - 1], isHalf ? 1 : 2)
    (outer, inner) = (shape[..<axis].product, shape[(axis + 1)..<(rank - 1)].product)
    var result = shape
    (result[axis], result[rank - 1]) = (extents.result, parts.result)
    self.result = result
  }

  func run(
    _ transform: FourierTransform, _ source: Elements<Double>, _ target: Elements<Double>
  ) {
    let factor = isInverse ? 1 / Double(length) : 1
    for line in 0..<outer * inner {
      var signal = read(source, line)
      transform.run(&signal, backwards: isInverse)
      for index in 0..<extents.result {
        let place = ((line / inner * extents.result + index) * inner + line % inner) * parts.result
        target[place] = signal.real[index] * factor
        if parts.result > 1 { target[place + 1] = signal.imaginary[index] * factor }
      }
    }
  }

  /// A line of the data, as long as the transform: cut, or with zeros behind it.
  private func read(_ source: Elements<Double>, _ line: Int) -> FourierTransform.Signal {
    var signal = FourierTransform.Signal(count: length)
    for index in 0..<min(extents.data, isHalf ? length / 2 + 1 : length) {
      let place = ((line / inner * extents.data + index) * inner + line % inner) * parts.data
      signal[index] = (source[place], parts.data > 1 ? source[place + 1] : 0)
    }
    guard isHalf else { return signal }
    // The spectrum of real numbers is its own mirror image, conjugated.
    signal.imaginary[0] = 0
    if length % 2 == 0 { signal.imaginary[length / 2] = 0 }
    for index in length / 2 + 1..<max(length, length / 2 + 1) {
      let (real, imaginary) = signal[length - index]
      signal[index] = (real, -imaginary)
    }
    return signal
  }
}
