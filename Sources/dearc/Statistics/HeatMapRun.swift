import Alignment
import Dissection
import Executor
import Formats
import IR
import Images
import Importers
import Passes

/// Draws what the most extreme channels make of pictures.
struct HeatMapRun {
  /// How many channels at each end of a value are drawn.
  private static let channelCount = 4
  /// On how many pictures.
  private static let pictureCount = 3
  /// How large a drawing is at most.
  private static let side = 160
  /// Of how many values; each adds about a megabyte to the page.
  private static let valueLimit = 12

  private let options: HeatMapOptions
  private let path: String
  private let imported: ImportedModel
  private let graph: Graph
  private let preparation: SamplePreparation
  private let pairs: [DiagnosticPair]
  /// The files that are read, which the page must not replace.
  let inputs: [String]

  /// Reads the model, which has to be the one that was measured, and finds the pairs.
  ///
  /// - Throws: `Failure` if it is not, cannot be read, nobody says how pictures are prepared, or there are none.
  init(
    _ options: HeatMapOptions, model: String, _ statistics: AlignmentStatistics, path: String
  ) throws {
    self.options = options
    self.path = path
    do throws(ImportError) {
      imported = try importModel(at: model, options: ImportOptions())
    } catch {
      throw Failure(error)
    }
    if !options.force {
      let digest = try ModelFiles.digests(of: [model])[0]
      try StatisticsFiles.check(statistics, path, areOf: imported, digest: digest)
    }
    var graph = imported.model.graph
    graph.inferShapes()
    self.graph = graph
    preparation = try Self.preparation(options, imported, model, statistics.measurement)
    let images = options.images ?? ""
    pairs = try DissectionRun.pairs(images, options.masks ?? images).pairs
    inputs = [model] + pairs.flatMap { [$0.picture, $0.mask] }
  }

  /// As asked for, as the statistics say, or as the model does.
  private static func preparation(
    _ options: HeatMapOptions, _ imported: ImportedModel, _ model: String,
    _ measurement: AlignmentStatistics.Measurement?
  ) throws -> SamplePreparation {
    let recorded = measurement.flatMap { try? Preprocessing($0.preprocessing) }
    guard let preprocessing = try options.preprocessing.stated(by: imported, recorded: recorded)
    else { throw Failure.unstatedPreprocessing(of: model) }
    let selection = measurement.flatMap { JSONDocument.record(Selection.self, $0.selection) }
    return SamplePreparation(
      preprocessing, crop: options.crop ?? selection?.crop.flatMap(Self.possible),
      seed: options.seed ?? selection?.seed ?? 0)
  }

  /// The side of a crop that a file states, if there can be one.
  private static func possible(_ side: Int) -> Int? {
    (1...ImageLimits.inputExtent).contains(side) ? side : nil
  }

  /// For each of `values`, the heat maps of its most extreme channels, the largest discrepancy first.
  ///
  /// - Throws: `Failure` if the model has no such values or cannot be run, or no picture can be used.
  func run(_ values: [RankedValue], _ progress: inout Progress) throws -> [[ChannelHeatMaps]] {
    let choices = try choices(values)
    let batches = preparation.sized(pairs).batches(limit: nil)
    do {
      var search = try ActivationSearch(
        imported.model, choices, preparation, limit: Self.pictureCount, side: Self.side,
        threads: options.threads)
      var done = 0
      for batch in batches {
        let known = search.faults.count
        try search.look(at: batch)
        for fault in search.faults[known...] {
          Terminal.printWarning("\(fault.path): \(fault.message); it is not shown")
        }
        done += batch.count
        progress.report("\(done) of \(pairs.count) pictures")
      }
      guard search.finds.contains(where: { $0.contains { !$0.isEmpty } }) else {
        throw Failure(
          status: .malformedInput, file: options.images,
          message: "no picture can be used for heat maps")
      }
      return try drawings(choices, search.finds)
    } catch let error as ExecutionError {
      throw Failure(error)
    }
  }

  private func choices(_ values: [RankedValue]) throws -> [ChannelChoice] {
    guard values.count <= Self.valueLimit else {
      throw Failure(
        status: .usage, file: path,
        message: "heat maps of \(values.count) values would make too large a page",
        hints: ["Name up to \(Self.valueLimit) values with --target."])
    }
    return try values.map { value in
      let (name, axis) = try place(of: value)
      try StatisticsFiles.check(value.ranking.count, of: name, axis, path, in: graph)
      guard let target = DissectionTarget(named: name, axis: axis, grid: options.tokens, in: graph)
      else { throw Failure(status: .internalError, message: "'\(name)' cannot be found again") }
      let ends = value.extremes(Self.channelCount)
      return ChannelChoice(
        target, channels: (Array(ends.top) + Array(ends.bottom)).map { value.ranking[$0] })
    }
  }

  /// The value's name and the axis of its channels; those that DEAR measures where the file does not say.
  private func place(of value: RankedValue) throws -> (String, Int) {
    if let name = value.alignment.value { return (name, value.alignment.axis ?? 1) }
    do {
      return try graph.defaultPruningTarget()
    } catch {
      throw Failure(error)
    }
  }

  private func drawings(
    _ choices: [ChannelChoice], _ finds: [[[ActivationSearch.Find]]]
  ) throws -> [[ChannelHeatMaps]] {
    try zip(choices, finds).map { choice, channels in
      try zip(choice.channels, channels).map { channel, finds in
        // All drawings of a channel have one scale, so that they can be compared.
        let values = finds.flatMap(\.map.values).filter(\.isFinite)
        let range = (values.min() ?? 0)...(values.max() ?? 0)
        return ChannelHeatMaps(
          channel: channel, lowest: Double(range.lowerBound), highest: Double(range.upperBound),
          pictures: try finds.map { try Self.picture($0, range) })
      }
    }
  }

  private static func picture(
    _ find: ActivationSearch.Find, _ range: ClosedRange<Float>
  ) throws -> ChannelHeatMaps.Picture {
    let drawing = HeatMap.drawing(
      of: find.map, over: find.picture, mask: find.mask, range: range)
    do {
      let text = try drawing.png().withUnsafeBytes { Base64.encode($0) }
      return ChannelHeatMaps.Picture(
        stem: find.stem, mean: find.mean, width: drawing.width, height: drawing.height,
        uri: "data:image/png;base64," + String(decoding: text, as: UTF8.self))
    } catch {
      throw Failure(error)
    }
  }
}
