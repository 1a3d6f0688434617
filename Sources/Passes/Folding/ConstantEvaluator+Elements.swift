import Glibc
internal import IR

// Operators that work element by element, on operands that are broadcast.

extension ConstantEvaluator {
  func elementwise(_ kind: OperatorKind) -> Constant? {
    let sameShape = operands.allSatisfy { $0.shape == operands[0].shape }
    // Before, operands were aligned by an attribute.
    guard graph.version >= 7 || sameShape else { return nil }
    switch (kind, operands.count) {
    case (.cast, 1): return cast(operands[0])
    case (.clip, _): return clip(operands[0])
    case (.where, 3): return select()
    case (_, 1): return unary(kind)
    case (_, 2): return pairwise(kind)
    default: return nil
    }
  }

  private func unary(_ kind: OperatorKind) -> Constant? {
    let data = operands[0]
    switch data.elementType {
    case .float32:
      guard let function = Self.function(kind) else { return nil }
      return data.elements(as: Float.self).map { Constant($0.map(function), shape: data.shape) }
    case .int64: return wholes(kind, as: Int64.self)
    case .int32: return wholes(kind, as: Int32.self)
    case .bool where kind == .not:
      return data.bytes.flatMap { Constant(flags: $0.map { $0 == 0 }, shape: data.shape) }
    default: return nil
    }
  }

  /// A whole number's negation or magnitude, unless that overflows.
  private func wholes<Element: TensorElement & FixedWidthInteger>(
    _ kind: OperatorKind, as type: Element.Type
  ) -> Constant? {
    guard kind == .neg || kind == .abs, let elements = operands[0].elements(as: type),
      !elements.contains(.min)
    else { return nil }
    return Constant(
      elements.map { kind == .neg || $0 < 0 ? 0 - $0 : $0 }, shape: operands[0].shape)
  }

  private static func function(_ kind: OperatorKind) -> ((Float) -> Float)? {
    switch kind {
    case .neg: { -$0 }
    case .abs: { Swift.abs($0) }
    case .ceil: { $0.rounded(.up) }
    case .floor: { $0.rounded(.down) }
    case .round: { $0.rounded(.toNearestOrEven) }
    case .sqrt: { $0.squareRoot() }
    case .reciprocal: { 1 / $0 }
    case .exp: { expf($0) }
    case .sigmoid: { Float(1 / (1 + Glibc.exp(-Double($0)))) }
    case .relu: { Swift.max($0, 0) }
    default: nil
    }
  }

  private func clip(_ data: Constant) -> Constant? {
    guard let view = ClipView(node, in: graph), let elements = data.elements(as: Float.self) else {
      return nil
    }
    let (low, high) = (Float(view.minimum ?? -.infinity), Float(view.maximum ?? .infinity))
    guard low <= high else { return nil }
    return Constant(elements.map { $0 < low ? low : $0 > high ? high : $0 }, shape: data.shape)
  }
}

extension ConstantEvaluator {
  /// Converts where every runtime agrees on the result: a number the type holds, or the nearest float.
  private func cast(_ data: Constant) -> Constant? {
    guard let target = CastView(node, in: graph)?.target else { return nil }
    if data.elementType == target { return data }
    if let numbers = data.doubles {
      switch target {
      case .float32, .float64: return Constant(rounding: numbers, as: target, shape: data.shape)
      case .bool: return Constant(flags: numbers.map { $0 != 0 }, shape: data.shape)
      default:
        let wholes = numbers.map { Int64(exactly: $0.rounded(.towardZero)) }
        return Constant(wholes: wholes, as: target, shape: data.shape)
      }
    }
    guard let numbers = data.integers else { return nil }
    let wholes = data.elementType == .bool ? numbers.map { $0 == 0 ? 0 : 1 } : numbers
    switch target {
    case .float32: return Constant(wholes.map { Float($0) }, shape: data.shape)
    case .float64: return Constant(wholes.map { Double($0) }, shape: data.shape)
    case .bool: return Constant(flags: wholes.map { $0 != 0 }, shape: data.shape)
    default: return Constant(wholes: wholes, as: target, shape: data.shape)
    }
  }

  private func select() -> Constant? {
    guard let shape = broadcastShape,
      operands[0].elementType == .bool, operands[1].elementType == operands[2].elementType,
      let choices = operands[0].broadcast(to: shape)?.bytes,
      let left = operands[1].broadcast(to: shape)?.bytes,
      let right = operands[2].broadcast(to: shape)?.bytes
    else { return nil }
    let width = operands[1].elementType.bitWidth / 8
    var bytes = right
    for (index, choice) in choices.enumerated() where choice != 0 {
      let place = index * width..<(index + 1) * width
      bytes.replaceSubrange(place, with: left[place])
    }
    return Constant(bytes: bytes, elementType: operands[1].elementType, shape: shape)
  }
}

extension Constant {
  /// Stores booleans.
  init?(flags: [Bool], shape: [Int]) {
    self.init(bytes: flags.map { $0 ? 1 : 0 }, elementType: .bool, shape: shape)
  }

  /// Stores whole numbers, all of which the type must hold.
  fileprivate init?(wholes: [Int64?], as type: ElementType, shape: [Int]) {
    let known = wholes.compactMap { $0 }
    guard known.count == wholes.count else { return nil }
    switch type {
    case .int64: self.init(known, shape: shape)
    case .int32:
      let narrow = known.compactMap { Int32(exactly: $0) }
      guard narrow.count == known.count else { return nil }
      self.init(narrow, shape: shape)
    default: return nil
    }
  }

  /// The elements repeated to `shape`; nil if they do not fit.
  func broadcast(to shape: [Int]) -> Constant? {
    if self.shape == shape { return self }
    return StridedView(contiguous: self.shape).broadcast(to: shape).map(materialized)
  }
}
