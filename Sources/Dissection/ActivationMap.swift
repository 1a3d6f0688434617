import Executor
import IR
import Images
/// What one channel makes of one picture.
public struct ActivationMap: Hashable, Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// The activations, row by row.
  public let values: [Float]

  /// The mean of all activations.
  public var mean: Double {
    values.isEmpty ? 0 : values.reduce(0) { $0 + Double($1) } / Double(values.count)
  }

  /// States a map, of as many values as its extents say.
  ///
  /// - Precondition: it has a value.
  public init(rows: Int, columns: Int, values: [Float]) {
    precondition(rows > 0 && columns > 0 && values.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The map made smaller, if need be, so that neither extent is above `side`; positions become means.
  ///
  /// - Precondition: `side` is positive.
  public func fitted(into side: Int) -> ActivationMap {
    guard max(rows, columns) > side else { return self }
    let (newRows, newColumns) = (min(rows, side), min(columns, side))
    /// The old positions that a new one stands for.
    func span(_ place: Int, _ old: Int, _ new: Int) -> Range<Int> {
      place * old / new..<((place + 1) * old + new - 1) / new
    }
    var values: [Float] = []
    values.reserveCapacity(newRows * newColumns)
    for row in 0..<newRows {
      for column in 0..<newColumns {
        let (down, along) = (span(row, rows, newRows), span(column, columns, newColumns))
        let sum = down.reduce(0) { sum, row in
          along.reduce(sum) { $0 + Double(self.values[row * columns + $1]) }
        }
        values.append(Float(sum / Double(down.count * along.count)))
      }
    }
    return ActivationMap(rows: newRows, columns: newColumns, values: values)
  }

  /// The value at a place between positions, by its four neighbours; beyond the border, that of the border.
  func value(row: Double, column: Double) -> Float {
    let (row, column) = (
      min(max(row, 0), Double(rows - 1)), min(max(column, 0), Double(columns - 1))
    )
    let (top, left) = (Int(row), Int(column))
    let (bottom, right) = (min(top + 1, rows - 1), min(left + 1, columns - 1))
    let (down, along) = (Float(row - Double(top)), Float(column - Double(left)))
    func at(_ row: Int, _ column: Int) -> Float { values[row * columns + column] }
    let upper = at(top, left) * (1 - along) + at(top, right) * along
    let lower = at(bottom, left) * (1 - along) + at(bottom, right) * along
    return upper * (1 - down) + lower * down
  }
}

/// Some channels of a value.
public struct ChannelChoice: Hashable, Sendable {
  /// The value.
  public let target: DissectionTarget
  /// The numbers of the channels.
  public let channels: [Int]

  /// Chooses channels.
  public init(_ target: DissectionTarget, channels: [Int]) {
    self.target = target
    self.channels = channels
  }
}

/// Runs a network for what some of its channels make of pictures.
struct ActivationMeasurement {
  private let session: Session
  private let choices: [ChannelChoice]

  init(_ model: Model, _ choices: [ChannelChoice], threads: Int?) throws(ExecutionError) {
    self.choices = choices
    var part = model
    part.graph.unlistOutputs()
    session = try Session(part.exposing(choices.map(\.target.name)), threads: threads)
  }

  /// For each choice and each of `samples`, which have equal extents, the maps of the channels.
  func maps(of samples: [DiagnosticSample]) throws(ExecutionError) -> [[[ActivationMap]]] {
    guard let first = samples.first else { return choices.map { _ in [] } }
    let pictures = Constant(
      samples.flatMap(\.picture.values),
      shape: [samples.count] + first.picture.shape.dropFirst())
    let results = try session.run([pictures])
    var maps: [[[ActivationMap]]] = []
    for (choice, result) in zip(choices, results) {
      guard
        let view = ChannelView(
          choice.target.observation, of: result.shape, height: first.extents.height,
          width: first.extents.width), view.positions > 0,
        let elements = result.inSinglePrecision?.elements(as: Float.self),
        view.pictures == samples.count, choice.channels.allSatisfy({ $0 < view.channels })
      else {
        throw ExecutionError(
          mismatch: "'\(choice.target.name)' is of the shape \(result.shape), which is no map of "
            + "\(samples.count) pictures with these channels")
      }
      maps.append(
        samples.indices.map { picture in
          choice.channels.map { view.map(elements, picture: picture, channel: $0) }
        })
    }
    return maps
  }
}

extension ChannelView {
  fileprivate func map(_ elements: [Float], picture: Int, channel: Int) -> ActivationMap {
    let first = offset(picture: picture, channel: channel)
    return ActivationMap(
      rows: rows, columns: columns,
      values: (0..<positions).map { elements[first + $0 * positionStride] })
  }
}
