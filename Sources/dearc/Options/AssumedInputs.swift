import IR
import Passes

/// The input shapes that work is counted for and costs are weighed at.
struct AssumedInputs {
  /// The extents of every input of known rank, by name.
  let shapes: [String: [Int]]
  /// The extents that these give to names in the graph.
  let extents: [String: Int]

  /// Takes `given` shapes where there are any, and usual ones otherwise.
  ///
  /// - Throws: `Failure` if a given shape does not fit any input.
  init(_ graph: Graph, given: [InputShape]) throws {
    var shapes = graph.assumedInputShapes([:])
    for shape in given {
      try Self.check(shape, against: graph)
      shapes[shape.name] = shape.extents
    }
    var extents: [String: Int] = [:]
    for input in graph.requiredInputs {
      let assumed = shapes[graph.values[input].name] ?? []
      for case (.symbol(let name), let extent) in zip(graph.shape(of: input) ?? [], assumed) {
        extents[name] = extent
      }
    }
    self.shapes = shapes
    self.extents = extents
  }

  private static func check(_ given: InputShape, against graph: Graph) throws {
    let inputs = graph.requiredInputs.map { graph.values[$0] }
    guard let input = inputs.first(where: { $0.name == given.name }) else {
      let names = inputs.map(\.name).joined(separator: ", ")
      throw Failure(
        status: .usage, message: "--input-shape: there is no input '\(given.name)'",
        hints: ["The inputs are: \(names)"])
    }
    guard let stated = input.shape else { return }
    let fits =
      stated.count == given.extents.count
      && zip(stated, given.extents).allSatisfy { $0.count == nil || $0.count == $1 }
    guard fits else {
      throw Failure(
        status: .usage,
        message: "--input-shape: '\(given.name)' is \(input.type?.summary ?? "of another shape")")
    }
  }
}
