import IR

extension Planner {
  /// A normalisation by the statistics of the tensor itself, as in training.
  ///
  /// Exporters write standardised weights so: of stored weights it is computed before anything runs.
  mutating func batchNormalizationInTraining(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let epsilon = graph.attribute(node, "epsilon", default: Float(1e-5)),
      let momentum = graph.attribute(node, "momentum", default: Float(0.9)), data.shape.count >= 2,
      graph.version >= 14, graph.nodes[node].outputs.count <= 3

    else { throw ExecutionError(.unsupported, "runs only as in inference") }
    let (batch, channels) = (data.shape[0], data.shape[1])
    let inner = data.shape[2...].product
    var reads = [try cast(node, data, to: .float64)]
    for index in 1...4 {
      let factor = try cast(node, try plain(node, index), to: .float64)
      guard factor.count == channels else {
        throw ExecutionError(.invalidOperands, "its statistics are not of \(channels) channels")
      }
      reads.append(factor)
    }
    let row = TensorInfo(.float64, [channels])
    let form = BatchForm(
      batch: batch, channels: channels, inner: inner, epsilon: Double(epsilon),
      momentum: Double(momentum))
    let infos = [TensorInfo(.float64, data.shape), row, row]
    let results = try step(node, reads: reads, makes: infos) { buffers in { form.run(buffers) } }
    for (index, result) in results.enumerated() where graph.nodes[node].output(index) != nil {
      define(node, index, try cast(node, result, to: data.elementType))
    }
  }
}

/// A normalisation of the channels of a tensor by their own statistics.
private struct BatchForm {
  let batch: Int
  let channels: Int
  let inner: Int
  let epsilon: Double
  let momentum: Double

  func run(_ buffers: Buffers) {
    let count = batch * channels * inner
    let data = buffers.read(0, as: Double.self, count: count)
    let factors = (1...4).map { buffers.read($0, as: Double.self, count: channels) }
    let result = buffers.make(0, as: Double.self, count: count)
    let running = (1...2).map { buffers.make($0, as: Double.self, count: channels) }
    for channel in 0..<channels {
      let (mean, variance) = statistics(of: channel, data)
      let scale = factors[0][channel] / (variance + epsilon).squareRoot()
      for place in places(of: channel) {
        result[place] = (data[place] - mean) * scale + factors[1][channel]
      }
      running[0][channel] = factors[2][channel] * momentum + mean * (1 - momentum)
      running[1][channel] = factors[3][channel] * momentum + variance * (1 - momentum)
    }
  }

  private func places(of channel: Int) -> [Int] {
    (0..<batch).flatMap { item in
      (0..<inner).map { (item * channels + channel) * inner + $0 }
    }
  }

  private func statistics(of channel: Int, _ data: Elements<Double>) -> (Double, Double) {
    let places = places(of: channel)
    let mean = places.reduce(0) { $0 + data[$1] } / Double(max(places.count, 1))
    let squares = places.reduce(0) { $0 + (data[$1] - mean) * (data[$1] - mean) }
    return (mean, squares / Double(max(places.count, 1)))
  }
}
