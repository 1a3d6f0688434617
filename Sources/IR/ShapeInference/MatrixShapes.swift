// Products of matrices and their relatives.

extension InferenceEngine {
  func gemm(_ node: NodeID) -> TensorType {
    let element = element(node, 0)
    guard let view = GemmView(node, in: graph) else { return TensorType(element, nil) }
    let left = shape(node, 0)
    let right = shape(node, 1)
    let rows = left.map { $0[view.transA ? 1 : 0] } ?? .unknown
    let columns = right.map { $0[view.transB ? 0 : 1] } ?? .unknown
    return TensorType(element, [rows, columns])
  }

  func matrixProduct(_ node: NodeID) -> TensorType {
    switch graph.nodes[node].op.kind {
    case .matMulInteger: TensorType(.int32, product(shape(node, 0), shape(node, 1)))
    case .qLinearMatMul: TensorType(element(node, 7), product(shape(node, 0), shape(node, 3)))
    default: TensorType(element(node, 0), product(shape(node, 0), shape(node, 1)))
    }
  }

  /// The shape of numpy's `matmul`, where a vector stands for a row or a column.
  private func product(_ left: Shape?, _ right: Shape?) -> Shape? {
    guard let left, let right, let columns = right.last, !left.isEmpty else { return nil }
    let batch = left.dropLast(2).broadcasting(right.dropLast(2))
    let rows = left.count > 1 ? [left[left.count - 2]] : []
    return batch + rows + (right.count > 1 ? [columns] : [])
  }

  func einsum(_ node: NodeID) -> TensorType {
    let element = element(node, 0)
    guard let text = graph.attribute(node, "equation", default: ""),
      let equation = EinsumEquation(text)
    else { return TensorType(element, nil) }
    let operands = graph.nodes[node].inputs.indices.map { shape(node, $0) }
    return TensorType(element, equation.resultShape(of: operands))
  }
}

extension ArraySlice<Dimension> {
  fileprivate func broadcasting(_ other: ArraySlice<Dimension>) -> Shape {
    Shape(self).broadcast(with: Shape(other))
  }
}
