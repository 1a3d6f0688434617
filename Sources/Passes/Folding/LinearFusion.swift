internal import IR

/// Makes one layer of two with nothing between them.
///
/// ```
/// before: %2 = Conv(%1, %v, %b)  %3 = Conv(%2, %w)      after: %3 = Conv(%1, %w·v, %w·b)
/// ```
///
/// Legal cases, for layers with stored weights that nobody else reads, where the second alone reads the
/// first one's result, which is no output:
/// 1. Two matrix products, neither of which transposes its data.
/// 2. A Conv and a pointwise Conv, in one group each: the first one's window stays.
/// 3. A pointwise Conv and a Conv, in one group each: the second one's window stays. If the first has
///    a bias, no window of the second may touch padding, which lies behind that bias.
///
/// The product must take no more room than both factors, nor more multiplications, leaving out
/// what lies between them but carries nothing: pruning can remove that, and a narrow middle may be
/// the point of the two layers. Products are taken in double precision and rounded once.
enum LinearFusion {
  static let name = "fuse-linear"
  static let products = RewriteRule(pass: name, number: 1, title: "join two matrix products")
  static let behind = RewriteRule(
    pass: name, number: 2, title: "join a convolution and a pointwise one behind it")
  static let before = RewriteRule(
    pass: name, number: 3, title: "join a convolution and a pointwise one before it")

  static let pass = Pass(
    name: name, summary: "Join linear layers with nothing between them.",
    rules: [products, behind, before]
  ) { rewriter in run(&rewriter, at: nil) }

  /// Joins those that end at `nodes`, however large the product: another model may have them so.
  static func pass(at nodes: Set<NodeID>) -> Pass {
    Pass(name: pass.name, summary: pass.summary, rules: pass.rules) { rewriter in
      run(&rewriter, at: nodes)
    }
  }

  /// Products of more multiplications would take longer than everything else.
  static let workLimit = 1 << 35

  private static func run(_ rewriter: inout Rewriter, at chosen: Set<NodeID>?) {
    for node in rewriter.graph.nodeIDs where chosen?.contains(node) ?? true {
      guard let pair = LayerPair(endingAt: node, rewriter) else { continue }
      if let obstacle = pair.obstacle(rewriter.graph, mayGrow: chosen != nil) {
        rewriter.refuse(name, rewriter.label(node), because: obstacle)
      } else {
        pair.join(&rewriter)
      }
    }
  }
}

/// A linear layer that reads what another makes, and nobody else does.
private struct LayerPair {
  let rule: RewriteRule
  let first: LinearLayer
  let second: LinearLayer
  private let before: Matrix
  private let behind: Matrix
  private let bias: [Double]?

  /// Nil unless a legal case may apply, but for what `obstacle` tells.
  init?(endingAt node: NodeID, _ rewriter: Rewriter) {
    let graph = rewriter.graph
    guard let second = LinearLayer(node, in: graph), let middle = graph.nodes[node].input(0),
      rewriter.exclusiveProducer(of: middle) != nil,
      let first = LinearLayer(computing: middle, in: graph),
      [first, second].allSatisfy({ graph.values[$0.weight].uses.count == 1 }),
      let rule = Self.rule(first, second, graph),
      let before = first.filters(in: graph), let behind = second.filters(in: graph),
      second.inputForm(in: graph)?.extent == first.extent,
      graph.values[middle].elementType == graph.constant(second.weight)?.elementType
    else { return nil }
    self.rule = rule
    self.first = first
    self.second = second
    self.before = before
    self.behind = behind
    bias = first.biasNumbers(in: graph).flatMap { $0.contains { $0 != 0 } ? $0 : nil }
  }

  private static func rule(
    _ first: LinearLayer, _ second: LinearLayer, _ graph: Graph
  ) -> RewriteRule? {
    let layers = [first, second]
    if layers.allSatisfy({ $0.kind == .gemm || $0.kind == .matMul }) {
      let isPlain = layers.allSatisfy { GemmView($0.node, in: graph)?.transA != true }
      return isPlain ? LinearFusion.products : nil
    }
    let views = layers.compactMap { ConvolutionView($0.node, in: graph) }
    guard layers.allSatisfy({ $0.kind == .conv }), views.count == 2,
      views.allSatisfy({ $0.groups == 1 })
    else { return nil }
    if views[1].isPointwise { return LinearFusion.behind }
    return views[0].isPointwise ? LinearFusion.before : nil
  }

  /// The elements of one window of the second layer.
  private var windowCount: Int { behind.columns / first.extent }

  /// Why both must stay; nil if they need not.
  func obstacle(_ graph: Graph, mayGrow: Bool) -> String? {
    let seesAll = second.seesWholeWindows(in: graph)
    if bias != nil, !seesAll {
      return "windows touch padding, which lies behind the bias of \(graph.label(first.node))"
    }
    if bias != nil, !second.takesShift, !first.takesShift { return "MatMul takes no bias" }
    let factors = carryingCount * (before.columns + behind.rows * windowCount)
    // A window that pads may have more positions than its data.
    let isNarrower = before.columns > first.extent
    guard let product = [behind.rows, before.columns, windowCount].checkedProduct,
      mayGrow || product <= factors && (seesAll || !isNarrower)
    else { return "one layer for it and \(graph.label(first.node)) would be larger" }
    let (work, overflow) = product.multipliedReportingOverflow(by: first.extent)
    return overflow || work > LinearFusion.workLimit ? "the product would take too long" : nil
  }

  /// The channels in the middle that are made of something and used for something.
  private var carryingCount: Int {
    (0..<first.extent).count { channel in
      let row = before.elements[channel * before.columns..<(channel + 1) * before.columns]
      return row.contains { $0 != 0 }
        && (0..<behind.rows).contains { output in
          let start = output * behind.columns + channel * windowCount
          return behind.elements[start..<start + windowCount].contains { $0 != 0 }
        }
    }
  }

  /// The filters of both layers in one, one row an output channel.
  private var product: Matrix {
    guard windowCount > 1 else { return behind * before }
    // Rows of the second layer's filters hold a window for each channel, which must be the columns.
    let windows = behind.turningRows(of: windowCount) * before
    return windows.turningRows(backTo: behind.rows)
  }

  /// Which of both stays; the first only if its window, or its bias, is needed.
  private var keepsFirst: Bool {
    rule == LinearFusion.behind || bias != nil && !second.takesShift
  }

  func join(_ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    let kept = keepsFirst ? first : second
    let other = keepsFirst ? second : first
    guard let model = graph.constant(kept.weight), let data = graph.nodes[first.node].input(0),
      let weights = kept.stored(product.scaled(by: other.productScale(in: graph)), like: model)
    else { return }
    let bias = jointBias(of: kept, graph)
    let stored = bias.map { bias in
      (kept.biasOperand ?? other.biasOperand).map { rewriter.store(bias, over: $0) }
        ?? rewriter.addBias(bias, of: kept.node)
    }
    let detail = "takes over from \(rewriter.label(other.node))"
    rewriter.apply(rule, to: rewriter.label(kept.node), detail) { graph in
      graph.replaceConstant(kept.weight, with: weights)
      kept.install(weights: kept.weight, bias: stored, in: &graph)
      if !keepsFirst { graph.replaceInput(of: kept.node, at: 0, with: data) }
    }
    if keepsFirst { rewriter.bypass(second.node, with: first.result) }
  }

  /// The bias of both; nil if they have none and `kept` has no place for it.
  private func jointBias(of kept: LinearLayer, _ graph: Graph) -> Constant? {
    let ones = Array(repeating: 1.0, count: second.extent)
    let zeros = Array(repeating: 0.0, count: second.extent)
    let shift = bias.flatMap { second.sums(of: $0, in: graph) } ?? zeros
    if let sum = second.bias(scaledBy: ones, shiftedBy: shift, in: graph) { return sum }
    guard kept.biasOperand != nil, let model = graph.constant(kept.weight) else { return nil }
    return Constant(rounding: zeros, like: model, shape: [second.extent])
  }
}

extension Matrix {
  /// Each row, seen as a matrix of `width` columns, transposed, one below the other.
  fileprivate func turningRows(of width: Int) -> Matrix {
    Matrix(
      rows: rows * width, columns: columns / width, blocks(rows, of: columns / width, by: width))
  }

  /// The opposite: each of `count` groups of rows, transposed, as one row.
  fileprivate func turningRows(backTo count: Int) -> Matrix {
    let height = rows / count
    return Matrix(rows: count, columns: columns * height, blocks(count, of: height, by: columns))
  }

  /// The elements as `count` matrices in a row, each transposed.
  private func blocks(_ count: Int, of rows: Int, by columns: Int) -> [Double] {
    (0..<count).flatMap { block in
      let start = block * rows * columns
      return Matrix(
        rows: rows, columns: columns, Array(elements[start..<start + rows * columns])
      ).transposed.elements
    }
  }
}

extension LinearLayer {
  /// The weights with one row an output channel.
  fileprivate func filters(in graph: Graph) -> Matrix? {
    guard let stored = graph.constant(weight), let elements = stored.doubles,
      stored.shape.count >= 2, kind != .convTranspose, stored.count > 0
    else { return nil }
    let matrix = Matrix(
      rows: stored.shape[0], columns: stored.count / stored.shape[0], elements)
    return orientation.axis == 0 ? matrix : matrix.transposed
  }

  /// What is stored for `filters`, in the way in which the layer's weights, `model`, are.
  fileprivate func stored(_ filters: Matrix, like model: Constant) -> Constant? {
    let matrix = orientation.axis == 0 ? filters : filters.transposed
    let window = model.shape.dropFirst(2)
    let shape = [matrix.rows, matrix.columns / window.reduce(1, *)] + window
    return Constant(rounding: matrix.elements, like: model, shape: shape)
  }

  /// What a Gemm multiplies its product by.
  fileprivate func productScale(in graph: Graph) -> Double {
    GemmView(node, in: graph).map { Double($0.alpha) } ?? 1
  }
}
