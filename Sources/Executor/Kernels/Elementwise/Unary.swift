internal import COneDNN
internal import Glibc
import IR

// Functions of one element.

extension Planner {
  mutating func unary(_ node: NodeID) throws(ExecutionError) {
    guard let kind = graph.nodes[node].op.kind else { return }
    let data = try operand(node, 0)
    if data.elementType == .float32, data.count > 0, !data.shape.isEmpty,
      data.shape.count <= 6, let function = activation(node) ?? Self.function(kind)
    {
      return define(node, try apply(function, to: data))
    }
    if kind == .relu || kind == .abs || kind == .neg || kind == .sign, data.elementType.isInteger {
      return define(node, try wholeFunction(node, kind, data))
    }
    guard data.elementType.isFloatingPoint else {
      if Self.roundings.contains(kind) { return define(node, data) }
      throw ExecutionError(.unsupported, "has no function of elements of type \(data.elementType)")
    }
    let function = try floatFunction(node, kind)
    if data.elementType == .float64 {
      define(node, try map(node, data, Double.self, .float64, function))
    } else {
      let single = try cast(node, data, to: .float32)
      let result = try map(node, single, Float.self, .float32) { Float(function(Double($0))) }
      define(node, try cast(node, result, to: data.elementType))
    }
  }

  private static let roundings: [OperatorKind] = [.ceil, .floor, .round]

  /// Functions without parameters that oneDNN computes closely enough.
  private static func function(_ kind: OperatorKind) -> Activation? {
    switch kind {
    case .abs: Activation(algorithm: dnnl_eltwise_abs)
    case .sqrt: Activation(algorithm: dnnl_eltwise_sqrt)
    case .mish: Activation(algorithm: dnnl_eltwise_mish)
    case .neg: Activation(algorithm: dnnl_eltwise_linear, alpha: -1)
    default: nil
    }
  }

  /// Applies a function of oneDNN's, whatever the layout.
  mutating func apply(_ function: Activation, to data: Operand) throws(ExecutionError) -> Operand {
    let layout = try data.info.descriptor
    let attributes = try PrimitiveAttributes()
    var raw = layout.raw
    var description = dnnl_eltwise_desc_t()
    try unsafe dnnl_eltwise_forward_desc_init(
      &description, dnnl_forward_inference, function.algorithm, &raw, function.alpha, function.beta
    ).check("apply a function")
    let engine = unsafe Library.shared.engine
    let primitive = try unsafe Primitive("apply a function") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
    return try step(
      primitive, reads: [(DNNL_ARG_SRC_0, data, layout)], makes: data.info, layout)
  }

  /// Applies `function` to every element.
  ///
  /// The loop is made where the function is stated, so that the compiler sees both.
  @inline(__always)
  mutating func map<Element: BitwiseCopyable, Result: BitwiseCopyable>(
    _ node: NodeID, _ operand: Operand, _ type: Element.Type, _ result: ElementType,
    _ function: @escaping (Element) -> Result
  ) throws(ExecutionError) -> Operand {
    try map(node, operand, result) { (source: Elements<Element>, target: Elements<Result>) in
      for index in 0..<target.count { target[index] = function(source[index]) }
    }
  }

  /// Does `work` on the elements of `operand`, on several parts of them at a time.
  private mutating func map<Element: BitwiseCopyable, Result: BitwiseCopyable>(
    _ node: NodeID, _ operand: Operand, _ result: ElementType,
    _ work: @escaping (Elements<Element>, Elements<Result>) -> Void
  ) throws(ExecutionError) -> Operand {
    let data = try plain(operand)
    let count = data.count
    return try step(node, reads: [data], makes: [TensorInfo(result, data.shape)]) { buffers in
      let source = buffers.read(0, as: Element.self, count: count)
      let target = buffers.make(0, as: Result.self, count: count)
      return {
        Threads.share(count) { range in
          let (start, count) = (range.lowerBound, range.count)
          work(source.part(from: start, count), target.part(from: start, count))
        }
      }
    }[0]
  }

  private mutating func wholeFunction(
    _ node: NodeID, _ kind: OperatorKind, _ data: Operand
  ) throws(ExecutionError) -> Operand {
    let wide = try cast(node, data, to: .int64)
    let result = try map(node, wide, Int64.self, .int64) { element -> Int64 in
      switch kind {
      case .relu: max(element, 0)
      case .abs: element < 0 ? 0 &- element : element
      case .neg: 0 &- element
      default: element.signum()
      }
    }
    return try cast(node, result, to: data.elementType)
  }

  private func floatFunction(
    _ node: NodeID, _ kind: OperatorKind
  ) throws(ExecutionError) -> (Double) -> Double {
    switch kind {
    case .acos: return acos
    case .acosh: return acosh
    case .asin: return asin
    case .asinh: return asinh
    case .atan: return atan
    case .atanh: return atanh
    case .cos: return cos
    case .cosh: return cosh
    case .sin: return sin
    case .sinh: return sinh
    case .tan: return tan
    case .tanh: return tanh
    case .exp: return exp
    case .log: return log
    case .erf: return erf
    case .abs: return { abs($0) }
    case .sqrt: return { $0.squareRoot() }
    case .ceil: return { $0.rounded(.up) }
    case .floor: return { $0.rounded(.down) }
    case .round: return { $0.rounded(.toNearestOrEven) }
    case .neg: return { -$0 }
    case .reciprocal: return { 1 / $0 }
    case .sign: return { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
    case .relu: return { $0.isNaN ? $0 : max($0, 0) }
    case .sigmoid: return { 1 / (1 + exp(-$0)) }
    case .softplus: return { max($0, 0) + log1p(exp(-abs($0))) }
    case .softsign: return { $0 / (1 + abs($0)) }
    case .mish: return { $0 * tanh(max($0, 0) + log1p(exp(-abs($0)))) }
    case .hardSwish: return { $0 * min(max($0 / 6 + 0.5, 0), 1) }
    default: return try parameterized(node, kind)
    }
  }

  /// Functions with parameters.
  private func parameterized(
    _ node: NodeID, _ kind: OperatorKind
  ) throws(ExecutionError) -> (Double) -> Double {
    func number(_ name: String, _ fallback: Float) -> Double {
      Double(graph.attribute(node, name, default: fallback) ?? fallback)
    }
    switch kind {
    case .leakyRelu:
      let slope = number("alpha", 0.01)
      return { $0 < 0 ? slope * $0 : $0 }
    case .thresholdedRelu:
      let bound = number("alpha", 1)
      return { $0 > bound ? $0 : 0 }
    case .elu:
      let scale = number("alpha", 1)
      return { $0 < 0 ? scale * expm1($0) : $0 }
    case .celu:
      let scale = number("alpha", 1)
      return { max($0, 0) + min(0, scale * expm1($0 / scale)) }
    case .selu:
      let (alpha, gamma) = (number("alpha", 1.67326319), number("gamma", 1.05070102))
      return { gamma * ($0 > 0 ? $0 : alpha * expm1($0)) }
    case .hardSigmoid:
      let (alpha, beta) = (number("alpha", 0.2), number("beta", 0.5))
      return { min(max(alpha * $0 + beta, 0), 1) }
    case .shrink:
      let (bound, bias) = (number("lambd", 0.5), number("bias", 0))
      return { $0 < -bound ? $0 + bias : $0 > bound ? $0 - bias : 0 }
    case .swish:
      let slope = number("alpha", 1)
      return { $0 / (1 + exp(-slope * $0)) }
    case .gelu:
      if graph.attribute(node, "approximate", default: "none") == "tanh" {
        return { 0.5 * $0 * (1 + tanh(0.7978845608028654 * ($0 + 0.044715 * $0 * $0 * $0))) }
      }
      return { 0.5 * $0 * (1 + erf($0 * 0.7071067811865476)) }
    default: throw ExecutionError(.unsupported, "has no kernel")
    }
  }

  /// Tests of floats, and negations.
  mutating func test(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    switch graph.nodes[node].op.kind {
    case .not:
      define(node, try map(node, data, UInt8.self, .bool) { UInt8($0 == 0 ? 1 : 0) })
    case .isNaN:
      let wide = try cast(node, data, to: .float64)
      define(node, try map(node, wide, Double.self, .bool) { UInt8($0.isNaN ? 1 : 0) })
    case .isInf:
      let wide = try cast(node, data, to: .float64)
      let takesPositive = graph.attribute(node, "detect_positive", default: true) ?? true
      let takesNegative = graph.attribute(node, "detect_negative", default: true) ?? true
      define(
        node,
        try map(node, wide, Double.self, .bool) { element -> UInt8 in
          element.isInfinite && (element > 0 ? takesPositive : takesNegative) ? 1 : 0
        })
    default:
      let wide = try cast(node, data, to: .int64)
      let result = try map(node, wide, Int64.self, .int64) { ~$0 }
      define(node, try cast(node, result, to: data.elementType))
    }
  }

  mutating func clip(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    guard let bounds = ClipView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its bounds are not known")
    }
    if data.elementType == .float32, data.count > 0, !data.shape.isEmpty, data.shape.count <= 6,
      let function = activation(node)
    {
      return define(node, try apply(function, to: data))
    }
    if data.elementType.isFloatingPoint {
      let (low, high) = (bounds.minimum ?? -.infinity, bounds.maximum ?? .infinity)
      let wide = try cast(node, data, to: .float64)
      let result = try map(node, wide, Double.self, .float64) {
        $0.isNaN ? $0 : min(max($0, low), high)
      }
      return define(node, try cast(node, result, to: data.elementType))
    }
    let low = try wholeBound(node, 1, "min") ?? .min
    let high = try wholeBound(node, 2, "max") ?? .max
    let wide = try cast(node, data, to: .int64)
    let result = try map(node, wide, Int64.self, .int64) { min(max($0, low), high) }
    define(node, try cast(node, result, to: data.elementType))
  }

  private mutating func wholeBound(
    _ node: NodeID, _ index: Int, _ name: String
  ) throws(ExecutionError) -> Int64? {
    guard let operand = try optional(node, index) else { return nil }
    return try cast(node, operand, to: .int64).constant?.integers?.first
  }
}
