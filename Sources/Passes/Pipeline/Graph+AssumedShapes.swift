public import IR

extension Graph {
  /// Shapes for the inputs in which every open extent is a number, to estimate costs by.
  ///
  /// A symbol takes the number in `extents`; else the first axis is taken as 1, and others as 224.
  public func assumedInputShapes(_ extents: [String: Int]) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for input in requiredInputs {
      guard let shape = shape(of: input) else { continue }
      shapes[values[input].name] = shape.enumerated().map { axis, dimension in
        switch dimension {
        case .known(let count): count
        case .symbol(let name): extents[name] ?? (axis == 0 ? 1 : 224)
        case .unknown: axis == 0 ? 1 : 224
        }
      }
    }
    return shapes
  }
}
