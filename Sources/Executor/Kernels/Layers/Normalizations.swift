internal import COneDNN
internal import Glibc
import IR

// Normalisations.

extension Planner {
  /// A scale and a shift for each channel, which are made of stored statistics once.
  mutating func batchNormalization(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    guard let view = BatchNormalizationView(node, in: graph), data.shape.count >= 1 else {
      throw ExecutionError(.invalidOperands, "its attributes do not describe a normalisation")
    }
    guard view.isInference else { return try batchNormalizationInTraining(node) }
    let channels = data.shape.count > 1 ? data.shape[1] : 1
    var parts: [Operand] = []
    for value in [view.scale, view.bias, view.mean, view.variance] {
      parts.append(try cast(node, try plain(try operand(value)), to: .float64))
    }
    guard parts.allSatisfy({ $0.count == channels }) else {
      throw ExecutionError(.invalidOperands, "its statistics are not of \(channels) channels")
    }
    let epsilon = Double(view.epsilon)
    let shape = [channels] + Array(repeating: 1, count: max(data.shape.count - 2, 0))
    let infos = [TensorInfo(.float64, shape), TensorInfo(.float64, shape)]
    let factors = try step(node, reads: parts, makes: infos) { buffers in
      let all = (0..<4).map { buffers.read($0, as: Double.self, count: channels) }
      let scales = buffers.make(0, as: Double.self, count: channels)
      let shifts = buffers.make(1, as: Double.self, count: channels)
      return {
        for channel in 0..<channels {
          let scale = all[0][channel] / (all[3][channel] + epsilon).squareRoot()
          scales[channel] = scale
          shifts[channel] = all[1][channel] - all[2][channel] * scale
        }
      }
    }
    let type: ElementType = data.elementType == .float64 ? .float64 : .float32
    let wide = try cast(node, data, to: type)
    let (scale, shift) = (
      try cast(node, factors[0], to: type), try cast(node, factors[1], to: type)
    )
    let product = try joined(node, .mul, wide, scale)
    let sum = try joined(node, .add, product, shift)
    define(node, try cast(node, sum, to: data.elementType))
  }

  /// The sum or product of two tensors, without taking up what follows.
  mutating func joined(
    _ node: NodeID, _ kind: OperatorKind, _ left: Operand, _ right: Operand
  ) throws(ExecutionError) -> Operand {
    if left.elementType == .float64 {
      return kind == .mul
        ? try pairwise(node, left, right, Double.self, .float64) { $0 * $1 }
        : try pairwise(node, left, right, Double.self, .float64) { $0 + $1 }
    }
    return kind == .mul
      ? try pairwise(node, left, right, Float.self, .float32) { $0 * $1 }
      : try pairwise(node, left, right, Float.self, .float32) { $0 + $1 }
  }

  mutating func layerNormalization(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let axis = graph.attribute(node, "axis", default: -1),
      let epsilon = graph.attribute(node, "epsilon", default: Float(1e-5)),
      (-data.shape.count..<data.shape.count).contains(axis)
    else {
      throw ExecutionError(.invalidOperands, "its axis does not fit data of shape \(data.shape)")
    }
    let first = axis < 0 ? axis + data.shape.count : axis
    let (rows, width) = (data.shape[..<first].product, data.shape[first...].product)
    let type = data.elementType
    let single = try cast(node, data, to: type == .float64 ? .float64 : .float32)
    let isRoot = graph.nodes[node].op.kind == .rmsNormalization
    let scale = try optional(node, 1).map { each throws(ExecutionError) in
      try cast(node, try plain(each), to: .float32)
    }
    let shift = try optional(node, 2).map { each throws(ExecutionError) in
      try cast(node, try plain(each), to: .float32)
    }
    let statistics = data.shape[..<first] + Array(repeating: 1, count: data.shape.count - first)
    let wantsStatistics = graph.nodes[node].outputs.count > 1
    if single.elementType == .float32, !isRoot, !wantsStatistics, let scale, scale.count == width,
      rows > 0, width > 0,
      shift.map({ $0.count == width }) ?? true
    {
      return define(
        node, try cast(node, try normalized(single, scale, shift, rows, width, epsilon), to: type))
    }
    let results = try normalized(
      node, single, scale, shift, (rows, width), Double(epsilon), isRoot: isRoot, Array(statistics))
    define(node, 0, try cast(node, results[0], to: type))
    if graph.nodes[node].outputs.count > 1 { define(node, 1, results[1]) }
    if graph.nodes[node].outputs.count > 2 { define(node, 2, results[2]) }
  }

  private mutating func normalized(
    _ data: Operand, _ scale: Operand, _ shift: Operand?, _ rows: Int, _ width: Int,
    _ epsilon: Float
  ) throws(ExecutionError) -> Operand {
    let attributes = try PrimitiveAttributes()
    let layout = try MemoryDescriptor(plain: .float32, [rows, width])
    let statistics = try MemoryDescriptor(plain: .float32, [rows])
    var (first, second) = (layout.raw, statistics.raw)
    let flags = dnnl_use_scale.rawValue | (shift == nil ? 0 : dnnl_use_shift.rawValue)
    var description = dnnl_layer_normalization_desc_t()
    try unsafe dnnl_layer_normalization_forward_desc_init(
      &description, dnnl_forward_inference, &first, &second, epsilon, flags
    ).check("normalise")
    let engine = unsafe Library.shared.engine
    let primitive = try unsafe Primitive("normalise") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
    let row = try MemoryDescriptor(plain: .float32, [width])
    var reads = [(DNNL_ARG_SRC_0, data, layout), (DNNL_ARG_SCALE, scale, row)]
    if let shift { reads.append((DNNL_ARG_SHIFT, shift, row)) }
    return try step(primitive, reads: reads, makes: data.info, layout)
  }

  /// In double precision, with the mean and the deviation's inverse as further results.
  private mutating func normalized(
    _ node: NodeID, _ data: Operand, _ scale: Operand?, _ shift: Operand?,
    _ extents: (rows: Int, width: Int), _ epsilon: Double, isRoot: Bool, _ statistics: [Int]
  ) throws(ExecutionError) -> [Operand] {
    let wide = try cast(node, data, to: .float64)
    let (rows, width) = extents
    let infos = [
      TensorInfo(.float64, data.shape), TensorInfo(.float64, statistics),
      TensorInfo(.float64, statistics),
    ]
    let parts = try step(node, reads: [wide], makes: infos) { buffers in
      let source = buffers.read(0, as: Double.self, count: rows * width)
      let target = buffers.make(0, as: Double.self, count: rows * width)
      let means = buffers.make(1, as: Double.self, count: rows)
      let inverses = buffers.make(2, as: Double.self, count: rows)
      return {
        for row in 0..<rows {
          let elements = source.array(from: row * width, width)
          let mean = isRoot ? 0 : elements.reduce(0, +) / Double(width)
          let variance = elements.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
          let inverse = 1 / (variance + epsilon).squareRoot()
          (means[row], inverses[row]) = (mean, inverse)
          for column in 0..<width {
            target[row * width + column] = (source[row * width + column] - mean) * inverse
          }
        }
      }
    }
    var result = parts[0]
    if let scale { result = try joined(node, .mul, result, try cast(node, scale, to: .float64)) }
    if let shift { result = try joined(node, .add, result, try cast(node, shift, to: .float64)) }
    let type = data.elementType
    return [
      try cast(node, result, to: type), try cast(node, parts[1], to: .float32),
      try cast(node, parts[2], to: .float32),
    ]
  }

  /// Normalises every channel, or group of channels, of every picture.
  mutating func instanceNormalization(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard data.shape.count >= 2,
      let epsilon = graph.attribute(node, "epsilon", default: Float(1e-5))
    else {
      throw ExecutionError(.invalidOperands, "normalises data of shape \(data.shape)")
    }
    let isGrouped = graph.nodes[node].op.kind == .groupNormalization
    let groups = isGrouped ? graph.attribute(node, "num_groups", default: 1) ?? 1 : data.shape[1]
    guard groups > 0, data.shape[1] % groups == 0 else {
      throw ExecutionError(.invalidOperands, "\(data.shape[1]) channels are not \(groups) groups")
    }
    let (rows, channels) = (data.shape[0] * groups, data.shape[1])
    let width = rows == 0 ? 0 : data.count / rows
    let single = try cast(node, data, to: data.elementType == .float64 ? .float64 : .float32)
    let statistics = [rows]
    let result = try normalized(
      node, single, nil, nil, (rows, width), Double(epsilon), isRoot: false, statistics)[0]
    let tail = Array(repeating: 1, count: data.shape.count - 2)
    var factors: [Operand] = []
    for index in 1...2 {
      let factor = try cast(node, try plain(node, index), to: result.elementType)
      factors.append(try perChannel(node, factor, channels, tail))
    }
    let scaled = try joined(node, .mul, result, factors[0])
    define(node, try cast(node, try joined(node, .add, scaled, factors[1]), to: data.elementType))
  }

  /// Numbers for each channel, given for each group by old operator sets.
  private mutating func perChannel(
    _ node: NodeID, _ factor: Operand, _ channels: Int, _ tail: [Int]
  ) throws(ExecutionError) -> Operand {
    guard factor.count != channels else {
      return view(factor, as: TensorInfo(factor.elementType, [channels] + tail))
    }
    guard factor.count > 0, channels % factor.count == 0 else {
      throw ExecutionError(
        .invalidOperands, "\(factor.count) factors do not fit \(channels) channels")
    }
    let spread = StridedView(
      shape: [factor.count, channels / factor.count], strides: [1, 0], offset: 0)
    let wide = try strided(node, factor, spread)
    return view(wide, as: TensorInfo(factor.elementType, [channels] + tail))
  }

  mutating func softmax(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let view = SoftmaxView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its axis does not fit data of shape \(data.shape)")
    }
    let outer = data.shape[..<view.axis].product
    let width = view.flattensTrailingAxes ? data.shape[view.axis...].product : data.shape[view.axis]
    let inner = view.flattensTrailingAxes ? 1 : data.shape[(view.axis + 1)...].product
    let kind = graph.nodes[node].op.kind
    if data.elementType == .float32, data.count > 0, kind != .hardmax {
      let algorithm = kind == .logSoftmax ? dnnl_softmax_log : dnnl_softmax_accurate
      return define(node, try softmax(data, algorithm, [outer, width, inner]))
    }
    let wide = try cast(node, data, to: .float64)
    let result = try step(node, reads: [wide], makes: [TensorInfo(.float64, data.shape)]) {
      buffers in
      let source = buffers.read(0, as: Double.self, count: outer * width * inner)
      let target = buffers.make(0, as: Double.self, count: outer * width * inner)
      return {
        for line in 0..<outer * inner {
          let places = (0..<width).map { (line / inner * width + $0) * inner + line % inner }
          let values = places.map { source[$0] }
          for (place, value) in zip(places, Self.softened(values, kind)) { target[place] = value }
        }
      }
    }[0]
    define(node, try cast(node, result, to: data.elementType))
  }

  private static func softened(_ values: [Double], _ kind: OperatorKind?) -> [Double] {
    let top = values.max() ?? 0
    if kind == .hardmax {
      let place = values.firstIndex(of: top)
      return values.indices.map { $0 == place ? 1 : 0 }
    }
    let sum = values.reduce(0) { $0 + exp($1 - top) }
    return kind == .logSoftmax
      ? values.map { $0 - top - log(sum) } : values.map { exp($0 - top) / sum }
  }

  mutating func softmax(
    _ data: Operand, _ algorithm: dnnl_alg_kind_t, _ shape: [Int]
  ) throws(ExecutionError) -> Operand {
    let attributes = try PrimitiveAttributes()
    let layout = try MemoryDescriptor(plain: .float32, shape)
    var (first, second) = (layout.raw, layout.raw)
    var description = dnnl_softmax_v2_desc_t()
    try unsafe dnnl_softmax_v2_forward_desc_init(
      &description, dnnl_forward_inference, algorithm, &first, &second, 1
    ).check("take a softmax")
    let engine = unsafe Library.shared.engine
    let primitive = try unsafe Primitive("take a softmax") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
    return try step(primitive, reads: [(DNNL_ARG_SRC_0, data, layout)], makes: data.info, layout)
  }
}

extension ArraySlice<Int> {
  var product: Int { Array(self).product }
}
