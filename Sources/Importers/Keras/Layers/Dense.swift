import IR

extension LayerTable {
  /// Layers that mix features by a matrix.
  static let dense: [String: LayerRule] = [
    "Dense": LayerRule(
      weights: { (config) throws(ImportError) in try weights(["kernel"], config) },
      apply: { (call) throws(ImportError) in
        try call.activated(try call.mixed(try call.input()), by: call.config["activation"])
      }),
    "MultiHeadAttention": LayerRule(
      weights: { (config) throws(ImportError) in
        var specs: [WeightSpec] = []
        for part in ["query", "key", "value", "attention_output"] {
          specs += try weights(["kernel"], config).map {
            WeightSpec($0.name, part: part == "attention_output" ? "output_dense" : part + "_dense")
          }
        }
        return specs
      },
      keywords: ["query", "value", "key"], heedsTraining: true,
      apply: { (call) throws(ImportError) in try call.attended() }),
  ]
}

extension LayerApplication {
  /// The last axis times the kernel, plus the bias.
  fileprivate func mixed(_ tensor: KerasTensor) throws(ImportError) -> KerasTensor {
    guard tensor.rank >= 2 else {
      throw config.malformed(
        "it reads a tensor of the extents \(KerasTensor.text(of: tensor.shape))")
    }
    let (inputs, units) = (try extent(of: tensor.rank - 1, in: tensor), try config.count("units"))
    let tensor = tensor.rank == 2 ? tensor : plain(tensor)
    let kernel = try assembly.constant(
      stored("kernel", [inputs, units]).permutingRows(tensor.features))
    let bias =
      try config.flag("use_bias", default: true) ? try weight("bias", [units]) : nil
    let shape: [Int?] = tensor.shape.dropLast() + [units]
    if let bias, tensor.rank == 2 {
      return KerasTensor(insert(.gemm, [tensor.value, kernel, bias]), shape)
    }
    let product = KerasTensor(insert(.matMul, [tensor.value, kernel]), shape)
    return bias.map { map(.add, product, [$0]) } ?? product
  }

  // MARK: Attention

  /// Scaled dot products of queries and keys weigh the values, in each head by itself.
  ///
  /// Keras keeps the kernels with an axis for heads and one for their width, which are one axis here.
  fileprivate func attended() throws(ImportError) -> KerasTensor {
    let (query, key, value) = try attentionOperands()
    let heads = try config.count("num_heads")
    let width = try config.count("key_dim")
    let valueWidth = config["value_dim"] == nil ? width : try config.count("value_dim")
    let features = try attentionWidth(query)
    let queries = try headwise(query, "query_dense", heads, width, order: [0, 2, 1, 3])
    let keys = try headwise(key, "key_dense", heads, width, order: [0, 2, 3, 1])
    let values = try headwise(value, "value_dense", heads, valueWidth, order: [0, 2, 1, 3])
    let scale = scalar(1 / Double(width).squareRoot(), "scale")
    let scores = insert(.matMul, [insert(.mul, [queries, scale]), keys])
    let weights = insert(.softmax, [scores], [Attribute("axis", .int(-1))])
    let merged = insert(
      .transpose, [insert(.matMul, [weights, values])], [Attribute("perm", .ints([0, 2, 1, 3]))])
    let joined = insert(.reshape, [merged, integers([0, 0, heads * valueWidth])])
    let kernel = stored("output_dense/kernel", [heads, valueWidth, features])
      .reshaped([heads * valueWidth, features])
    let shape: [Int?] = query.shape.dropLast() + [features]
    let result = KerasTensor(insert(.matMul, [joined, try assembly.constant(kernel)]), shape)
    guard try config.flag("use_bias", default: true) else { return result }
    return map(.add, result, [try weight("output_dense/bias", [features])])
  }

  /// Query, key and value, each with a batch, places and features; the value serves as key if none is given.
  private func attentionOperands() throws(ImportError) -> (KerasTensor, KerasTensor, KerasTensor) {
    guard try config.integers("attention_axes", default: [1]) == [1], operands.count <= 3 else {
      throw config.unsupported("attention along other axes, or with a mask, is not known to dearc")
    }
    var named: [String: KerasTensor] = [:]
    for (name, tensor) in zip(["query", "value", "key"], operands.map(\.tensors.first)) {
      named[name] = tensor
    }
    for (name, operand) in keywords {
      if case .tensor(let tensor) = operand { named[name] = tensor }
    }
    guard let query = named["query"], let value = named["value"] else {
      throw config.malformed("it reads no query and value")
    }
    let all = [query, named["key"] ?? value, value]
    guard all.allSatisfy({ $0.rank == 3 }) else {
      throw config.unsupported("it reads tensors of other than 3 axes")
    }
    return (plain(all[0]), plain(all[1]), plain(all[2]))
  }

  private func attentionWidth(_ query: KerasTensor) throws(ImportError) -> Int {
    guard let stated = config["output_shape"] else { return try extent(of: 2, in: query) }
    guard let width = stated.integer ?? (stated.list?.count == 1 ? stated.list?[0].integer : nil),
      1...LayerConfig.extentLimit ~= width
    else { throw config.unsupported("'output_shape' is \(stated.summary), expected one extent") }
    return width
  }

  /// The projection of `tensor` by the kernel of `part`, with its heads apart and its axes in `order`.
  private func headwise(
    _ tensor: KerasTensor, _ part: String, _ heads: Int, _ width: Int, order: [Int64]
  ) throws(ImportError) -> ValueID {
    let features = try extent(of: 2, in: tensor)
    let (all, isTooLarge) = heads.multipliedReportingOverflow(by: width)
    guard !isTooLarge, all <= LayerConfig.extentLimit else {
      throw config.malformed("it has \(heads) heads of \(width) features")
    }
    let kernel = stored("\(part)/kernel", [features, heads, width]).reshaped([features, all])
    var value = insert(.matMul, [tensor.value, try assembly.constant(kernel)])
    if try config.flag("use_bias", default: true) {
      let bias = stored("\(part)/bias", [heads, width]).reshaped([all])
      value = insert(.add, [value, try assembly.constant(bias)])
    }
    let apart = insert(.reshape, [value, integers([0, 0, heads, width])])
    return insert(.transpose, [apart], [Attribute("perm", .ints(order))])
  }
}
