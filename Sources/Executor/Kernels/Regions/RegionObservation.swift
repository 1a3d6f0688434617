public import IR

/// A value whose sums over a region of each picture are wanted while a graph runs.
///
/// A feature map has its rows and columns last (N×C×h×w) or before its channels (N×h×w×C). The tokens of a
/// transformer (N×T×C) make a map as well: the last `rows · columns` of them, row by row, behind those that
/// stand for the whole picture.
public struct RegionObservation: Hashable, Sendable {
  /// What is observed; a node computes it.
  public let value: ValueID
  /// The axis of its channels.
  public let axis: Int
  /// The map that tokens make; nil for feature maps, and for tokens whose map follows from the picture's shape.
  public let grid: TokenGrid?

  /// Asks for the sums of `value`.
  public init(_ value: ValueID, axis: Int, grid: TokenGrid? = nil) {
    self.value = value
    self.axis = axis
    self.grid = grid
  }
}

extension Model {
  /// The part of the model that `observations` need, with their sums as its only outputs.
  ///
  /// ```
  /// before: graph(%image) { … %f … %logit }  → (%logit)
  /// after:  graph(%image, %region) { … %f  %sums, %areas = dearc.RegionSums(%f, %region) } → (%sums, %areas, …)
  /// ```
  ///
  /// The new input comes last: N×1×H×W numbers in single precision, 1 inside the region and 0 outside, of the
  /// picture's extents. For each observation there are two outputs in double precision: N×C×2, of each channel
  /// the sum of what lies inside, weighted by the region as it is at the map's extents, and the sum of
  /// everything; and N×2, the region's area there and the map's. Values are summed where they are computed,
  /// so that none is kept for it.
  public func observing(_ observations: [RegionObservation]) -> Model {
    var model = self
    model.graph.unlistOutputs()
    let name = model.graph.unusedName("region")
    let extents: Shape = [.unknown, .known(1), .unknown, .unknown]
    let region = model.graph.addInput(name, type: .tensor(TensorType(.float32, extents)))
    for (number, observation) in observations.enumerated() {
      model.graph.observe(observation, region, number: number)
    }
    return model
  }
}

extension Operator {
  /// Sums up a value inside a region and everywhere; see `Model.observing`.
  static let regionSums = Operator(domain: "dearc", type: "RegionSums")
}

extension Graph {
  fileprivate mutating func observe(
    _ observation: RegionObservation, _ region: ValueID, number: Int
  ) {
    guard let producer = producer(of: observation.value) else { return }
    var attributes = [Attribute("axis", .int(Int64(observation.axis)))]
    if let grid = observation.grid {
      attributes.append(Attribute("grid", .ints([Int64(grid.rows), Int64(grid.columns)])))
    }
    let draft = NodeDraft(
      .regionSums, name: values[observation.value].name, inputs: [observation.value, region],
      attributes: attributes, origin: nodes[producer].origin)
    let results = ["sums", "areas"].map { part in
      (name: unusedName("\(part) \(number)"), type: ValueType?.none)
    }
    let node = insert(draft, results: results, before: next(after: producer))
    for case let output? in nodes[node].outputs { addOutput(output) }
  }

  /// `name`, with as many strokes as it takes to be the only one.
  fileprivate func unusedName(_ name: String) -> String {
    var candidate = name
    while valueIDs.contains(where: { values[$0].name == candidate }) { candidate += "'" }
    return candidate
  }
}

/// The rows and columns that tokens make.
public struct TokenGrid: Hashable, Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int

  /// States a grid of at least one token; nil for others.
  public init?(rows: Int, columns: Int) {
    guard rows > 0, columns > 0, !rows.multipliedReportingOverflow(by: columns).overflow else {
      return nil
    }
    self.rows = rows
    self.columns = columns
  }

  /// How many tokens it has.
  public var count: Int { rows * columns }

  /// The grid of square patches that leaves the fewest of `tokens` over, if there is one.
  ///
  /// Transformers put at most a few tokens in front that stand for the whole picture.
  public init?(tokens: Int, height: Int, width: Int) {
    let grids = (1...max(min(height, width), 1)).compactMap { side in
      TokenGrid(rows: height / side, columns: width / side)
    }
    let fitting = grids.filter { (0...Self.leadingLimit).contains(tokens - $0.count) }
    guard let best = fitting.max(by: { $0.count < $1.count }),
      fitting.allSatisfy({ $0.count < best.count || $0 == best })
    else { return nil }
    self = best
  }

  /// The most tokens that may stand in front of those of patches.
  private static let leadingLimit = 8
}
