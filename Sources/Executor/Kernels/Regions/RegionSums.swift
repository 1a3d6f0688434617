import IR

// Sums of values over a region of each picture, taken while the graph runs.

extension Planner {
  /// dearc.RegionSums, which `Model.observing` describes.
  mutating func regionSums(_ node: NodeID) throws(ExecutionError) {
    var data = try operand(node, 0)
    let region = try plain(node, 1)
    guard region.elementType == .float32, region.shape.count == 4, region.shape[1] == 1 else {
      throw ExecutionError(
        .invalidOperands, "expected a region of shape N×1×H×W, found \(region.shape)")
    }
    if data.elementType != .float32 { data = try cast(node, try plain(data), to: .float32) }
    var view = try channelView(node, data, region)
    if view == nil {
      data = try plain(data)
      view = try channelView(node, data, region)
    }
    guard let view, view.pictures == region.shape[0] else {
      throw ExecutionError(
        .unsupported,
        "has no regions in a value of shape \(data.shape), with pictures of "
          + "\(region.shape[2])×\(region.shape[3])")
    }
    let (weights, areas) = try regionWeights(node, region, rows: view.rows, columns: view.columns)
    let sums = TensorInfo(.float64, [view.pictures, view.channels, 2])
    let count = data.info.byteCount.map { $0 / MemoryLayout<Float>.size } ?? 0
    let result = try step(node, reads: [data, weights], makes: [sums]) { buffers in
      let source = buffers.read(0, as: Float.self, count: count)
      let inside = buffers.read(1, as: Double.self, count: view.pictures * view.positions)
      let target = buffers.make(0, as: Double.self, count: sums.count)
      return { RegionSummation(view: view).run(source, inside, target) }
    }
    define(node, 0, result[0])
    define(node, 1, areas)
  }

  private func channelView(
    _ node: NodeID, _ data: Operand, _ region: Operand
  ) throws(ExecutionError) -> ChannelView? {
    let axis = graph.attribute(node, "axis", default: 1) ?? 1
    guard data.shape.count == 3 else { return ChannelView(data.info, axis: axis) }
    guard axis == 2, data.info.layout == .plain else { return nil }
    let stated = graph.attribute(node, "grid", default: [Int]()) ?? []
    let grid =
      stated.count == 2
      ? TokenGrid(rows: stated[0], columns: stated[1])
      : TokenGrid(tokens: data.shape[1], height: region.shape[2], width: region.shape[3])
    guard let grid else {
      throw ExecutionError(
        .unsupported,
        "\(data.shape[1]) tokens make no map of a picture of "
          + "\(region.shape[2])×\(region.shape[3])")
    }
    guard let view = ChannelView(data.shape, tokens: grid) else {
      throw ExecutionError(
        .unsupported,
        "\(data.shape[1]) tokens are too few for a map of \(grid.rows)×\(grid.columns)")
    }
    return view
  }

  /// How much each position of a map counts as inside, N×h·w in double precision, and N×2 areas.
  ///
  /// The region is resized as torch's `interpolate` does it, bilinearly, without corners aligned.
  private mutating func regionWeights(
    _ node: NodeID, _ region: Operand, rows: Int, columns: Int
  ) throws(ExecutionError) -> (weights: Operand, areas: Operand) {
    let key = RegionExtents(slot: region.slot, rows: rows, columns: columns)
    if let known = regionWeights[key] { return known }
    let (pictures, height, width) = (region.shape[0], region.shape[2], region.shape[3])
    let vertical = try AxisTable(resizing: height, to: rows)
    let horizontal = try AxisTable(resizing: width, to: columns)
    let positions = rows * columns
    let made = try step(
      node, reads: [region],
      makes: [
        TensorInfo(.float64, [pictures, positions]), TensorInfo(.float64, [pictures, 2]),
      ]
    ) { buffers in
      let source = buffers.read(0, as: Float.self, count: pictures * height * width)
      let target = buffers.make(0, as: Double.self, count: pictures * positions)
      let areas = buffers.make(1, as: Double.self, count: pictures * 2)
      return {
        for picture in 0..<pictures {
          var area = 0.0
          for position in 0..<positions {
            let (row, column) = (position / columns, position % columns)
            var weight = 0.0
            for (line, share) in vertical.taps(of: row) {
              let start = (picture * height + line) * width
              for (place, part) in horizontal.taps(of: column) {
                weight += share * part * Double(source[start + place])
              }
            }
            target[picture * positions + position] = weight
            area += weight
          }
          areas[picture * 2] = area
          areas[picture * 2 + 1] = Double(positions)
        }
      }
    }
    regionWeights[key] = (made[0], made[1])
    return (made[0], made[1])
  }
}

/// Which region, at which extents.
struct RegionExtents: Hashable {
  let slot: SlotID
  let rows: Int
  let columns: Int
}

extension AxisTable {
  fileprivate init(resizing extent: Int, to count: Int) throws(ExecutionError) {
    let scaling = AxisScaling(extent: extent, count: count, scale: Double(count) / Double(extent))
    try self.init(
      scaling, .linear, transformation: "half_pixel", antialias: false, excludesOutside: false)
  }

  /// The elements that the result at `position` is made of, and their weights.
  fileprivate func taps(of position: Int) -> Zip2Sequence<ArraySlice<Int>, ArraySlice<Double>> {
    let range = position * taps..<(position + 1) * taps
    return zip(sources[range], weights[range])
  }
}

/// Sums up every channel of every picture.
private struct RegionSummation {
  let view: ChannelView

  /// How many channels are summed at a time where they lie side by side.
  private static let lanes = 8
  /// How many channels share a line of the processor's cache, and so a thread.
  private static let group = 16
  /// After how many positions the other half of the lines is summed, while they are still in the cache.
  private static let stretch = 256

  func run(_ source: Elements<Float>, _ weights: Elements<Double>, _ target: Elements<Double>) {
    let groups = (view.channels + Self.group - 1) / Self.group
    let units = view.pictures * groups
    Threads.share(units, cost: Self.group * view.positions) { range in
      for unit in range { sum(unit, of: groups, source, weights, target) }
    }
  }

  /// One group of channels of one picture.
  private func sum(
    _ unit: Int, of groups: Int, _ source: Elements<Float>, _ weights: Elements<Double>,
    _ target: Elements<Double>
  ) {
    let (picture, first) = (unit / groups, unit % groups * Self.group)
    let end = min(first + Self.group, view.channels)
    let areBeside = view.block % Self.lanes == 0
    let together = areBeside ? (end - first) / Self.lanes * Self.lanes : 0
    sumTogether(picture, first..<first + together, source, weights, target)
    for channel in first + together..<end { sum(picture, channel, source, weights, target) }
  }

  /// Eight channels or sixteen, of which eight at a time lie side by side.
  private func sumTogether(
    _ picture: Int, _ channels: Range<Int>, _ source: Elements<Float>,
    _ weights: Elements<Double>, _ target: Elements<Double>
  ) {
    guard !channels.isEmpty else { return }
    let start = picture * view.positions
    let other = min(channels.lowerBound + Self.lanes, channels.upperBound - 1)
    let places = (
      view.offset(picture: picture, channel: channels.lowerBound),
      view.offset(picture: picture, channel: other)
    )
    var sums = (LaneSums(), LaneSums())
    for first in stride(from: 0, to: view.positions, by: Self.stretch) {
      let range = first..<min(first + Self.stretch, view.positions)
      sums.0.add(source, places.0, view.positionStride, weights, start, range)
      if channels.count > Self.lanes {
        sums.1.add(source, places.1, view.positionStride, weights, start, range)
      }
    }
    for (index, channel) in channels.enumerated() {
      let (half, lane) = (index < Self.lanes ? sums.0 : sums.1, index % Self.lanes)
      write(picture, channel, half.inside[lane], half.all[lane], target)
    }
  }

  /// One channel, eight positions at a time where they lie side by side.
  private func sum(
    _ picture: Int, _ channel: Int, _ source: Elements<Float>, _ weights: Elements<Double>,
    _ target: Elements<Double>
  ) {
    let (start, weight) = (
      view.offset(picture: picture, channel: channel), picture * view.positions
    )
    var (inside, all) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
    var position = 0
    if view.positionStride == 1 {
      while position + Self.lanes <= view.positions {
        let elements = SIMD8<Double>(source.eight(at: start + position))
        inside += elements * weights.eight(at: weight + position)
        all += elements
        position += Self.lanes
      }
    }
    var (insideRest, rest) = (0.0, 0.0)
    while position < view.positions {
      let element = Double(source[start + position * view.positionStride])
      insideRest += element * weights[weight + position]
      rest += element
      position += 1
    }
    write(picture, channel, inside.sum() + insideRest, all.sum() + rest, target)
  }

  private func write(
    _ picture: Int, _ channel: Int, _ inside: Double, _ all: Double, _ target: Elements<Double>
  ) {
    let place = (picture * view.channels + channel) * 2
    target[place] = inside
    target[place + 1] = all
  }
}

/// The sums of eight channels that lie side by side.
private struct LaneSums {
  private(set) var inside = SIMD8<Double>.zero
  private(set) var all = SIMD8<Double>.zero

  /// Adds the positions in `range`, which lie `distance` apart from `place` on.
  @inline(__always)
  mutating func add(
    _ source: Elements<Float>, _ place: Int, _ distance: Int, _ weights: Elements<Double>,
    _ start: Int, _ range: Range<Int>
  ) {
    var (inside, all) = (inside, all)
    var place = place + range.lowerBound * distance
    for position in range {
      let elements = SIMD8<Double>(source.eight(at: place))
      inside += elements * weights[start + position]
      all += elements
      place += distance
    }
    (self.inside, self.all) = (inside, all)
  }
}
