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
    materialized(StridedView(contiguous: shape).transposed(order))
  }

  /// The elements that `view` walks over, stored row-major.
  ///
  /// - Precondition: elements take whole bytes and are stored densely; the walk stays among them.
  public func materialized(_ view: StridedView) -> Constant {
    let (payload, width) = packed
    let walk = StridedCopy(view, width: width)
    let owner = unsafe OwnedBytes(count: view.shape.product * width) { target in
      unsafe payload.withBytes { unsafe walk.copy(from: $0, to: target) }
    }
    return Constant(
      elementType: elementType, shape: view.shape, storage: .dense(owner.payload))
  }

  /// The elements at `positions`, stored in that order.
  ///
  /// - Precondition: elements take whole bytes and are stored densely; they have those positions.
  public func picking(_ positions: [Int], shape: [Int]) -> Constant {
    let (payload, width) = packed
    let owner = payload.gathering(positions, width: width)
    return Constant(elementType: elementType, shape: shape, storage: .dense(owner.payload))
  }

  /// The parts of axis 0 in another order: part `i` of the result is part `order[i]` of this.
  ///
  /// What was read is given back on the way, so that a large matrix is in memory once, not twice.
  ///
  /// - Precondition: elements take whole bytes and are stored densely; `order` names each part once.
  public func permutingRows(_ order: [Int]) -> Constant {
    let (payload, width) = packed
    let rowWidth = shape.dropFirst().reduce(width, *)
    precondition(order.count == shape.first)
    let owner = unsafe OwnedBytes(count: payload.count) { target in
      unsafe payload.scatter(order, width: rowWidth, to: target)
    }
    return Constant(elementType: elementType, shape: shape, storage: .dense(owner.payload))
  }

  private var packed: (payload: Payload, width: Int) {
    guard let payload, elementType.bitWidth % 8 == 0 else {
      preconditionFailure("cannot move elements of \(elementType)")
    }
    return (payload, elementType.bitWidth / 8)
  }
}

extension Payload {
  /// The pieces of `width` bytes at `indices`, one after another.
  fileprivate func gathering(_ indices: [Int], width: Int) -> OwnedBytes {
    unsafe OwnedBytes(count: indices.count * width) { target in
      unsafe withBytes { source in
        for (place, index) in indices.enumerated() {
          unsafe target[place * width..<(place + 1) * width].copyBytes(
            from: source[index * width..<(index + 1) * width])
        }
      }
    }
  }

  /// How much is read before it is given back.
  private static let pieceByteCount = 8 << 20

  /// Writes piece `order[i]` of `width` bytes to place `i`, reading in the order in which they lie.
  @unsafe
  fileprivate func scatter(
    _ order: [Int], width: Int, to target: UnsafeMutableRawBufferPointer
  ) {
    var places = Array(repeating: 0, count: order.count)
    for (place, index) in order.enumerated() { places[index] = place }
    let batch = max(Self.pieceByteCount / max(width, 1), 1)
    unsafe withBytes { source in
      for start in stride(from: 0, to: order.count, by: batch) {
        let end = min(start + batch, order.count)
        for index in start..<end {
          let place = places[index]
          unsafe target[place * width..<(place + 1) * width].copyBytes(
            from: source[index * width..<(index + 1) * width])
        }
        unsafe owner.discard(UnsafeRawBufferPointer(rebasing: source[start * width..<end * width]))
      }
    }
  }
}

/// Copies elements into row-major order from where strides lead.
private struct StridedCopy {
  /// The extents, with axes merged that one stride walks over.
  private var extents: [Int] = []
  /// How many bytes a step along each takes in the source.
  private var strides: [Int] = []
  private let start: Int
  private let width: Int
  private let isEmpty: Bool

  init(_ view: StridedView, width: Int) {
    self.width = width
    start = view.offset * width
    isEmpty = view.shape.contains(0)
    for (extent, stride) in zip(view.shape, view.strides) where extent != 1 {
      let stride = stride * width
      if let last = strides.last, last == stride * extent {
        extents[extents.count - 1] *= extent
        strides[strides.count - 1] = stride
      } else {
        extents.append(extent)
        strides.append(stride)
      }
    }
  }

  @unsafe
  func copy(from source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) {
    guard !isEmpty, let first = source.baseAddress, let base = target.baseAddress else { return }
    var target = unsafe base
    unsafe copy(from: first + start, to: &target, axis: 0)
  }

  private func copy(
    from source: UnsafeRawPointer, to target: inout UnsafeMutableRawPointer, axis: Int
  ) {
    guard axis < extents.count - 1 else {
      unsafe copyRow(from: source, to: &target)
      return
    }
    if axis == extents.count - 2, width == 4, strides[axis] == 4 {
      unsafe copyTransposed(from: source, to: &target)
      return
    }
    for index in 0..<extents[axis] {
      unsafe copy(from: source + index * strides[axis], to: &target, axis: axis + 1)
    }
  }

  /// Copies a matrix whose columns are stored one after another, in squares that stay in the cache.
  private func copyTransposed(
    from source: UnsafeRawPointer, to target: inout UnsafeMutableRawPointer
  ) {
    let (rows, columns) = (extents[extents.count - 2], extents[extents.count - 1])
    let (stride, side) = (strides[strides.count - 1], 32)
    for top in Swift.stride(from: 0, to: rows, by: side) {
      for left in Swift.stride(from: 0, to: columns, by: side) {
        for row in top..<min(top + side, rows) {
          for column in left..<min(left + side, columns) {
            let word = unsafe source.loadUnaligned(
              fromByteOffset: row * 4 + column * stride, as: UInt32.self)
            unsafe target.storeBytes(
              of: word, toByteOffset: (row * columns + column) * 4, as: UInt32.self)
          }
        }
      }
    }
    unsafe target += rows * columns * 4
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
