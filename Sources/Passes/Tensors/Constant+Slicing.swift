internal import IR

extension Constant {
  /// The sub-tensor made of the given slots of each listed axis, in the order given.
  ///
  /// - Precondition: elements are stored densely in whole bytes, axes are listed in ascending order, each
  ///   once, and indices are in range.
  func selecting(_ slots: [(axis: Int, indices: [Int])]) -> Constant {
    guard let payload, elementType.bitWidth % 8 == 0 else {
      preconditionFailure("cannot slice \(elementType)")
    }
    guard let last = slots.last else { return self }
    precondition(zip(slots, slots.dropFirst()).allSatisfy { $0.axis < $1.axis })
    var narrowed = shape
    for (axis, indices) in slots { narrowed[axis] = indices.count }
    let width = elementType.bitWidth / 8
    let run = shape[(last.axis + 1)...].reduce(width, *)
    let starts = blockStarts(slots.dropLast(), of: last.axis).lazy.map {
      $0 * shape[last.axis] * run
    }
    let owner = unsafe OwnedBytes(count: narrowed.reduce(width, *)) { target in
      unsafe payload.withBytes { source in
        var position = 0
        for start in starts {
          for index in last.indices {
            let place = start + index * run
            unsafe target[position..<position + run].copyBytes(from: source[place..<place + run])
            position += run
          }
        }
      }
    }
    return Constant(elementType: elementType, shape: narrowed, storage: .dense(owner.payload))
  }

  /// The positions, on the axes before `end` taken together, that are selected.
  private func blockStarts(_ slots: some Sequence<(axis: Int, indices: [Int])>, of end: Int)
    -> [Int]
  {
    var chosen = [Int: [Int]](uniqueKeysWithValues: slots.map { ($0.axis, $0.indices) })
    return shape[..<end].indices.reduce([0]) { blocks, axis in
      let indices = chosen.removeValue(forKey: axis) ?? Array(0..<shape[axis])
      return blocks.flatMap { block in indices.map { block * shape[axis] + $0 } }
    }
  }

  /// Whether dearc can slice this constant: whole bytes, stored densely.
  var isSliceable: Bool { payload != nil && elementType.bitWidth % 8 == 0 }
}
