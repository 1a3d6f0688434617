internal import IR

/// States for every operator how the slots of its operands relate.
///
/// To teach the analysis an operator, add it to the table below and state its links in the file of
/// its family. An operator that is not listed is a barrier: it reads and writes everything.
enum ChannelRules {
  /// How the slots of a node's operands relate; `inference` tells what is known of numbers that the graph
  /// computes, if anybody asked, and `countedNorms` which normalisations may be written out.
  static func links(
    of node: NodeID, in graph: Graph, axes: AxisTable, inference: ShapeInference? = nil,
    countedNorms: Set<NodeID> = [], findsZeros: Bool = true
  ) -> [AxisLink] {
    let builder = LinkBuilder(
      node: node, graph: graph, axes: axes, inference: inference, countedNorms: countedNorms,
      findsZeros: findsZeros)
    guard let kind = graph.nodes[node].op.kind, builder.isWellFormed else { return [] }
    let links = builder.links(of: kind)
    return links.allSatisfy { builder.isSliceable($0) && builder.isConsistent($0) } ? links : []
  }
}

/// Makes links for one node.
struct LinkBuilder {
  let node: NodeID
  let graph: Graph
  let axes: AxisTable
  let inference: ShapeInference?
  let countedNorms: Set<NodeID>
  /// Whether anybody asks which weights are zero, for which all are read.
  let findsZeros: Bool

  var row: Node { graph.nodes[node] }

  fileprivate func links(of kind: OperatorKind) -> [AxisLink] {
    switch kind {
    case .conv, .convTranspose: convolution()
    case .gemm: gemm()
    case .matMul: matMul()
    case .einsum: einsum()
    case .attention: attention()
    case .batchNormalization: batchNormalization()
    case .instanceNormalization: instanceNormalization()
    case .groupNormalization: groupNormalization()
    case .layerNormalization, .rmsNormalization: layerNormalization()
    case .softmax, .logSoftmax, .hardmax: softmax()
    case .lpNormalization: mixing(axis: LpNormalizationView(node, in: graph)?.axis)
    case .lrn: mixing(axis: 1)
    case .add, .sub, .mul, .div, .min, .max, .prelu, .pow, .sum, .mean, .mod, .where, .equal,
      .greater, .greaterOrEqual, .less, .lessOrEqual, .and, .or, .xor, .bitShift, .bitwiseAnd,
      .bitwiseOr, .bitwiseXor:
      elementwise(kind)
    case .maxPool, .averagePool: pooling(kind)
    case .globalAveragePool, .globalMaxPool: globalPooling(kind)
    case .lpPool, .globalLpPool: powerPooling()
    case .reduceMean, .reduceSum, .reduceMax, .reduceMin, .reduceL1, .reduceL2, .reduceSumSquare,
      .reduceProd, .reduceLogSum, .reduceLogSumExp:
      reduction(kind)
    case .resize, .upsample: resize()
    case .pad: pad()
    case .expand: expand()
    case .depthToSpace, .spaceToDepth: depthSpace(kind)
    case .cast: cast()
    case .identity, .dropout: copying()
    case .transpose: transpose()
    case .concat: concat()
    case .split: split()
    case .slice: slice()
    case .gather: gather()
    case .reshape, .flatten, .squeeze, .unsqueeze: regrouping()
    default: unary(kind)
    }
  }

  /// Whether the first result and all operands have a known rank, and no body is involved.
  fileprivate var isWellFormed: Bool {
    row.captures.isEmpty
      && row.outputs.allSatisfy { $0.map { graph.shape(of: $0) != nil } ?? true }
  }

  /// Whether extents fit together, which a model that contradicts itself does not promise.
  fileprivate func isConsistent(_ link: AxisLink) -> Bool {
    switch link {
    case .aligned(let link):
      return (link.siblings + link.inputs).allSatisfy { extent($0) == extent(link.output) }
    case .linear(let link): return fits(link)
    case .contracted(let link): return extent(link.left) == extent(link.right)
    case .reduced: return true
    case .normalized(let link):
      return link.places.allSatisfy { extent($0) == extent(link.output) }
        && extent(link.output) % link.groups == 0
    case .bordered(let link):
      return link.before >= 0 && extent(link.data) > 0
        && link.before + extent(link.data) <= extent(link.output)
    case .concatenated(let whole, let parts), .divided(let parts, let whole):
      return parts.reduce(0) { $0 + extent($1) } == extent(whole)
    case .selected(let output, let input, let indices):
      return indices.allSatisfy { $0 >= 0 && $0 < extent(input) }
        && output.map { extent($0) == indices.count } ?? (indices.count == 1)
    case .regrouped(let regrouping):
      return (regrouping.inputs + regrouping.outputs).allSatisfy {
        extent($0.place) == regrouping.extent(of: $0.factors)
      }
    }
  }

  private func fits(_ link: LinearLink) -> Bool {
    let (data, outputs) = (extent(link.data), extent(link.output))
    return link.reader.rows.count == outputs && link.reader.dataExtent == data
      && data % link.groups == 0 && outputs % link.groups == 0
      && link.bias.map { extent($0) == outputs } ?? true
  }

  /// Stored operands that a link narrows must be stored in whole bytes.
  fileprivate func isSliceable(_ link: AxisLink) -> Bool {
    link.places.allSatisfy { place in
      guard let input = place.input, let constant = graph.constant(row.input(input)) else {
        return true
      }
      return constant.isSliceable
    }
  }

  /// The place of axis `position` of an operand, if its extent is known.
  func place(_ operand: Operand, _ position: Int) -> Place? {
    let value: ValueID? =
      switch operand {
      case .input(let index): row.input(index)
      case .output(let index): row.output(index)
      }
    guard let value, let axis = axes.id(of: value, axis: position), axes.extent(axis) != nil else {
      return nil
    }
    return Place(operand: operand, position: position, axis: axis)
  }

  func input(_ index: Int, _ position: Int) -> Place? { place(.input(index), position) }

  func output(_ position: Int) -> Place? { place(.output(0), position) }

  func extent(_ place: Place) -> Int { axes.extent(place.axis) ?? 0 }

  func rank(ofInput index: Int) -> Int? {
    row.input(index).flatMap { graph.shape(of: $0)?.count }
  }

  var outputRank: Int { row.output(0).map { axes.rank(of: $0) } ?? 0 }

  func constant(_ index: Int) -> Constant? { graph.constant(row.input(index)) }

  /// Links each axis of the only data operand to the same axis of the first result.
  func alignedAxes(
    _ positions: some Sequence<Int>, transfer: AlignedLink.Transfer, input index: Int = 0
  ) -> [AxisLink] {
    positions.compactMap { position in
      guard let data = input(index, position), let result = output(position),
        extent(data) == extent(result)
      else { return nil }
      return .aligned(AlignedLink(output: result, inputs: [data], transfer: transfer))
    }
  }
}
