internal import Glibc
import IR

// Operators that make one element of many along axes.

extension Planner {
  mutating func reduce(_ node: NodeID) throws(ExecutionError) {
    guard let kind = graph.nodes[node].op.kind, let view = ReductionView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its axes do not fit its data")
    }
    let data = try plain(node, 0)
    let gone = data.shape.indices.filter(view.reduces)
    let shape = data.shape.indices.compactMap { axis in
      gone.contains(axis) ? view.keepDims ? 1 : nil : data.shape[axis]
    }
    if gone.isEmpty, Self.keepsSingle.contains(kind) { return define(node, data) }
    let kept = data.shape.indices.filter { !gone.contains($0) }
    let lines = ReductionLines(data.shape, kept: kept, gone: gone)
    let type = data.elementType
    let result: Operand
    if type.isFloatingPoint {
      let wide = try cast(node, data, to: type == .float32 ? .float32 : .float64)
      let join = try Self.join(kind)
      result =
        wide.elementType == .float32
        ? try reduced(node, wide, lines, Float.self, .float32, shape) {
          Float(join($0.map(Double.init)))
        }
        : try reduced(node, wide, lines, Double.self, .float64, shape, join)
    } else {
      let wide = try cast(node, data, to: .int64)
      result = try reduced(node, wide, lines, Int64.self, .int64, shape, try Self.wholeJoin(kind))
    }
    define(node, try cast(node, result, to: type))
  }

  private static let keepsSingle: [OperatorKind] = [
    .reduceSum, .reduceMean, .reduceMax, .reduceMin, .reduceProd,
  ]

  private static func join(_ kind: OperatorKind) throws(ExecutionError) -> ([Double]) -> Double {
    switch kind {
    case .reduceSum: return { $0.reduce(0, +) }
    case .reduceMean: return { $0.reduce(0, +) / Double($0.count) }
    case .reduceProd: return { $0.reduce(1, *) }
    case .reduceMax:
      return { values in values.contains(where: \.isNaN) ? .nan : values.max() ?? -.infinity }
    case .reduceMin:
      return { values in values.contains(where: \.isNaN) ? .nan : values.min() ?? .infinity }
    case .reduceL1: return { $0.reduce(0) { $0 + abs($1) } }
    case .reduceL2: return { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    case .reduceSumSquare: return { $0.reduce(0) { $0 + $1 * $1 } }
    case .reduceLogSum: return { log($0.reduce(0, +)) }
    case .reduceLogSumExp:
      return { values in
        guard let top = values.max(), top.isFinite else { return values.max() ?? -.infinity }
        return top + log(values.reduce(0) { $0 + exp($1 - top) })
      }
    default: throw ExecutionError(.unsupported, "has no kernel")
    }
  }

  private static func wholeJoin(_ kind: OperatorKind) throws(ExecutionError) -> ([Int64]) -> Int64 {
    switch kind {
    case .reduceSum: return { $0.reduce(0, &+) }
    case .reduceMean: return { $0.isEmpty ? 0 : $0.reduce(0, &+) / Int64($0.count) }
    case .reduceProd: return { $0.reduce(1, &*) }
    case .reduceMax: return { $0.max() ?? .min }
    case .reduceMin: return { $0.min() ?? .max }
    case .reduceL1: return { $0.reduce(0) { $0 &+ abs($1) } }
    case .reduceSumSquare: return { $0.reduce(0) { $0 &+ $1 &* $1 } }
    default: throw ExecutionError(.unsupported, "has no kernel for whole numbers")
    }
  }

  private mutating func reduced<Element: BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ lines: ReductionLines, _ type: Element.Type,
    _ elementType: ElementType, _ shape: [Int], _ join: @escaping ([Element]) -> Element
  ) throws(ExecutionError) -> Operand {
    let counts = (data.count, shape.product)
    return try step(node, reads: [data], makes: [TensorInfo(elementType, shape)]) { buffers in
      let source = buffers.read(0, as: type, count: counts.0)
      let target = buffers.make(0, as: type, count: counts.1)
      return {
        lines.run { place, elements in
          target[place] = join(elements.map { source[$0] })
        }
      }
    }[0]
  }

  mutating func argReduce(_ node: NodeID) throws(ExecutionError) {
    let data = try cast(node, try plain(node, 0), to: .float64)
    guard let stated = graph.attribute(node, "axis", default: 0),
      let keeps = graph.attribute(node, "keepdims", default: true),
      let takesLast = graph.attribute(node, "select_last_index", default: false),
      (-data.shape.count..<data.shape.count).contains(stated)
    else {
      throw ExecutionError(.invalidOperands, "its axis does not fit data of shape \(data.shape)")
    }
    let axis = stated < 0 ? stated + data.shape.count : stated
    let isMax = graph.nodes[node].op.kind == .argMax
    let lines = ReductionLines(
      data.shape, kept: data.shape.indices.filter { $0 != axis }, gone: [axis])
    var shape = data.shape
    if keeps { shape[axis] = 1 } else { shape.remove(at: axis) }
    let counts = (data.count, shape.product)
    define(
      node,
      try step(node, reads: [data], makes: [TensorInfo(.int64, shape)]) { buffers in
        let source = buffers.read(0, as: Double.self, count: counts.0)
        let target = buffers.make(0, as: Int64.self, count: counts.1)
        return {
          lines.run { place, elements in
            var best = 0
            for (index, element) in elements.enumerated().dropFirst() {
              let (value, top) = (source[element], source[elements[best]])
              let wins = isMax ? value > top : value < top
              if wins || takesLast && value == top { best = index }
            }
            target[place] = Int64(best)
          }
        }
      }[0])
  }
}

/// Visits for each element of a reduction's result the elements that it is made of.
struct ReductionLines {
  private let starts: [Int]
  private let offsets: [Int]

  init(_ shape: [Int], kept: [Int], gone: [Int]) {
    let steps = StridedView.rowMajor(shape)
    func places(_ axes: [Int]) -> [Int] {
      StridedView(
        shape: axes.map { shape[$0] }, strides: axes.map { steps[$0] }, offset: 0
      ).positions
    }
    starts = places(kept)
    offsets = places(gone)
  }

  func run(_ visit: (_ place: Int, _ elements: [Int]) -> Void) {
    for (place, start) in starts.enumerated() { visit(place, offsets.map { start + $0 }) }
  }
}
