internal import IR

/// Replaces shape arithmetic by the numbers it comes to.
///
/// ```
/// before: %1 = Shape(%x)  %2 = Gather(%1, 0)  …  %5 = Concat(%4, [-1])  %6 = Reshape(%x, %5)
/// after:  %6 = Reshape(%x, [0, -1])
/// ```
///
/// Legal cases:
/// 1. A result of whole numbers or booleans that shape inference knows completely, not an output
///    of the graph.
/// 2. The requested shape of a Reshape of which every element is known, is the data's own extent
///    on the same axis (written 0), or is the only one left (written -1). The last only beside
///    extents known to be above 0: from nothing, runtimes work out no extent.
/// 3. The axes of a Squeeze that names none, of data whose extents are all known.
///
/// Runs before channel analysis, so that a Shape never sees a pruned extent: what it said about
/// the original is a literal by then, or Shape keeps its operand whole.
enum ShapeFolding {
  static let name = "fold-shapes"
  static let literal = RewriteRule(pass: name, number: 1, title: "store known shape arithmetic")
  static let reshape = RewriteRule(
    pass: name, number: 2, title: "write a literal shape for a Reshape")

  static let squeeze = RewriteRule(pass: name, number: 3, title: "name the axes of a Squeeze")

  static let pass = Pass(
    name: name, summary: "Replace shape arithmetic by the numbers it comes to.",
    rules: [literal, reshape, squeeze], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    let inference = ShapeInference.infer(rewriter.graph)
    for node in rewriter.graph.nodeIDs {
      switch rewriter.graph.nodes[node].op.kind {
      case .reshape: literalizeShape(of: node, inference, &rewriter)
      case .squeeze: nameAxes(of: node, &rewriter)
      default: break
      }
      storeResult(of: node, inference, &rewriter)
    }
  }

  private static func storeResult(
    of node: NodeID, _ inference: ShapeInference, _ rewriter: inout Rewriter
  ) {
    let row = rewriter.graph.nodes[node]
    guard row.op.kind != .constant, row.outputs.count == 1, let result = row.outputs[0],
      !rewriter.graph.isOutput(result), !rewriter.graph.values[result].uses.isEmpty,
      let content = inference.partialTensor(of: result),
      let constant = Constant(content), constant.byteCount <= ConstantFolding.freeByteCount
    else { return }
    let name = rewriter.graph.values[result].name
    rewriter.apply(literal, to: name, "\(row.op.type) is \(content.integers ?? [])") {
      $0.supplant(node, with: constant)
    }
  }

  private static func literalizeShape(
    of node: NodeID, _ inference: ShapeInference, _ rewriter: inout Rewriter
  ) {
    guard let view = ReshapeView(node, in: rewriter.graph), !view.allowZero,
      let shape = view.shape, rewriter.graph.constant(shape) == nil,
      let content = inference.partialTensor(of: shape), content.shape.count == 1,
      let data = inference.shape(of: view.data), let extents = extents(content, data: data)
    else { return }
    let base = rewriter.graph.values[shape].name
    let stored = rewriter.addIntegers(extents, name: base + "_literal")
    rewriter.apply(reshape, to: rewriter.label(node), "to \(extents)") {
      $0.replaceInput(of: node, at: 1, with: stored)
    }
  }

  private static func nameAxes(of node: NodeID, _ rewriter: inout Rewriter) {
    guard let view = SqueezeView(node, in: rewriter.graph), !view.areAxesStated else { return }
    let axes = view.axes
    let label = rewriter.label(node)
    guard rewriter.graph.version >= 13 else {
      let attribute = Attribute("axes", .ints(axes.map(Int64.init)))
      rewriter.apply(squeeze, to: label, "\(axes)") { $0.setAttributes(of: node, to: [attribute]) }
      return
    }
    let stored = rewriter.addIntegers(axes, name: label + "_axes")
    rewriter.apply(squeeze, to: label, "\(axes)") {
      $0.setInputs(of: node, to: [view.data, stored])
    }
  }

  /// The requested extents as literals; nil if more than one would have to be worked out.
  private static func extents(_ content: PartialTensor, data: Shape) -> [Int]? {
    var extents: [Int] = []
    for (axis, element) in content.elements.enumerated() {
      switch element {
      case .integer(let number): extents.append(Int(number))
      case .symbol(let name) where axis < data.count && data[axis] == .symbol(name):
        extents.append(0)
      default: extents.append(-1)
      }
    }
    let open = content.elements.indices.filter { isOpen(content.elements[$0], extents[$0]) }
    guard extents.count(where: { $0 == -1 }) <= 1 else { return nil }
    return open.isEmpty || extents.allSatisfy { $0 > 0 || $0 == -1 } ? extents : nil
  }

  /// Whether an extent was written -1 that the model itself computes.
  private static func isOpen(_ element: PartialNumber, _ extent: Int) -> Bool {
    if case .integer = element { false } else { extent == -1 }
  }
}

extension Constant {
  /// Stores a tensor of whole numbers or booleans whose elements are all known.
  fileprivate init?(_ content: PartialTensor) {
    guard let integers = content.integers else { return nil }
    switch content.elementType {
    case .int64: self.init(integers, shape: content.shape)
    case .int32: self.init(integers.map { Int32(truncatingIfNeeded: $0) }, shape: content.shape)
    case .bool:
      self.init(
        bytes: integers.map { $0 == 0 ? 0 : 1 }, elementType: .bool, shape: content.shape)
    default: return nil
    }
  }
}
