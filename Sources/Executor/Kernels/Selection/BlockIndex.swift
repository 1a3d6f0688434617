import IR

/// Says which blocks of a tensor are named by a tensor of indices, in the order of the indices.
struct BlockIndex {
  /// How many elements lie one after the other in a block.
  let size: Int
  /// How many indices there are.
  let indexCount: Int
  private let form: Form

  private enum Form {
    /// Each index names one element: it stands for the place along one axis.
    case axis(StridedWalk, step: Int, extent: Int)
    /// Each row of indices names one block: they stand for the places along several axes.
    case rows(perBatch: Int, batchStep: Int, extents: [Int], steps: [Int])
  }

  /// Indices along `axis` of data, whose other coordinates are those of the index itself.
  init(axis stated: Int, data: [Int], indices: [Int]) throws(ExecutionError) {
    let rank = data.count
    let axis = stated < 0 ? stated.addingReportingOverflow(rank).partialValue : stated
    guard data.indices.contains(axis), indices.count == rank, !data.contains(0),
      data.indices.allSatisfy({ $0 == axis || indices[$0] <= data[$0] })
    else { throw .misfit(indices, data) }
    var steps = StridedView.rowMajor(data)
    let step = steps[axis]
    steps[axis] = 0
    let walk = StridedWalk([StridedView(shape: indices, strides: steps, offset: 0)])
    form = .axis(walk, step: step, extent: data[axis])
    size = 1
    indexCount = indices.product
  }

  /// Rows of indices along the axes after the first `batchAxes`, which data and indices share.
  init(rowsAfter batchAxes: Int, data: [Int], indices: [Int]) throws(ExecutionError) {
    let last = indices.count - 1
    guard batchAxes >= 0, batchAxes <= last, let width = indices.last, width > 0,
      batchAxes + width <= data.count, !data.contains(0),
      data[..<batchAxes] == indices[..<batchAxes]
    else { throw .misfit(indices, data) }
    let steps = StridedView.rowMajor(data)
    let axes = batchAxes..<batchAxes + width
    form = .rows(
      perBatch: indices[batchAxes..<last].product, batchStep: data[batchAxes...].product,
      extents: Array(data[axes]), steps: Array(steps[axes]))
    size = data[axes.upperBound...].product
    indexCount = indices.product
  }

  /// Where each block starts, in elements.
  func places(_ indices: Elements<Int64>) throws(ExecutionError) -> [Int] {
    switch form {
    case .axis(let walk, let step, let extent):
      var places = try indices.places(among: extent)
      walk.run { place, starts, strides, count in
        for offset in 0..<count {
          let start = starts[0] + offset * strides[0]
          places[place + offset] = places[place + offset] * step + start
        }
      }
      return places
    case .rows(let perBatch, let batchStep, let extents, let steps):
      var places: [Int] = []
      for row in 0..<indices.count / extents.count {
        var place = row / perBatch * batchStep
        for (column, extent) in extents.enumerated() {
          let index = indices[row * extents.count + column]
          place += try index.place(among: extent) * steps[column]
        }
        places.append(place)
      }
      return places
    }
  }
}

extension Int64 {
  /// The place that an index means, where negative ones count from the end.
  func place(among extent: Int) throws(ExecutionError) -> Int {
    let place = self < 0 ? Int(self) + extent : Int(self)
    guard place >= 0, place < extent else { throw .outOfRange(self, extent) }
    return place
  }
}

extension Elements<Int64> {
  /// The places that the indices mean, where negative ones count from the end.
  fileprivate func places(among extent: Int) throws(ExecutionError) -> [Int] {
    var places: [Int] = []
    places.reserveCapacity(count)
    for number in 0..<count { places.append(try self[number].place(among: extent)) }
    return places
  }
}

extension ExecutionError {
  fileprivate static func misfit(_ indices: [Int], _ data: [Int]) -> ExecutionError {
    ExecutionError(
      .invalidOperands, "indices of shape \(indices) do not fit data of shape \(data)")
  }
}

extension TensorInfo {
  /// A tensor whose extents a file asks for, if it is not too large to count its bytes.
  static func sized(_ type: ElementType, _ shape: [Int]) throws(ExecutionError) -> TensorInfo {
    let info = TensorInfo(type, shape)
    guard shape.allSatisfy({ $0 >= 0 }), info.byteCount != nil else {
      throw ExecutionError(.invalidOperands, "a result of shape \(shape) is too large")
    }
    return info
  }
}

extension ElementType {
  /// The bytes of one element, where elements can be moved one by one.
  var byteWidth: Int {
    get throws(ExecutionError) {
      guard bitWidth >= 8 else {
        throw ExecutionError(.unsupported, "has no kernel for elements of type \(self)")
      }
      return bitWidth / 8
    }
  }
}
