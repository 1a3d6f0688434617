internal import Executor
internal import IR

/// A value inside two models that is the same in both.
public struct SharedValue: Hashable, Sendable {
  /// Which slots of an axis belong together.
  public struct Slots: Hashable, Sendable {
    /// Their numbers before.
    public let before: [Int]
    /// Their numbers after, in the same order.
    public let after: [Int]

    /// Pairs slots.
    ///
    /// - Precondition: there are equally many of them.
    public init(before: [Int], after: [Int]) {
      precondition(before.count == after.count, "slots come in pairs")
      self.before = before
      self.after = after
    }
  }

  /// Its name before.
  public let before: String
  /// Its name after.
  public let after: String
  /// For each axis the slots that are compared, nil where all of them are; missing axes count as nil.
  public let slots: [Slots?]

  /// Names a value.
  public init(before: String, after: String, slots: [Slots?] = []) {
    self.before = before
    self.after = after
    self.slots = slots
  }
}

/// Runs two models for some of the values inside them, as many as there is room for at a time.
struct ValueSweep {
  private let before: Session
  private let after: Session
  private let count: Int

  /// Prepares both models to be run for `values`.
  ///
  /// - Throws: `ExecutionError` if either cannot be.
  init(
    _ before: Model, _ after: Model, _ values: some Collection<SharedValue>, threads: Int?
  ) throws(ExecutionError) {
    self.before = try Session(before.exposing(values.map(\.before)), threads: threads)
    self.after = try Session(after.exposing(values.map(\.after)), threads: threads)
    count = values.count
  }

  /// The values of both models for the inputs `tensors`.
  ///
  /// - Throws: `ExecutionError` if either model cannot be run on them.
  func run(_ tensors: [Constant]) throws(ExecutionError) -> [(before: Constant, after: Constant)] {
    let own = try before.run(tensors).suffix(count)
    return Array(zip(own, try after.run(tensors).suffix(count)).map { ($0, $1) })
  }
}

extension [SharedValue] {
  /// The values in runs, in order, none of which holds more than `byteLimit` bytes in both models together unless
  /// it is of one value; as far as extents are known for inputs of `shapes`.
  func sweeps(
    _ before: Graph, _ after: Graph, shapes: [[Int]], byteLimit: Int = 256 << 20
  ) -> [Range<Int>] {
    let (own, others) = (before.resultBytes(shapes), after.resultBytes(shapes))
    var (sweeps, start, total): ([Range<Int>], Int, Int) = ([], 0, 0)
    for (place, value) in enumerated() {
      let bytes =
        (own[ExactName(value.before)] ?? 0) + (others[ExactName(value.after)] ?? 0)
      if place > start, total + bytes > byteLimit {
        sweeps.append(start..<place)
        (start, total) = (place, 0)
      }
      total += bytes
    }
    return isEmpty ? [] : sweeps + [start..<count]
  }
}

extension Graph {
  /// How many bytes each computed value takes; where that cannot be told, as many as the largest of the others.
  fileprivate func resultBytes(_ shapes: [[Int]]) -> [ExactName: Int] {
    let inputs = Dictionary(zip(requiredInputs.map { values[$0].name }, shapes)) { first, _ in first
    }
    let cost = cost(inputShapes: inputs)
    let known = nodeIDs.compactMap { cost.byNode[$0].activationBytes }
    var bytes: [ExactName: Int] = [:]
    for node in nodeIDs {
      for case let result? in nodes[node].outputs {
        bytes[ExactName(values[result].name)] =
          cost.byNode[node].activationBytes ?? known.max() ?? 0
      }
    }
    return bytes
  }
}
