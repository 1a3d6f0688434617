import IR

extension Constant {
  /// Bytes that a sparse tensor may take once all of its elements are written out.
  private static var denseLimit: Int { 1 << 32 }

  /// The same with every element stored, which kernels need.
  func dense() throws(ExecutionError) -> Constant {
    guard case .sparse(let values, let indices) = storage else {
      guard payload != nil else { throw ExecutionError(.unsupported, "stores no dense tensor") }
      return aligned
    }
    let width = try elementType.byteWidth
    guard let size = shape.checkedProduct?.multipliedReportingOverflow(by: width), !size.overflow,
      size.partialValue <= Self.denseLimit, let source = values.bytes,
      let places = try places(indices), places.count * width == source.count
    else { throw ExecutionError(.unsupported, "stores a sparse tensor that has no dense form") }
    var bytes = Array(repeating: UInt8(0), count: size.partialValue)
    for (number, place) in places.enumerated() {
      let range = place * width..<(place + 1) * width
      bytes.replaceSubrange(range, with: source[number * width..<(number + 1) * width])
    }
    let stored = Constant(bytes, shape: [bytes.count])
    return Constant(elementType: elementType, shape: shape, storage: stored.storage)
  }

  /// Where the elements that `indices` name lie: by number, or by coordinates.
  private func places(_ indices: Constant) throws(ExecutionError) -> [Int]? {
    guard let numbers = indices.integers else { return nil }
    let extents = indices.shape.count == 2 ? shape : [count]
    guard indices.shape.count <= 2, indices.shape.last == extents.count || indices.shape.count == 1,
      !extents.isEmpty
    else { return nil }
    var places: [Int] = []
    for row in 0..<numbers.count / extents.count {
      var place = 0
      for (axis, extent) in extents.enumerated() {
        place = place * extent + (try numbers[row * extents.count + axis].place(among: extent))
      }
      places.append(place)
    }
    return places
  }
}
