// Stored elements in another order.

extension Constant {
  /// The same elements under another shape, sharing the bytes.
  ///
  /// - Precondition: `shape` has as many elements.
  public func reshaped(_ shape: [Int]) -> Constant {
    Constant(elementType: elementType, shape: shape, storage: storage)
  }

  /// The elements with the axes in another order: axis `i` of the result is axis `order[i]` of this.
  ///
  /// - Precondition: elements take whole bytes and are stored densely; `order` names each axis once.
  public func transposed(_ order: [Int]) -> Constant {
    precondition(order.sorted() == Array(shape.indices))
    guard let payload, elementType.bitWidth % 8 == 0 else {
      preconditionFailure("cannot transpose \(elementType)")
    }
    let walk = TransposedWalk(shape: shape, order: order, width: elementType.bitWidth / 8)
    let owner = unsafe OwnedBytes(count: payload.count) { target in
      unsafe payload.withBytes { unsafe walk.copy(from: $0, to: target) }
    }
    return Constant(
      elementType: elementType, shape: order.map { shape[$0] }, storage: .dense(owner.payload))
  }

  /// The parts of axis 0 at `indices`, in that order.
  ///
  /// - Precondition: elements take whole bytes and are stored densely; `indices` are parts of axis 0.
  public func gatheringRows(_ indices: [Int]) -> Constant {
    guard let payload, elementType.bitWidth % 8 == 0, let rowCount = shape.first, rowCount > 0
    else { preconditionFailure("cannot gather rows of \(elementType) \(shape)") }
    let width = payload.count / rowCount
    let owner = unsafe OwnedBytes(count: indices.count * width) { target in
      unsafe payload.withBytes { source in
        for (place, index) in indices.enumerated() {
          unsafe target[place * width..<(place + 1) * width].copyBytes(
            from: source[index * width..<(index + 1) * width])
        }
      }
    }
    return Constant(
      elementType: elementType, shape: [indices.count] + shape.dropFirst(),
      storage: .dense(owner.payload))
  }
}

/// Copies elements into row-major order from where strides lead.
private struct TransposedWalk {
  /// The extents in the order of the result, with axes merged that are neighbours in both orders.
  private var extents: [Int] = []
  /// How many bytes a step along each takes in the source.
  private var strides: [Int] = []
  private let width: Int

  init(shape: [Int], order: [Int], width: Int) {
    self.width = width
    var stride = width
    var byteStrides = Array(repeating: 0, count: shape.count)
    for axis in shape.indices.reversed() {
      byteStrides[axis] = stride
      stride *= max(shape[axis], 1)
    }
    for axis in order where shape[axis] != 1 {
      if let last = strides.last, last == byteStrides[axis] * shape[axis] {
        extents[extents.count - 1] *= shape[axis]
        strides[strides.count - 1] = byteStrides[axis]
      } else {
        extents.append(shape[axis])
        strides.append(byteStrides[axis])
      }
    }
  }

  @unsafe
  func copy(from source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) {
    guard let start = source.baseAddress, let base = target.baseAddress, unsafe !target.isEmpty
    else { return }
    var target = unsafe base
    unsafe copy(from: start, to: &target, axis: 0)
  }

  private func copy(
    from source: UnsafeRawPointer, to target: inout UnsafeMutableRawPointer, axis: Int
  ) {
    guard axis < extents.count - 1 else {
      unsafe copyRow(from: source, to: &target)
      return
    }
    for index in 0..<extents[axis] {
      unsafe copy(from: source + index * strides[axis], to: &target, axis: axis + 1)
    }
  }

  /// Copies along the last axis, in one piece if it is one.
  private func copyRow(from source: UnsafeRawPointer, to target: inout UnsafeMutableRawPointer) {
    let (count, stride) = (extents.last ?? 1, strides.last ?? width)
    if stride == width {
      unsafe target.copyMemory(from: source, byteCount: count * width)
    } else if width == 4 {
      // Nearly all weights: worth a loop of its own.
      for index in 0..<count {
        let word = unsafe source.loadUnaligned(fromByteOffset: index * stride, as: UInt32.self)
        unsafe target.storeBytes(of: word, toByteOffset: index * 4, as: UInt32.self)
      }
    } else {
      for index in 0..<count {
        unsafe (target + index * width).copyMemory(
          from: source + index * stride, byteCount: width)
      }
    }
    unsafe target += count * width
  }
}
