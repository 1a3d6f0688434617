internal import IR

extension LinkBuilder {
  /// A convolution or transposed convolution with stored weights, of any number of groups.
  ///
  /// A convolution of one channel is dense, not depthwise. What a transposed one makes of a constant
  /// varies with the position, as its windows overlap differently, unless it has a single position.
  func convolution() -> [AxisLink] {
    guard let view = ConvolutionView(node, in: graph), let weight = constant(1),
      row.input(2) == nil || constant(2) != nil, weight.shape.count >= 3,
      !weight.shape.contains(0), let data = input(0, 1), let result = output(1),
      let weightOutput = input(1, view.isTransposed ? 1 : 0),
      let weightInput = input(1, view.isTransposed ? 0 : 1),
      extent(data) % view.groups == 0, extent(result) % view.groups == 0
    else { return [] }
    let spatial = row.input(0).flatMap { graph.shape(of: $0) }.map { Array($0[2...]) } ?? []
    let reader = LinearReader(
      weight: weight, outputAxis: weightOutput.position, inputAxis: weightInput.position,
      groups: view.groups, mayTouchPadding: view.mayTouchPadding(spatial: spatial),
      findsZeros: findsZeros)
    let link = LinearLink(
      data: data, output: result, weightInput: weightInput, weightOutput: weightOutput,
      bias: input(2, 0), reader: reader, takesBias: true, groups: view.groups,
      isTransposed: view.isTransposed)
    return alignedAxes([0], transfer: .unknown) + [.linear(link)]
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
      mayTouchPadding: false, scale: Double(view.alpha),
      biasScale: Double(view.beta), uniformBias: uniformBias, findsZeros: findsZeros)
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

  /// A matrix product: with one stored operand of rank 2 a linear operator, else a contraction.
  func matMul() -> [AxisLink] {
    if constant(1)?.shape.count == 2, constant(0) == nil { return linearMatMul(weightAt: 1) }
    if constant(0)?.shape.count == 2, constant(1) == nil { return linearMatMul(weightAt: 0) }
    return contraction()
  }

  /// A stored matrix on the right maps the last axis of the data, one on the left the last but one.
  private func linearMatMul(weightAt operand: Int) -> [AxisLink] {
    let (isRight, other) = (operand == 1, 1 - operand)
    guard let weight = constant(operand), let rank = rank(ofInput: other), rank >= 2,
      outputRank == rank, let data = input(other, isRight ? rank - 1 : rank - 2),
      let result = output(data.position), let weightInput = input(operand, isRight ? 0 : 1),
      let weightOutput = input(operand, isRight ? 1 : 0)
    else { return [] }
    let reader = LinearReader(
      weight: weight, outputAxis: weightOutput.position, inputAxis: weightInput.position,
      mayTouchPadding: false, findsZeros: findsZeros)
    let link = LinearLink(
      data: data, output: result, weightInput: weightInput, weightOutput: weightOutput, bias: nil,
      reader: reader, takesBias: false, trailingAxes: isRight ? 0 : 1)
    let others = (0..<rank).filter { $0 != data.position }
    return alignedAxes(others, transfer: .unknown, input: other) + [.linear(link)]
  }
}
