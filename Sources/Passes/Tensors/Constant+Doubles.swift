internal import IR

extension Constant {
  /// The elements in double precision, or nil if they are no floats of 16, 32 or 64 bits.
  ///
  /// Passes compute new weights in double precision and round once, so that results do not depend
  /// on the order in which a processor adds.
  var doubles: [Double]? {
    guard let decoder = FloatDecoder(elementType), let payload else { return nil }
    return unsafe payload.withBytes { bytes in
      Array(unsafe FloatRun(bytes, decoder, start: 0, count: count))
    }
  }

  /// Stores `doubles` rounded to the element type of `model`; nil for a type that is no such float.
  init?(rounding doubles: [Double], like model: Constant, shape: [Int]) {
    self.init(rounding: doubles, as: model.elementType, shape: shape)
  }

  /// Stores `doubles` rounded to `elementType`; nil for a type that is no such float.
  init?(rounding doubles: [Double], as elementType: ElementType, shape: [Int]) {
    switch elementType {
    case .float16: self.init(doubles.map { Float16($0).bitPattern }, elementType, shape: shape)
    case .bfloat16: self.init(doubles.map { Float($0).brainFloatBits }, elementType, shape: shape)
    case .float32: self.init(doubles.map { Float($0) }, shape: shape)
    case .float64: self.init(doubles, shape: shape)
    default: return nil
    }
  }

  /// Stores elements given by their bits.
  private init(_ bits: [UInt16], _ elementType: ElementType, shape: [Int]) {
    let owner = unsafe OwnedBytes(count: bits.count * 2) { target in
      unsafe bits.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
    self.init(elementType: elementType, shape: shape, storage: .dense(owner.payload))
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
    case .float32: scaled(by: factors, run: run, as: Float.self)
    case .float64: scaled(by: factors, run: run, as: Double.self)
    default: nil
    }
  }

  private func scaled<Element: Scalable>(
    by factors: [Double], run: Int, as type: Element.Type
  ) -> Constant? {
    guard let payload else { return nil }
    precondition(count == 0 || run > 0 && count % (factors.count * run) == 0)
    let scaled = unsafe Constant(count: count, shape: shape) {
      (target: UnsafeMutableBufferPointer<Element>) in
      unsafe payload.withBytes { source in
        var index = 0
        while index < target.count {
          for factor in factors {
            for position in index..<index + run {
              let element = unsafe source.loadUnaligned(
                fromByteOffset: position * MemoryLayout<Element>.stride, as: Element.self)
              unsafe target[position] = element.times(factor)
            }
            index += run
          }
        }
      }
    }
    payload.discard()
    return scaled
  }
}

/// An element that is multiplied in double precision and rounded once.
private protocol Scalable: TensorElement {
  func times(_ factor: Double) -> Self
}

extension Float: Scalable {
  fileprivate func times(_ factor: Double) -> Float { Float(Double(self) * factor) }
}

extension Double: Scalable {
  fileprivate func times(_ factor: Double) -> Double { self * factor }
}
