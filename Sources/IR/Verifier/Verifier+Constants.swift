// Rules about stored elements.

extension Verifier {
  mutating func checkConstants() {
    for id in graph.valueIDs {
      guard let constant = graph.values[id].constant else { continue }
      if let problem = constant.sizeProblem {
        report(.constantSize, .value(id), problem)
      } else if let problem = constant.indexProblem {
        report(.sparseIndex, .value(id), problem)
      }
      let own = constant.type
      // A listed input may leave extents open that the stored elements fix.
      if graph.values[id].type?.tensor?.admits(own) != true {
        report(
          .constantType, .value(id),
          "its elements are \(Printer(PrintOptions()).typeText(.tensor(own)))")
      }
    }
  }
}

extension TensorType {
  /// Whether a tensor of the fully known type `other` is of this type.
  fileprivate func admits(_ other: TensorType) -> Bool {
    guard elementType == other.elementType, let shape, let otherShape = other.shape else {
      return elementType == other.elementType && shape == nil
    }
    return shape.count == otherShape.count
      && zip(shape, otherShape).allSatisfy { $0.count == nil || $0 == $1 }
  }
}

extension Constant {
  /// What is wrong with the number of stored elements, if anything is.
  fileprivate var sizeProblem: String? {
    switch storage {
    case .dense(let payload):
      let expected = elementType.byteCount(of: count)
      return expected == payload.count
        ? nil : "expected \(expected ?? 0) bytes, found \(payload.count)"
    case .strings(let strings):
      return strings.count == count
        ? nil : "expected \(count) strings, found \(strings.count)"
    case .sparse(let values, let indices):
      if let problem = values.sizeProblem ?? indices.sizeProblem { return problem }
      if values.elementType != elementType {
        return "expected non-zero elements of \(elementType), found \(values.elementType)"
      }
      let shapes = [[values.count], [values.count, shape.count]]
      return values.shape.count == 1 && shapes.contains(indices.shape)
        ? nil
        : "expected indices of shape \(shapes[0]) or \(shapes[1]), found \(indices.shape)"
    }
  }

  /// What is wrong with the indices of sparse elements whose number is right, if anything is.
  fileprivate var indexProblem: String? {
    guard case .sparse(_, let indices) = storage else { return nil }
    guard let numbers = indices.elements(as: Int64.self) else {
      return "expected indices of i64, found \(indices.elementType)"
    }
    let extents = indices.shape.count == 1 ? [count] : shape
    for (position, number) in numbers.enumerated() {
      let extent = extents[position % extents.count]
      if number < 0 || number >= extent {
        return "expected indices below \(extent), found \(number)"
      }
    }
    return nil
  }
}
