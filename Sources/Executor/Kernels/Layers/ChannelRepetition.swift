internal import COneDNN
import IR

// Convolutions that make several channels of each.

extension Planner {
  /// A convolution that makes few channels of each channel alone, as one that makes one channel of each.
  ///
  /// oneDNN is fast at those only. What follows repeats every channel as often as filters read it:
  ///
  /// ```
  /// Conv(x: 1×32×H×W, filters: 64×1×3×3, group: 32)
  /// Conv(repeated x: 1×64×H×W, filters: 64×1×3×3, group: 64)
  /// ```
  ///
  /// - Returns: Nil if the convolution is no such one.
  mutating func depthwise(
    _ node: NodeID, _ view: ConvolutionView, _ data: Operand, _ weight: Operand
  ) throws(ExecutionError) -> (form: ConvolutionForm, data: Operand)? {
    guard graph.nodes[node].op.kind == .conv, data.constant == nil, data.shape.count > 2,
      view.groups == data.shape[1], view.groups > 1, weight.shape[1] == 1, data.count > 0,
      weight.shape[0] % view.groups == 0,
      (2...Self.repetitionLimit).contains(weight.shape[0] / view.groups)
    else { return nil }
    let wide = try repeated(node, data, by: weight.shape[0] / view.groups)
    let form = try ConvolutionForm(
      view.window, groups: weight.shape[0], data: wide.shape, weight: weight.shape)
    return (form, wide)
  }

  /// More copies cost more than they save.
  private static let repetitionLimit = 4

  /// The data with every channel `count` times in a row, channels last.
  private mutating func repeated(
    _ node: NodeID, _ data: Operand, by count: Int
  ) throws(ExecutionError) -> Operand {
    var shape = data.shape
    shape[1] *= count
    let layout = try MemoryDescriptor(channelsLast: shape)
    let info = TensorInfo(.float32, shape, .special(layout))
    if let known = rearranged[data.slot]?.first(where: { $0.info == info }) { return known }
    let source = try arranged(data, as: try MemoryDescriptor(channelsLast: data.shape))
    let total = data.count
    let result = try step(node, reads: [source], makes: [info]) { buffers in
      let source = buffers.read(0, as: Float.self, count: total)
      let target = buffers.make(0, as: Float.self, count: total * count)
      return {
        Threads.share(total, cost: count) { range in
          let row = source.part(from: range.lowerBound, range.count)
          let copies = target.part(from: range.lowerBound * count, range.count * count)
          for index in 0..<row.count {
            let element = row[index]
            for copy in 0..<count { copies[index &* count &+ copy] = element }
          }
        }
      }
    }[0]
    rearranged[data.slot, default: []].append(result)
    return result
  }
}

extension MemoryDescriptor {
  /// Floats whose channels, axis 1, lie next to each other.
  fileprivate init(channelsLast shape: [Int]) throws(ExecutionError) {
    let order = [0] + Array(2..<shape.count) + [1]
    let steps = StridedView.rowMajor(order.map { shape[$0] })
    var strides = shape.map { _ in 0 }
    for (axis, step) in zip(order, steps) { strides[axis] = step }
    try self.init(.float32, shape, strides: strides)
  }
}
