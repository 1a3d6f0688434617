internal import IR

extension Constant {
  /// The elements in double precision, or nil if they are not 32- or 64-bit floats.
  ///
  /// Passes compute new weights in double precision and round once, so that results do not depend
  /// on the order in which a processor adds.
  var doubles: [Double]? {
    switch elementType {
    case .float32: elements(as: Float.self)?.map(Double.init)
    case .float64: elements(as: Double.self)
    default: nil
    }
  }

  /// Stores `doubles` rounded to the element type of `model`; nil for a type that is no such float.
  init?(rounding doubles: [Double], like model: Constant, shape: [Int]) {
    switch model.elementType {
    case .float32: self.init(doubles.map { Float($0) }, shape: shape)
    case .float64: self.init(doubles, shape: shape)
    default: return nil
    }
  }

  /// The elements with each slot of `axis` multiplied by its factor, rounded once.
  ///
  /// Nil for a type that is not a 32- or 64-bit float.
  func scaled(by factors: [Double], along axis: Int) -> Constant? {
    scaled(by: factors, run: shape[(axis + 1)...].reduce(1, *))
  }

  /// The same where the leading axis is divided into groups that share the slots of `axis`: group
  /// g takes the factors from g times the extent on.
  func scaled(by factors: [Double], alongGroups groups: Int, of axis: Int) -> Constant? {
    let rows = shape[..<axis].reduce(1, *) / groups
    let repeated = (0..<groups).flatMap { group in
      Array(
        repeating: factors[group * shape[axis]..<(group + 1) * shape[axis]], count: rows
      ).joined()
    }
    return scaled(by: repeated, run: shape[(axis + 1)...].reduce(1, *))
  }

  /// Multiplies consecutive runs of elements by the factors in turn, starting over at the end.
  private func scaled(by factors: [Double], run: Int) -> Constant? {
    switch elementType {
    case .float32:
      scaled(by: factors, run: run) { (element: Float, factor) in
        Float(Double(element) * factor)
      }
    case .float64: scaled(by: factors, run: run) { (element: Double, factor) in element * factor }
    default: nil
    }
  }

  private func scaled<Element: TensorElement>(
    by factors: [Double], run: Int, _ multiply: (Element, Double) -> Element
  ) -> Constant? {
    guard let payload else { return nil }
    precondition(count == 0 || run > 0 && count % (factors.count * run) == 0)
    let scaled = unsafe Constant(count: count, shape: shape) {
      (target: UnsafeMutableBufferPointer<Element>) in
      unsafe payload.withBytes { source in
        var index = 0
        while index < target.count {
          for factor in factors {
            for _ in 0..<run {
              let element = unsafe source.loadUnaligned(
                fromByteOffset: index * MemoryLayout<Element>.stride, as: Element.self)
              unsafe target[index] = multiply(element, factor)
              index += 1
            }
          }
        }
      }
    }
    payload.discard()
    return scaled
  }
}
