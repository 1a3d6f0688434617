internal import IR

extension Constant {
  /// The sub-tensor made of the given slots of each listed axis, in the order given.
  ///
  /// - Precondition: elements are stored densely in whole bytes, and indices are in range.
  func selecting(_ slots: [(axis: Int, indices: [Int])]) -> Constant {
    slots.reduce(self) { $0.selecting(axis: $1.axis, indices: $1.indices) }
  }

  private func selecting(axis: Int, indices: [Int]) -> Constant {
    guard let payload, elementType.bitWidth % 8 == 0 else {
      preconditionFailure("cannot slice \(elementType)")
    }
    let inner = shape[(axis + 1)...].reduce(elementType.bitWidth / 8, *)
    let outer = shape[..<axis].reduce(1, *)
    var narrowed = shape
    narrowed[axis] = indices.count
    let owner = unsafe OwnedBytes(count: outer * indices.count * inner) { target in
      unsafe payload.withBytes { source in
        var position = 0
        for block in 0..<outer {
          for index in indices {
            let start = (block * shape[axis] + index) * inner
            unsafe target[position..<position + inner].copyBytes(
              from: source[start..<start + inner])
            position += inner
          }
        }
      }
    }
    return Constant(elementType: elementType, shape: narrowed, storage: .dense(owner.payload))
  }

  /// Whether dearc can slice this constant: whole bytes, stored densely.
  var isSliceable: Bool { payload != nil && elementType.bitWidth % 8 == 0 }
}
