internal import COneDNN
import IR

/// Where the elements of each picture's channels lie, in terms of blocks of neighbouring channels.
///
/// Element (n, c, p), with positions p counted row by row, lies at
/// `start + n · pictureStride + c / block · blockStride + c % block + p · positionStride`.
public struct ChannelView: Hashable, Sendable {
  /// The number of pictures.
  public let pictures: Int
  /// The number of channels.
  public let channels: Int
  /// The number of rows of each map.
  public let rows: Int
  /// The number of columns of each map.
  public let columns: Int
  private var start = 0
  let pictureStride: Int
  /// How many channels lie side by side.
  let block: Int
  let blockStride: Int
  /// How far apart the elements of a map lie, row by row.
  public let positionStride: Int

  /// The number of positions.
  public var positions: Int { rows * columns }

  /// The view that an observation takes of a row-major tensor; nil if it is neither a feature map nor tokens that
  /// make one.
  ///
  /// - Parameters:
  ///   - observation: What is observed, of which only its axis and grid matter.
  ///   - shape: The tensor's extents.
  ///   - height: The number of rows that the pictures have.
  ///   - width: The number of columns that they have.
  public init?(_ observation: RegionObservation, of shape: [Int], height: Int, width: Int) {
    guard shape.count == 3 else {
      self.init(TensorInfo(.float32, shape), axis: observation.axis)
      return
    }
    guard observation.axis == 2,
      let grid = observation.grid ?? TokenGrid(tokens: shape[1], height: height, width: width)
    else { return nil }
    self.init(shape, tokens: grid)
  }

  /// Where the first element of a map lies.
  public func offset(picture: Int, channel: Int) -> Int {
    start + picture * pictureStride + channel / block * blockStride + channel % block
  }

  /// A feature map; nil if elements lie in another way, or the axis is none that channels can have.
  init?(_ info: TensorInfo, axis: Int) {
    let shape = info.shape
    guard shape.count == 4, axis == 1 || axis == 3, info.elementType == .float32,
      let (block, strides) = info.blocksOfChannels, block == 1 || axis == 1
    else { return nil }
    let places = axis == 1 ? (row: 2, column: 3) : (row: 1, column: 2)
    (pictures, channels) = (shape[0], shape[axis])
    (rows, columns) = (shape[places.row], shape[places.column])
    positionStride = strides[places.column]
    pictureStride = strides[0]
    guard rows == 1 || strides[places.row] == columns * positionStride else { return nil }
    if block == 1, strides[axis] == 1, positionStride >= channels {
      (self.block, blockStride) = (max(channels, 1), 0)
    } else {
      (self.block, blockStride) = (block, strides[axis])
    }
  }

  /// The last tokens of a row-major N×T×C as a map; nil if they are too few.
  init?(_ shape: [Int], tokens grid: TokenGrid) {
    guard shape.count == 3, grid.count <= shape[1] else { return nil }
    (pictures, channels, rows, columns) = (shape[0], shape[2], grid.rows, grid.columns)
    start = (shape[1] - grid.count) * channels
    pictureStride = shape[1] * channels
    (block, blockStride, positionStride) = (max(channels, 1), 0, channels)
  }
}

extension TensorInfo {
  /// How many channels (axis 1) lie side by side, and how far apart elements are along each axis, or blocks of
  /// them along that of channels; nil if elements lie in other blocks.
  fileprivate var blocksOfChannels: (block: Int, strides: [Int])? {
    guard case .special(let descriptor) = layout else { return (1, StridedView.rowMajor(shape)) }
    return descriptor.blocksOfChannels
  }
}

extension MemoryDescriptor {
  fileprivate var blocksOfChannels: (block: Int, strides: [Int])? {
    let blocking = unsafe raw.format_desc.blocking
    guard raw.format_kind == dnnl_blocked, raw.offset0 == 0 else { return nil }
    let strides = unsafe withUnsafeBytes(of: blocking.strides) { bytes in
      unsafe bytes.bindMemory(to: Int64.self).prefix(Int(raw.ndims)).map { Int($0) }
    }
    if blocking.inner_nblks == 0 { return (1, strides) }
    guard blocking.inner_nblks == 1, blocking.inner_idxs.0 == 1 else { return nil }
    return (Int(blocking.inner_blks.0), strides)
  }
}
