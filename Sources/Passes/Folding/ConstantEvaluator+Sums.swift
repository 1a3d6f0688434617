internal import IR

// Operators that make one element of many.

extension ConstantEvaluator {
  /// Products of more multiplications are left to whoever runs the model.
  private static let workLimit = 1 << 26

  func combined(_ kind: OperatorKind) -> Constant? {
    switch (kind, operands[0].elementType) {
    case (.matMul, .float32): return product()
    case (.reduceMax, .float32):
      return reduced { $0.isNaN || $1.isNaN ? nil : Swift.max($0, $1) as Float }
    case (.reduceMin, .float32):
      return reduced { $0.isNaN || $1.isNaN ? nil : Swift.min($0, $1) as Float }
    case (_, .int64): return Self.whole(kind).flatMap { reduced($0 as (Int64, Int64) -> Int64?) }
    case (_, .int32): return Self.whole(kind).flatMap { reduced($0 as (Int32, Int32) -> Int32?) }
    default: return nil
    }
  }

  /// A product of matrices, the right one of rank 2, summed in double precision and rounded once.
  private func product() -> Constant? {
    guard operands.count == 2 else { return nil }
    let (left, right) = (operands[0], operands[1])
    guard right.elementType == .float32, left.shape.count >= 2, right.shape.count == 2,
      let depth = left.shape.last, depth == right.shape[0], left.count > 0,
      let work = [left.count, right.shape[1]].checkedProduct, work <= Self.workLimit,
      let rows = left.doubles, let columns = right.doubles
    else { return nil }
    let shape = Array(left.shape.dropLast()) + [right.shape[1]]
    guard shape == resultShape else { return nil }
    let product =
      Matrix(rows: left.count / depth, columns: depth, rows)
      * Matrix(rows: depth, columns: right.shape[1], columns)
    return Constant(rounding: product.elements, like: left, shape: shape)
  }

  /// How a reduction of whole numbers joins two of them, unless that overflows.
  private static func whole<Element: FixedWidthInteger>(
    _ kind: OperatorKind
  ) -> ((Element, Element) -> Element?)? {
    func checked(_ result: (partialValue: Element, overflow: Bool)) -> Element? {
      result.overflow ? nil : result.partialValue
    }
    switch kind {
    case .reduceSum: return { checked($0.addingReportingOverflow($1)) }
    case .reduceProd: return { checked($0.multipliedReportingOverflow(by: $1)) }
    case .reduceMax: return { Swift.max($0, $1) }
    case .reduceMin: return { Swift.min($0, $1) }
    default: return nil
    }
  }

  /// Joins the elements along the reduced axes, of which there must be some.
  private func reduced<Element: TensorElement>(
    _ join: (Element, Element) -> Element?
  ) -> Constant? {
    let data = operands[0]
    guard let view = ReductionView(node, in: graph), let shape = resultShape else { return nil }
    let kept = data.shape.indices.filter { !view.reduces($0) }
    let gone = data.shape.indices.filter(view.reduces)
    let run = gone.map { data.shape[$0] }.product
    guard kept.map({ data.shape[$0] }).product == shape.product else { return nil }
    let order = StridedView(contiguous: data.shape).transposed(kept + gone)
    guard run > 0, let elements = data.materialized(order).elements(as: Element.self) else {
      return nil
    }
    var results: [Element] = []
    for start in stride(from: 0, to: elements.count, by: run) {
      var result: Element? = elements[start]
      for index in start + 1..<start + run {
        result = result.flatMap { join($0, elements[index]) }
      }
      guard let result else { return nil }
      results.append(result)
    }
    return Constant(results, shape: shape)
  }
}
