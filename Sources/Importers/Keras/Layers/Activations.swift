import IR

extension LayerTable {
  /// Layers that are functions of single elements, or of the features of one place.
  static let activations: [String: LayerRule] = [
    "Activation": LayerRule { (call) throws(ImportError) in
      try call.activated(try call.input(), by: call.config["activation"])
    },
    "ReLU": LayerRule { (call) throws(ImportError) in
      try call.rectified(
        try call.input(), maximum: call.config["max_value"]?.number,
        slope: try call.config.number("negative_slope", default: 0),
        threshold: try call.config.number("threshold", default: 0))
    },
    "LeakyReLU": LayerRule { (call) throws(ImportError) in
      let key = call.config["negative_slope"] == nil ? "alpha" : "negative_slope"
      return call.leaky(try call.input(), slope: try call.config.number(key, default: 0.3))
    },
    "ThresholdedReLU": LayerRule { (call) throws(ImportError) in
      call.map(
        .thresholdedRelu, try call.input(), [],
        [.number("alpha", try call.config.number("theta", default: 1))])
    },
    "ELU": LayerRule { (call) throws(ImportError) in
      let alpha = try call.config.number("alpha", default: 1)
      return call.map(.elu, try call.input(), [], [.number("alpha", alpha)])
    },
    "PReLU": LayerRule(
      weights: { (_) throws(ImportError) in [WeightSpec("alpha")] },
      apply: { (call) throws(ImportError) in try call.parametricRectified() }),
    "Softmax": LayerRule { (call) throws(ImportError) in
      let tensor = try call.input()
      return call.softmax(.softmax, tensor, axis: try call.axis(of: tensor))
    },
  ]
}

extension LayerTable {
  /// Functions that Keras 3 lists among the layers of a network that applies them.
  static let functions: [String: LayerRule] = [
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Silu": "silu",
    "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "Tanh": "tanh",
    "Softplus": "softplus", "Softsign": "softsign", "Selu": "selu", "Exp": "exponential",
  ].mapValues { name in
    LayerRule { (call) throws(ImportError) in
      try call.activated(try call.input(), by: .text(name))
    }
  }
}

extension Attribute {
  /// A number.
  static func number(_ name: String, _ number: Double) -> Attribute {
    Attribute(name, .float(Float(number)))
  }
}

extension LayerApplication {
  /// The tensor under the function that `value` names; as it is if that is nil.
  ///
  /// Keras writes a name, or an object that holds one.
  ///
  /// - Throws: `ImportError` if dearc does not know the function.
  func activated(
    _ tensor: KerasTensor, by value: ConfigValue?
  ) throws(ImportError) -> KerasTensor {
    guard let value else { return tensor }
    guard value["module"]?.text != "builtins" else {
      throw config.unsupported(
        "its activation '\(value["config"]?.text ?? "")' is a function of one's own, which is Python code"
      )
    }
    if let result = try activated(tensor, byLayer: value) { return result }
    guard let name = value.text ?? value["config"]?.text ?? value["class_name"]?.text else {
      throw config.malformed("'activation' is \(value.summary), expected the name of a function")
    }
    guard let function = Self.functions[name] else {
      throw config.unsupported("dearc does not know the activation '\(name)'")
    }
    return function(self, tensor)
  }

  /// The tensor under a layer that serves as a function, if `value` is one.
  private func activated(
    _ tensor: KerasTensor, byLayer value: ConfigValue
  ) throws(ImportError) -> KerasTensor? {
    guard let className = value["class_name"]?.text, let rule = LayerTable.activations[className]
    else { return nil }
    let inner = LayerConfig(
      path: config.path, className: className, values: value["config"] ?? .object([]))
    guard try rule.weights(inner).isEmpty else { return nil }
    let application = LayerApplication(
      config: inner, operands: [.tensor(tensor)], keywords: [], version: version,
      assembly: assembly)
    let result = try rule.apply(application)
    try inner.requireAllKnown()
    return result
  }

  private typealias Function = @Sendable (LayerApplication, KerasTensor) -> KerasTensor

  private static func plainly(_ kind: OperatorKind) -> Function {
    { call, tensor in call.map(kind, tensor) }
  }

  private static let functions: [String: Function] = [
    "linear": { _, tensor in tensor },
    "relu": plainly(.relu),
    "relu6": { call, tensor in call.clipped(tensor, 0, 6) },
    "sigmoid": plainly(.sigmoid),
    "hard_sigmoid": { call, tensor in call.hardSigmoid(tensor) },
    "tanh": plainly(.tanh),
    "hard_tanh": { call, tensor in call.clipped(tensor, -1, 1) },
    "softmax": { call, tensor in call.softmax(.softmax, tensor, axis: tensor.rank - 1) },
    "log_softmax": { call, tensor in call.softmax(.logSoftmax, tensor, axis: tensor.rank - 1) },
    "softplus": plainly(.softplus),
    "softsign": plainly(.softsign),
    "elu": plainly(.elu),
    "selu": plainly(.selu),
    "celu": plainly(.celu),
    "exponential": plainly(.exp),
    "leaky_relu": { call, tensor in call.leaky(tensor, slope: 0.2) },
    "swish": { call, tensor in call.swish(tensor) },
    "silu": { call, tensor in call.swish(tensor) },
    "hard_swish": plainly(.hardSwish),
    "hard_silu": plainly(.hardSwish),
    "gelu": { call, tensor in call.gelu(tensor) },
    "mish": { call, tensor in
      call.map(.mul, tensor, [call.map(.tanh, call.map(.softplus, tensor)).value])
    },
  ]

  /// The tensor between two numbers.
  func clipped(_ tensor: KerasTensor, _ least: Double?, _ most: Double?) -> KerasTensor {
    map(.clip, tensor, [least.map { scalar($0, "least") }, most.map { scalar($0, "most") }])
  }

  /// The tensor with what is below zero times `slope`.
  func leaky(_ tensor: KerasTensor, slope: Double) -> KerasTensor {
    map(.leakyRelu, tensor, [], [.number("alpha", slope)])
  }

  /// Exponentials along Keras's axis `axis`, as shares of their sum or its logarithms.
  func softmax(_ kind: OperatorKind, _ tensor: KerasTensor, axis: Int) -> KerasTensor {
    map(kind, tensor, [], [Attribute("axis", .int(Int64(tensor.place(of: axis))))])
  }

  /// Keras 3 changed the slope from 1/5 to 1/6.
  private func hardSigmoid(_ tensor: KerasTensor) -> KerasTensor {
    let slope = version.major < 3 ? 0.2 : 1.0 / 6
    return map(.hardSigmoid, tensor, [], [.number("alpha", slope), .number("beta", 0.5)])
  }

  private func swish(_ tensor: KerasTensor) -> KerasTensor {
    map(.mul, tensor, [map(.sigmoid, tensor).value])
  }

  /// `x · (1 + erf(x / √2)) / 2`, which is no operator before operator set 20.
  private func gelu(_ tensor: KerasTensor) -> KerasTensor {
    let scaled = map(.mul, tensor, [scalar(0.5.squareRoot(), "root")])
    let share = map(.add, map(.erf, scaled), [scalar(1, "one")])
    return map(.mul, map(.mul, tensor, [share.value]), [scalar(0.5, "half")])
  }

  /// Keras's general rectifier: `slope · (x − threshold)` below the threshold, at most `maximum`.
  func rectified(
    _ tensor: KerasTensor, maximum: Double?, slope: Double, threshold: Double
  ) throws(ImportError) -> KerasTensor {
    if threshold == 0 && slope == 0 {
      return maximum.map { clipped(tensor, 0, $0) } ?? map(.relu, tensor)
    }
    var result: KerasTensor
    if threshold == 0 {
      result = leaky(tensor, slope: slope)
    } else {
      let level = scalar(threshold, "threshold")
      let below = map(.mul, map(.sub, tensor, [level]), [scalar(slope, "slope")])
      let isAbove = map(.greaterOrEqual, tensor, [level])
      result = map(.where, isAbove, [tensor.value, below.value])
    }
    if let maximum { result = clipped(result, nil, maximum) }
    return result
  }

  /// `alpha` has an extent for each axis but the batch; 1 for those that share.
  fileprivate func parametricRectified() throws(ImportError) -> KerasTensor {
    let tensor = plainFeatures(of: try input())
    let shared = try config.integers("shared_axes", default: [])
    var extents: [Int] = []
    for axis in 1..<max(tensor.rank, 1) {
      extents.append(shared.contains(axis) ? 1 : try extent(of: axis, in: tensor))
    }
    let alpha = stored("alpha", extents).transposed(tensor.order.dropFirst().map { $0 - 1 })
    return map(.prelu, tensor, [try assembly.constant(alpha)])
  }
}
