import Alignment
import Formats
import IR
import Importers
import Passes

/// Works out which channels of a model the options close.
struct ClosedChannels {
  let options: ClosingOptions
  let imported: ImportedModel
  /// The SHA-256 of the model file.
  let digest: String
  /// Whether statistics of another model are taken all the same.
  let isForced: Bool

  /// The marks, in the order in which the values were named.
  ///
  /// - Throws: `Failure` if a file cannot be read, or does not fit the model.
  func marks() throws -> [ChannelMark] {
    var graph = imported.model.graph
    graph.inferShapes()
    if let path = options.stats { return try marks(byStatistics: path, in: graph) }
    if let path = options.keep { return try marks(byKeeping: path, in: graph) }
    return []
  }

  /// The refitted head at full width, if there is one.
  ///
  /// - Throws: `Failure` if it cannot be read, or does not fit the model.
  func head(closing marks: [ChannelMark]) throws -> LinearHead? {
    guard let path = options.head else { return nil }
    let stored: StoredHead
    do {
      stored = try importHead(at: path)
    } catch {
      throw Failure(error)
    }
    // The last layer is known by its stored floats.
    let widened = try Pipeline.empty.storingWeights(in: .single).run(imported.model).model.graph
    let head = LinearHead(
      outputs: stored.shape[0], features: stored.shape[1], weights: stored.weights,
      bias: stored.bias)
    do {
      return try widened.fitted(head, closing: marks)
    } catch {
      var failure = Failure(error)
      failure.file = path
      throw failure
    }
  }

  // MARK: Statistics

  private func marks(byStatistics path: String, in graph: Graph) throws -> [ChannelMark] {
    let statistics = try StatisticsFiles.read(path)
    if !isForced { try StatisticsFiles.check(statistics, path, areOf: imported, digest: digest) }
    guard
      let rule = BilateralRule(
        excludeTop: options.shares.top, excludeBottom: options.shares.bottom)
    else { return [] }
    return try targets(of: statistics, path, in: graph).map { value, axis, discrepancies in
      try StatisticsFiles.check(discrepancies.count, of: value, axis, path, in: graph)
      return ChannelMark(
        value: value, axis: axis, closed: rule.closedChannels(discrepancies),
        scope: options.reach.scope)
    }
  }

  private func targets(
    of statistics: AlignmentStatistics, _ path: String, in graph: Graph
  ) throws -> [(value: String, axis: Int, discrepancies: [Double])] {
    let named = statistics.values.filter { $0.value != nil }
    guard named.count == statistics.values.count else {
      return try [unnamed(statistics.values[0], path, in: graph)]
    }
    return try StatisticsFiles.values(options.targets, of: statistics, path).map { entry in
      (entry.value ?? "", entry.axis ?? 1, entry.discrepancies)
    }
  }

  /// Statistics that do not say what they are of: of the target, or of the last feature map.
  private func unnamed(
    _ entry: ValueAlignment, _ path: String, in graph: Graph
  ) throws -> (value: String, axis: Int, discrepancies: [Double]) {
    guard options.targets.count <= 1 else {
      throw Failure(
        status: .usage, file: path,
        message: "the statistics are of one value, but --target names \(options.targets.count)")
    }
    if let target = options.targets.first { return (target, 1, entry.discrepancies) }
    do {
      let (value, axis) = try graph.defaultPruningTarget()
      return (value, axis, entry.discrepancies)
    } catch {
      throw Failure(error)
    }
  }

  // MARK: Lists of channels to keep

  private func marks(byKeeping path: String, in graph: Graph) throws -> [ChannelMark] {
    let lists: [KeptList]
    do {
      lists = try KeptList.read(path)
    } catch {
      let isUnreadable = error.kind == .notFound || error.kind == .unreadable
      throw Failure(error, status: isUnreadable ? .unreadableInput : .malformedInput)
    }
    return try lists.map { list in
      do {
        let count = try graph.channelCount(of: list.value, axis: list.axis)
        let closed = try list.closed(of: count)
        return ChannelMark(
          value: list.value, axis: list.axis, closed: closed, scope: options.reach.scope)
      } catch let error as TargetError {
        throw Failure(error)
      } catch let error as FormatError {
        var located = error
        located.path = path
        throw Failure(located, status: .malformedInput)
      }
    }
  }
}

extension Failure {
  /// Restates why channels cannot be closed.
  init(_ error: TargetError) {
    self.init(
      status: .malformedInput, message: error.message, hints: error.hint.map { [$0] } ?? [])
  }
}
