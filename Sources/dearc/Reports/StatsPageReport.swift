import Alignment

/// What the page of statistics shows.
struct StatsPageReport: Encodable {
  struct Value: Encodable {
    let name: String
    let images: Int?
    /// A number for each channel in every list.
    let rad: [Double]
    let standardErrors: [Double]?
    let insideMeans: [Double]?
    let outsideMeans: [Double]?
    /// Nil if there are none, which is also where none were asked for.
    let heatMaps: [ChannelHeatMaps]?
  }

  let path: String
  let facts: [[String]]
  let notes: [String]
  let excludeTop: Double
  let excludeBottom: Double
  let extremes: Int
  let values: [Value]

  init(
    _ report: StatsReport, _ values: [RankedValue], heatMaps: [[ChannelHeatMaps]]?, extremes: Int
  ) {
    path = report.path
    facts = [
      ("model", report.modelSHA256), ("tool", report.tool),
      ("preprocessing", report.preprocessing), ("selection", report.selection),
    ].compactMap { name, text in text.map { [name, $0] } }
    notes = [
      report.pictures?.summary ?? "The file does not say how they were measured.",
      report.batchesDone.map { "Of an interrupted run, after \($0) batches." },
      report.pictures?.missing,
    ].compactMap { $0 }
    excludeTop = report.excludeTop
    excludeBottom = report.excludeBottom
    self.extremes = extremes
    self.values = values.enumerated().map { number, value in
      let moments = value.alignment.moments
      return Value(
        name: value.name, images: moments?.count, rad: value.alignment.discrepancies,
        standardErrors: value.alignment.standardErrors, insideMeans: moments?.insideMeans,
        outsideMeans: moments?.outsideMeans, heatMaps: heatMaps?[number])
    }
  }
}

/// What one channel makes of the pictures on which it is strongest.
struct ChannelHeatMaps: Encodable {
  struct Picture: Encodable {
    let stem: String
    /// The mean of the activations.
    let mean: Double
    let width: Int
    let height: Int
    /// The drawing as a data URI.
    let uri: String
  }

  let channel: Int
  /// The activations of the first and the last colour.
  let lowest: Double
  let highest: Double
  let pictures: [Picture]
}
