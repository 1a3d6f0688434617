import IR

extension LayerTable {
  /// Layers that make one tensor of several.
  static let merging: [String: LayerRule] = [
    "Add": merge(.add), "Multiply": merge(.mul), "Subtract": merge(.sub),
    "Maximum": merge(.max), "Minimum": merge(.min),
    "Divide": merge(.div), "TrueDivide": merge(.div),
    "Average": LayerRule { (call) throws(ImportError) in
      let sum = try call.merged(.add)
      return call.map(.div, sum, [call.scalar(Double(call.inputs.count), "count")])
    },
    "Concatenate": LayerRule { (call) throws(ImportError) in try call.concatenated() },
    // Inception-ResNet's own layer: the first tensor, and the second times a number.
    "CustomScaleLayer": LayerRule { (call) throws(ImportError) in
      let tensors = call.inputs
      guard tensors.count == 2 else {
        throw call.config.malformed("it reads \(tensors.count) tensors, expected 2")
      }
      let factor = call.scalar(try call.config.number("scale", default: 1), "scale")
      return try call.combined(.add, tensors[0], call.map(.mul, tensors[1], [factor]))
    },
  ]

  private static func merge(_ kind: OperatorKind) -> LayerRule {
    LayerRule(keywords: ["x1", "x2"]) { (call) throws(ImportError) in try call.merged(kind) }
  }
}

extension LayerApplication {
  /// All operands, one after another.
  ///
  /// Keras 3 calls functions, such as `x + 1`, like the layers. They read two operands instead of a list;
  /// one of them may be a number, and they spread tensors of fewer axes as NumPy does.
  fileprivate func merged(_ kind: OperatorKind) throws(ImportError) -> KerasTensor {
    let named = keywords.filter { ["x1", "x2"].contains($0.name) }.map(\.operand)
    let all = operands + (operands.count < 2 ? named : [])
    if version.major >= 3, all.count == 2 { return try computed(kind, all[0], all[1]) }
    let tensors = inputs
    guard tensors.count >= 2 else {
      throw config.malformed("it reads \(tensors.count) tensors, expected several")
    }
    var result = tensors[0]
    for tensor in tensors.dropFirst() { result = try combined(kind, result, tensor) }
    return result
  }

  /// Two tensors, spread over each other as Keras's merging layers do.
  fileprivate func combined(
    _ kind: OperatorKind, _ left: KerasTensor, _ right: KerasTensor
  ) throws(ImportError) -> KerasTensor {
    let rank = max(left.rank, right.rank)
    let (left, right) = (widened(left, to: rank), widened(right, to: rank))
    let (first, second) = aligned(left, right)
    return KerasTensor(
      insert(kind, [first.value, second.value]), try spread(first.shape, second.shape),
      order: first.order, features: first.features)
  }

  /// Both in the same order: that of the one that is not in Keras's.
  private func aligned(_ left: KerasTensor, _ right: KerasTensor) -> (KerasTensor, KerasTensor) {
    if left.order == right.order && left.features == right.features { return (left, right) }
    let order = left.order == Array(left.shape.indices) ? right.order : left.order
    return (arranged(left, order), arranged(right, order))
  }

  /// With further axes of extent 1 behind the batch, up to `rank`.
  private func widened(_ tensor: KerasTensor, to rank: Int) -> KerasTensor {
    let missing = rank - tensor.rank
    guard missing > 0 else { return tensor }
    let tensor = plain(tensor)
    let axes = integers(Array(1...missing))
    return KerasTensor(
      insert(.unsqueeze, [tensor.value, axes]),
      tensor.shape.prefix(1) + Array(repeating: 1, count: missing) + tensor.shape.dropFirst())
  }

  private func spread(_ left: [Int?], _ right: [Int?]) throws(ImportError) -> [Int?] {
    var shape: [Int?] = []
    for (first, second) in zip(left, right) {
      guard first == second || first == 1 || second == 1 || first == nil || second == nil else {
        throw misfit(left, right)
      }
      shape.append(first == 1 ? second : second == 1 ? first : first ?? second)
    }
    return shape
  }

  /// The tensors behind each other along an axis.
  fileprivate func concatenated() throws(ImportError) -> KerasTensor {
    let tensors = inputs
    guard let first = tensors.first, tensors.allSatisfy({ $0.rank == first.rank }) else {
      throw config.malformed("it reads tensors with different numbers of axes")
    }
    let axis = try axis(of: first)
    let shape = try joinedShape(tensors, axis)
    if let features = joinedFeatures(tensors, axis) {
      let value = insert(.concat, tensors.map(\.value), [Attribute("axis", .int(1))])
      return KerasTensor(value, shape, features: features)
    }
    let order =
      tensors.first { $0.order != Array(first.shape.indices) }?.order ?? first.order
    let parts = tensors.map { arranged($0, order).value }
    let place = order.firstIndex(of: axis) ?? axis
    let value = insert(.concat, parts, [Attribute("axis", .int(Int64(place)))])
    return KerasTensor(value, shape, order: order)
  }

  private func joinedShape(
    _ tensors: [KerasTensor], _ axis: Int
  ) throws(ImportError) -> [Int?] {
    var shape = tensors[0].shape
    for tensor in tensors.dropFirst() {
      for other in shape.indices {
        let (left, right) = (shape[other], tensor.shape[other])
        if other == axis {
          shape[other] = left.flatMap { left in right.map { left + $0 } }
        } else if let left, let right, left != right {
          throw misfit(tensors[0].shape, tensor.shape)
        } else {
          shape[other] = left ?? right
        }
      }
    }
    return shape
  }

  private func misfit(_ left: [Int?], _ right: [Int?]) -> ImportError {
    config.malformed(
      "it reads tensors of the extents \(KerasTensor.text(of: left)) and "
        + "\(KerasTensor.text(of: right)), which do not fit together")
  }

  /// The order of features of matrices side by side, if one of them is not in Keras's.
  private func joinedFeatures(_ tensors: [KerasTensor], _ axis: Int) -> FeatureOrder? {
    guard axis == 1, tensors.contains(where: { $0.features != nil }) else { return nil }
    var places: [Int] = []
    for tensor in tensors {
      guard let count = tensor.shape[1], assembly.mayMake(elements: count) else { return nil }
      let start = places.count
      places += (tensor.features?.places ?? Array(0..<count)).map { start + $0 }
    }
    return assembly.featureOrder(places)
  }

  private func computed(
    _ kind: OperatorKind, _ left: Operand, _ right: Operand
  ) throws(ImportError) -> KerasTensor {
    switch (left, right) {
    case (.tensor(let left), .tensor(let right)):
      guard left.rank == right.rank else {
        throw config.unsupported("its operands have different numbers of axes")
      }
      return try combined(kind, left, right)
    case (.tensor(let tensor), .constant(.number(let digits))):
      return tensor.with(insert(kind, [tensor.value, try operand(digits)]))
    case (.constant(.number(let digits)), .tensor(let tensor)):
      return tensor.with(insert(kind, [try operand(digits), tensor.value]))
    default: throw config.unsupported("its operands are neither tensors nor numbers")
    }
  }

  private func operand(_ digits: String) throws(ImportError) -> ValueID {
    guard let number = Double(digits) else { throw config.malformed("an operand is \(digits)") }
    return scalar(number, "number")
  }
}
