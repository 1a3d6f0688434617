internal import IR

extension LinkBuilder {
  /// A dense or depthwise convolution with stored weights.
  ///
  /// Other group counts are barriers. A convolution of one channel is dense, not depthwise.
  func convolution() -> [AxisLink] {
    guard let view = ConvolutionView(node, in: graph), let weight = constant(1),
      row.input(2) == nil || constant(2) != nil, weight.shape.count >= 3,
      let data = input(0, 1), let result = output(1), let weightOutput = input(1, 0)
    else { return [] }
    let spatial = row.input(0).flatMap { graph.shape(of: $0) }.map { Array($0[2...]) } ?? []
    let isDepthwise = view.groups > 1 && view.groups == extent(data) && weight.shape[1] == 1
    guard view.groups == 1 || isDepthwise, weight.shape[0] > 0, extent(result) == weight.shape[0],
      weight.shape[0] % view.groups == 0, weight.shape[1] * view.groups == extent(data)
    else { return [] }
    let multiplier = weight.shape[0] / view.groups
    let reader = LinearReader(
      weight: weight, outputAxis: 0, inputAxis: isDepthwise ? nil : 1,
      outputsPerInput: isDepthwise ? multiplier : 1,
      mayTouchPadding: view.mayTouchPadding(spatial: spatial), canAbsorb: !isDepthwise)
    let link = LinearLink(
      data: data, output: result, weightInput: isDepthwise ? nil : input(1, 1),
      weightOutput: weightOutput, bias: input(2, 0), reader: reader, takesBias: true)
    let batch = alignedAxes([0], transfer: .unknown)
    return batch + [isDepthwise ? .depthwise(link, multiplier: multiplier) : .linear(link)]
  }

  /// A general matrix product with stored second operand, whose bias has one entry per output, or
  /// one for all.
  func gemm() -> [AxisLink] {
    guard let view = GemmView(node, in: graph), let weight = constant(1), weight.shape.count == 2,
      let data = input(0, view.transA ? 0 : 1), let result = output(1),
      let weightInput = input(1, view.transB ? 1 : 0),
      let weightOutput = input(1, view.transB ? 0 : 1)
    else { return [] }
    let bias = gemmBias(outputs: extent(result))
    guard let uniformBias = bias == nil ? uniformGemmBias : 0 else { return [] }
    let reader = LinearReader(
      weight: weight, outputAxis: view.transB ? 0 : 1, inputAxis: view.transB ? 1 : 0,
      mayTouchPadding: false, canAbsorb: true, scale: Double(view.alpha),
      biasScale: Double(view.beta), uniformBias: uniformBias)
    let link = LinearLink(
      data: data, output: result, weightInput: weightInput, weightOutput: weightOutput,
      bias: bias, reader: reader, takesBias: true)
    return [.linear(link)]
  }

  /// The axis of a stored bias that has one entry per output.
  private func gemmBias(outputs: Int) -> Place? {
    guard let shape = constant(2)?.shape, shape == [outputs] || shape == [1, outputs] else {
      return nil
    }
    return input(2, shape.count - 1)
  }

  /// The number that every output gets; nil if they get different ones.
  private var uniformGemmBias: Double? {
    guard row.input(2) != nil else { return 0 }
    return constant(2).flatMap { $0.count == 1 ? $0.uniformFact.value : nil }
  }

  /// A matrix product with stored second operand of rank 2.
  func matMul() -> [AxisLink] {
    guard let weight = constant(1), weight.shape.count == 2, let rank = rank(ofInput: 0), rank >= 2,
      outputRank == rank, let data = input(0, rank - 1), let result = output(rank - 1),
      let weightInput = input(1, 0), let weightOutput = input(1, 1)
    else { return [] }
    let reader = LinearReader(
      weight: weight, outputAxis: 1, inputAxis: 0, mayTouchPadding: false, canAbsorb: true)
    let link = LinearLink(
      data: data, output: result, weightInput: weightInput, weightOutput: weightOutput, bias: nil,
      reader: reader, takesBias: false)
    return alignedAxes(0..<rank - 1, transfer: .unknown) + [.linear(link)]
  }

  /// A mean or sum over an axis; over other axes it keeps constants as they are.
  func reduction(_ kind: OperatorKind) -> [AxisLink] {
    guard let view = ReductionView(node, in: graph), let rank = rank(ofInput: 0) else { return [] }
    let axes = view.axes ?? Array(0..<rank)
    return kept(axes, rank: rank, keepDims: view.keepDims, kind: kind)
      + averaged(axes, kind: kind)
  }

  /// A mean over one axis of slots can leave slots out; the others must be reduced as they are.
  private func averaged(_ axes: [Int], kind: OperatorKind) -> [AxisLink] {
    guard kind == .reduceMean || kind == .reduceSum,
      row.input(0).map({ graph.values[$0].elementType == .float32 }) ?? false
    else { return [] }
    guard axes.count == 1 else { return [] }
    return axes.compactMap { input(0, $0) }.map {
      .averaged(data: $0, isSum: kind == .reduceSum)
    }
  }

  private func kept(_ axes: [Int], rank: Int, keepDims: Bool, kind: OperatorKind) -> [AxisLink] {
    var position = 0
    var links: [AxisLink] = []
    for axis in 0..<rank {
      if axes.contains(axis) {
        if keepDims { position += 1 }
        continue
      }
      if let data = input(0, axis), let result = output(position), extent(data) == extent(result) {
        links.append(
          .aligned(
            AlignedLink(
              output: result, inputs: [data], transfer: kind == .reduceSum ? .unknown : .averaging))
        )
      }
      position += 1
    }
    return links
  }
}
