internal import COneDNN
internal import Glibc
import IR

// Scaled dot-product attention: two products of matrices with a softmax between them.

extension Planner {
  mutating func attention(_ node: NodeID) throws(ExecutionError) {
    var (query, key, value) = (try plain(node, 0), try plain(node, 1), try plain(node, 2))
    let type = query.elementType
    guard [.float32, .float16, .bfloat16].contains(type), key.elementType == type,
      value.elementType == type
    else { throw ExecutionError(.unsupported, "has no kernel for elements of type \(type)") }
    let isFlat = query.shape.count == 3
    query = try withHeads(node, query, "q_num_heads")
    key = try extended(node, try withHeads(node, key, "kv_num_heads"), past: 4)
    value = try extended(node, try withHeads(node, value, "kv_num_heads"), past: 5)
    let form = try AttentionForm(query.shape, key.shape, value.shape)
    _ = try checked(.float32, form.scores)
    if graph.nodes[node].output(1) != nil { define(node, 1, key) }
    if graph.nodes[node].output(2) != nil { define(node, 2, value) }
    let (shares, scores) = try shares(
      node, try cast(node, query, to: .float32), try cast(node, key, to: .float32), form)
    if graph.nodes[node].output(3) != nil { define(node, 3, try cast(node, scores, to: type)) }
    let result = try weighted(
      node, shares, try cast(node, value, to: .float32), form, isFlat: isFlat)
    define(node, 0, try cast(node, result, to: type))
  }

  // MARK: Heads and the past

  /// Data with an axis for heads, before that of positions.
  private mutating func withHeads(
    _ node: NodeID, _ data: Operand, _ attribute: String
  ) throws(ExecutionError) -> Operand {
    guard data.shape.count == 3 else { return data }
    guard let heads = graph.attribute(node, attribute, default: 0), heads > 0,
      data.shape[2] % heads == 0
    else {
      throw ExecutionError(
        .invalidOperands, "data of shape \(data.shape) cannot be split into its heads")
    }
    let split = StridedView(
      contiguous: [data.shape[0], data.shape[1], heads, data.shape[2] / heads])
    return try strided(node, data, split.transposed([0, 2, 1, 3]))
  }

  /// What was kept from runs before, and then `data`.
  private mutating func extended(
    _ node: NodeID, _ data: Operand, past index: Int
  ) throws(ExecutionError) -> Operand {
    guard let past = try optional(node, index) else { return data }
    var shape = past.shape
    guard shape.count == 4, data.shape.count == 4, past.elementType == data.elementType,
      max(shape[2], data.shape[2]) <= Self.extentLimit
    else {
      throw ExecutionError(.invalidOperands, "a past of shape \(shape) does not fit")
    }
    shape[2] += data.shape[2]
    var rest = data.shape
    rest[2] = shape[2]
    guard rest == shape else {
      throw ExecutionError(
        .invalidOperands, "a past of shape \(past.shape) does not fit data of shape \(data.shape)")
    }
    var parts: [Operand] = []
    for part in [past, data] where part.count > 0 { parts.append(try plain(part)) }
    return try copied(node, parts, axis: 2, try checked(data.elementType, shape))
  }

  // MARK: Products

  /// How much each position counts for each query, and the scores that are asked for.
  private mutating func shares(
    _ node: NodeID, _ query: Operand, _ key: Operand, _ form: AttentionForm
  ) throws(ExecutionError) -> (shares: Operand, scores: Operand) {
    let cap = graph.attribute(node, "softcap", default: Float(0)) ?? 0
    let stage = graph.attribute(node, "qk_matmul_output_mode", default: 0) ?? 0
    var stages = [try scores(node, query, key, form)]
    stages.append(
      cap > 0
        ? try map(node, stages[0], Float.self, .float32) { tanhf($0 / cap) * cap } : stages[0])
    stages.append(try masked(node, stages[1], form))
    stages.append(
      try softmax(
        stages[2], dnnl_softmax_accurate, [form.scores.product / form.total, form.total, 1]))
    guard stages.indices.contains(stage) else {
      throw ExecutionError(.invalidOperands, "yields no scores of stage \(stage)")
    }
    return (stages[3], stages[stage])
  }

  /// The products of queries and keys.
  ///
  /// Heads that share keys are rows of one matrix.
  private mutating func scores(
    _ node: NodeID, _ query: Operand, _ key: Operand, _ form: AttentionForm
  ) throws(ExecutionError) -> Operand {
    let stated = graph.attribute(node, "scale", default: Float(0)) ?? 0
    let isStated = graph.nodes[node].attribute("scale") != nil
    let scale = isStated ? stated : 1 / Float(form.width).squareRoot()
    let rows = view(query, as: TensorInfo(.float32, form.queries))
    let product = try MatrixForm(left: form.queries, right: key.shape, transposesRight: true)
    let result = try self.product(
      product, rows, key, nil, FusedChain(after: node),
      leading: [.activation(Activation(algorithm: dnnl_eltwise_linear, alpha: scale))])
    return view(result, as: TensorInfo(.float32, form.scores))
  }

  private mutating func weighted(
    _ node: NodeID, _ shares: Operand, _ value: Operand, _ form: AttentionForm, isFlat: Bool
  ) throws(ExecutionError) -> Operand {
    let rows = view(shares, as: TensorInfo(.float32, form.shares))
    let product = try MatrixForm(left: form.shares, right: value.shape)
    let result = try self.product(
      product, rows, value, nil, FusedChain(after: node), leading: [])
    guard isFlat else { return view(result, as: TensorInfo(.float32, form.result)) }
    let order = StridedView(contiguous: form.result).transposed([0, 2, 1, 3])
    let flat = [form.result[0], form.result[2], form.result[1] * form.result[3]]
    return view(try strided(node, result, order), as: TensorInfo(.float32, flat))
  }

  // MARK: Masks

  /// Scores with minus infinity where positions do not count, and with what else a mask adds.
  private mutating func masked(
    _ node: NodeID, _ scores: Operand, _ form: AttentionForm
  ) throws(ExecutionError) -> Operand {
    var masks: [Operand] = []
    if let mask = try optional(node, 3) { masks.append(try addend(node, mask, form)) }
    if graph.attribute(node, "is_causal", default: false) ?? false {
      let past = try optional(node, 4)?.shape[2] ?? 0
      masks.append(try causal(node, form, past: past))
    }
    if let lengths = try optional(node, 6) { masks.append(try padding(node, lengths, form)) }
    var result = scores
    for mask in masks {
      result = try pairwise(node, result, mask, Float.self, .float32) { $0 + $1 }
      guard result.shape == form.scores else {
        throw ExecutionError(
          .invalidOperands,
          "a mask of shape \(mask.shape) does not fit scores of shape \(form.scores)")
      }
    }
    return result
  }

  /// A mask as what is added to scores, as wide as they are.
  private mutating func addend(
    _ node: NodeID, _ mask: Operand, _ form: AttentionForm
  ) throws(ExecutionError) -> Operand {
    var result =
      mask.elementType == .bool
      ? try map(node, mask, UInt8.self, .float32) { $0 == 0 ? -Float.infinity : 0 }
      : try plain(try cast(node, mask, to: .float32))
    guard let width = result.shape.last, width != 1, width < form.total else { return result }
    let sources = result.shape.map { extent in (0..<extent).map { Int?.some($0) } }
    let gap = Array(repeating: Int?.none, count: form.total - width)
    let info = TensorInfo(.float32, result.shape.dropLast() + [form.total])
    let bits = (-Float.infinity).bitPattern
    let fill = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    result = try picked(
      node, result, sources.dropLast() + [(sources.last ?? []) + gap], info, fill)
    return result
  }

  /// What hides the positions after each query's own.
  private mutating func causal(
    _ node: NodeID, _ form: AttentionForm, past: Int
  ) throws(ExecutionError) -> Operand {
    let (rows, columns) = (form.scores[2], form.total)
    return try step(node, reads: [], makes: [try checked(.float32, [rows, columns])]) { buffers in
      let target = buffers.make(0, as: Float.self, count: rows * columns)
      return {
        for row in 0..<rows {
          for column in 0..<columns {
            target[row * columns + column] = column - past > row ? -Float.infinity : 0
          }
        }
      }
    }[0]
  }

  /// What hides the positions behind those that each sample of the batch has.
  private mutating func padding(
    _ node: NodeID, _ lengths: Operand, _ form: AttentionForm
  ) throws(ExecutionError) -> Operand {
    let (batch, columns) = (form.scores[0], form.total)
    let counts = try cast(node, try plain(lengths), to: .int64)
    guard counts.shape == [batch] else {
      throw ExecutionError(.invalidOperands, "lengths of shape \(counts.shape) do not fit")
    }
    let info = try checked(.float32, [batch, 1, 1, columns])
    return try step(node, reads: [counts], makes: [info]) { buffers in
      let source = buffers.read(0, as: Int64.self, count: batch)
      let target = buffers.make(0, as: Float.self, count: batch * columns)
      return {
        for place in 0..<batch * columns {
          target[place] = Int64(place % columns) < source[place / columns] ? 0 : -Float.infinity
        }
      }
    }[0]
  }
}

/// The shapes of an attention's tensors.
private struct AttentionForm {
  /// Queries and shares with all heads that use the same keys as rows of one matrix.
  let queries: [Int]
  let shares: [Int]
  /// Scores, and the result, with an axis for heads.
  let scores: [Int]
  let result: [Int]
  /// How many elements a query has.
  let width: Int
  /// How many positions there are to attend to.
  let total: Int

  init(_ query: [Int], _ key: [Int], _ value: [Int]) throws(ExecutionError) {
    let all = query + key + value
    guard query.count == 4, key.count == 4, value.count == 4, !all.contains(0),
      key[1] == value[1], query[1] % key[1] == 0, query[3] == key[3], key[2] == value[2],
      query[0] == key[0], query[0] == value[0]
    else {
      throw ExecutionError(
        .invalidOperands,
        "queries of shape \(query), keys of \(key) and values of \(value) do not fit each other")
    }
    let rows = query[1] / key[1] * query[2]
    queries = [query[0], key[1], rows, query[3]]
    shares = [query[0], key[1], rows, key[2]]
    scores = [query[0], query[1], query[2], key[2]]
    result = [query[0], query[1], query[2], value[3]]
    (width, total) = (query[3], key[2])
  }
}
