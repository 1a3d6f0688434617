import IR

extension LayerTable {
  /// Layers that move elements and compute nothing.
  static let shapes: [String: LayerRule] = [
    "Flatten": LayerRule { (call) throws(ImportError) in try call.flattened() },
    "Reshape": LayerRule { (call) throws(ImportError) in try call.reshaped() },
    "Permute": LayerRule { (call) throws(ImportError) in try call.permuted() },
    "RepeatVector": LayerRule { (call) throws(ImportError) in
      let tensor = call.plainFeatures(of: try call.input(rank: 2))
      let count = try call.config.count("n")
      let column = call.insert(.unsqueeze, [tensor.value, call.integers([1])])
      return KerasTensor(
        call.insert(.tile, [column, call.integers([1, count, 1])]),
        [tensor.shape[0], count, tensor.shape[1]])
    },
    "ZeroPadding1D": padding(rank: 1), "ZeroPadding2D": padding(rank: 2),
    "ZeroPadding3D": padding(rank: 3),
    "Cropping1D": cropping(rank: 1), "Cropping2D": cropping(rank: 2),
    "Cropping3D": cropping(rank: 3),
  ]

  private static func padding(rank: Int) -> LayerRule {
    LayerRule { (call) throws(ImportError) in try call.padded(rank: rank) }
  }

  private static func cropping(rank: Int) -> LayerRule {
    LayerRule { (call) throws(ImportError) in try call.cropped(rank: rank) }
  }
}

extension LayerApplication {
  /// All axes but the batch in one, as they lie: readers put their weights into that order instead.
  fileprivate func flattened() throws(ImportError) -> KerasTensor {
    let tensor = try channelsFirstFlattening(try input())
    let known = tensor.shape.dropFirst().compactMap { $0 }
    let count = known.count == tensor.rank - 1 ? known.checkedProduct : nil
    let shape = [tensor.shape[0], count]
    if tensor.rank == 2 { return tensor }
    let isInOrder = liesInOrder(tensor)
    let features = isInOrder ? nil : flattenedFeatures(tensor, count)
    let source = isInOrder || features != nil ? tensor : plain(tensor)
    return KerasTensor(
      insert(.flatten, [source.value], [Attribute("axis", .int(1))]), shape, features: features)
  }

  /// With `data_format` of channels first, Keras itself moves channels last before it flattens.
  private func channelsFirstFlattening(_ tensor: KerasTensor) throws(ImportError) -> KerasTensor {
    guard tensor.rank > 2, try channelAxis(rank: tensor.rank) == 1 else { return tensor }
    let order = [0] + Array(2..<tensor.rank) + [1]
    return KerasTensor(
      tensor.value, order.map { tensor.shape[$0] },
      order: tensor.order.map { axis in order.firstIndex(of: axis) ?? axis })
  }

  /// Whether the elements of each picture lie in Keras's order.
  private func liesInOrder(_ tensor: KerasTensor) -> Bool {
    let wide = tensor.order.filter { $0 != 0 && tensor.shape[$0] != 1 }
    return tensor.order.first == 0 && wide == wide.sorted()
  }

  /// In which order the features are that result; nil if that is unknown, or would be too long.
  private func flattenedFeatures(_ tensor: KerasTensor, _ count: Int?) -> FeatureOrder? {
    guard tensor.order.first == 0, let count, assembly.mayMake(elements: count) else {
      return nil
    }
    var strides = Array(repeating: 1, count: tensor.rank)
    for axis in (1..<tensor.rank).dropLast().reversed() {
      strides[axis] = strides[axis + 1] * (tensor.shape[axis + 1] ?? 1)
    }
    let places = tensor.order.dropFirst().reduce([0]) { places, axis in
      places.flatMap { place in
        (0..<(tensor.shape[axis] ?? 1)).map { place + $0 * strides[axis] }
      }
    }
    return assembly.featureOrder(places)
  }

  /// The elements in Keras's order under other extents; one may be −1.
  fileprivate func reshaped() throws(ImportError) -> KerasTensor {
    let input = try input()
    let target = try config.integers("target_shape", default: [])
    guard !target.isEmpty, target.count(where: { $0 == -1 }) <= 1,
      target.allSatisfy({ $0 >= -1 && $0 != 0 })
    else { throw config.malformed("'target_shape' is \(target)") }
    let extents = try resolved(target, of: input)
    let shape = input.shape.prefix(1) + extents
    let numbers = extents.map { $0 ?? -1 }
    // A vector of channels for each picture is the same in any order of axes.
    if extents.count > 1, extents.dropLast().allSatisfy({ $0 == 1 }) {
      let order = KerasTensor.channelsFirst(rank: shape.count)
      let ones = Array(repeating: 1, count: extents.count - 1)
      let value = insert(
        .reshape, [plain(input).value, integers([0, numbers[numbers.count - 1]] + ones)])
      return KerasTensor(value, Array(shape), order: order)
    }
    return KerasTensor(
      insert(.reshape, [plain(input).value, integers([0] + numbers)]), Array(shape))
  }

  private func resolved(_ target: [Int], of tensor: KerasTensor) throws(ImportError) -> [Int?] {
    let known = target.filter { $0 != -1 }.checkedProduct
    let extents = tensor.shape.dropFirst().compactMap { $0 }
    guard extents.count == tensor.rank - 1, let count = extents.checkedProduct, let known else {
      return target.map { $0 == -1 ? nil : $0 }
    }
    guard target.contains(-1) ? count % known == 0 : count == known else {
      throw config.malformed(
        "'target_shape' is \(target), which does not hold the elements of "
          + KerasTensor.text(of: tensor.shape))
    }
    return target.map { $0 == -1 ? count / known : $0 }
  }

  /// Other names for the axes: nothing moves until a layer wants them otherwise.
  fileprivate func permuted() throws(ImportError) -> KerasTensor {
    let tensor = plainFeatures(of: try input())
    let dims = try config.integers("dims", default: [])
    guard dims.sorted() == Array(1..<tensor.rank) else {
      throw config.malformed(
        "'dims' is \(dims), expected each axis of \(KerasTensor.text(of: tensor.shape)) but the batch once"
      )
    }
    let axes = [0] + dims
    return KerasTensor(
      tensor.value, axes.map { tensor.shape[$0] },
      order: tensor.order.map { axis in axes.firstIndex(of: axis) ?? axis })
  }

  // MARK: Borders

  fileprivate func padded(rank: Int) throws(ImportError) -> KerasTensor {
    let tensor = arranged(try input(rank: rank + 2), try spatialOrder(rank: rank + 2))
    let borders = try borders("padding", rank: rank)
    let axes = try spatial(tensor).axes
    var (before, after) = (
      Array(repeating: 0, count: rank + 2), Array(repeating: 0, count: rank + 2)
    )
    var shape = tensor.shape
    for (axis, border) in zip(axes, borders) {
      before[tensor.place(of: axis)] = border[0]
      after[tensor.place(of: axis)] = border[1]
      shape[axis] = shape[axis].map { $0 + border[0] + border[1] }
    }
    return KerasTensor(
      insert(.pad, [tensor.value, integers(before + after)]), shape, order: tensor.order)
  }

  fileprivate func cropped(rank: Int) throws(ImportError) -> KerasTensor {
    let tensor = arranged(try input(rank: rank + 2), try spatialOrder(rank: rank + 2))
    let borders = try borders("cropping", rank: rank)
    let axes = try spatial(tensor).axes
    var shape = tensor.shape
    for (axis, border) in zip(axes, borders) {
      shape[axis] = shape[axis].map { $0 - border[0] - border[1] }
      guard shape[axis].map({ $0 > 0 }) ?? true else {
        throw config.malformed(
          "'cropping' leaves nothing of the extents \(KerasTensor.text(of: tensor.shape))")
      }
    }
    // Nothing cut off at the end is an end beyond any extent.
    let ends = borders.map { $0[1] == 0 ? Int(Int32.max) : -$0[1] }
    let value = insert(
      .slice,
      [
        tensor.value, integers(borders.map { $0[0] }), integers(ends),
        integers(axes.map { tensor.place(of: $0) }),
      ])
    return KerasTensor(value, shape, order: tensor.order)
  }

  /// What is added or taken before and after each spatial axis: one number, one for each axis, or two.
  private func borders(_ key: String, rank: Int) throws(ImportError) -> [[Int]] {
    let value = config[key] ?? .number("1")
    let items =
      value.integer.map { number in
        Array(repeating: ConfigValue.number(String(number)), count: rank)
      } ?? value.list ?? []
    let isPair = rank == 1 && items.count == 2 && items.allSatisfy { $0.integer != nil }
    let borders = (isPair ? [value] : items).map { item in
      item.integer.map { [$0, $0] } ?? item.list?.compactMap(\.integer) ?? []
    }
    guard borders.count == rank,
      borders.allSatisfy({
        $0.count == 2 && $0.allSatisfy { 0...LayerConfig.extentLimit ~= $0 }
      })
    else {
      throw config.malformed(
        "'\(key)' is \(value.summary), expected what goes before and after each axis")
    }
    return borders
  }
}
