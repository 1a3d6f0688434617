// Multiply-accumulate operations of the operators that dominate a network's time.

extension ShapeInference {
  /// What `node` multiplies and adds up; 0 for other operators, nil where extents are not known.
  func macs(of node: NodeID, in graph: Graph) -> Int? {
    let row = graph.nodes[node]
    let result = shape(of: row.output(0))
    switch row.op.kind {
    case .conv, .convInteger:
      return result?.product.multiplied(by: perPosition(row.input(1))).count
    case .qLinearConv: return result?.product.multiplied(by: perPosition(row.input(3))).count
    case .convTranspose:
      return shape(of: row.input(0))?.product.multiplied(by: perPosition(row.input(1))).count
    case .gemm:
      guard let view = GemmView(node, in: graph), let left = shape(of: view.a), left.count == 2
      else { return nil }
      return result?.product.multiplied(by: left[view.transA ? 0 : 1]).count
    case .matMul, .matMulInteger, .qLinearMatMul:
      guard let inner = shape(of: row.input(0))?.last else { return nil }
      return result?.product.multiplied(by: inner).count
    default: return 0
    }
  }

  /// The products that one element needs which a filter produces or, if transposed, is applied to.
  private func perPosition(_ weight: ValueID?) -> Dimension {
    shape(of: weight)?.dropFirst().product ?? .unknown
  }

  private func shape(of value: ValueID?) -> Shape? { value.flatMap { shape(of: $0) } }
}
