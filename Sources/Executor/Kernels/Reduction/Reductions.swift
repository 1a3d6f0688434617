internal import Glibc
import IR

// Operators that make one element of many along axes.

extension Planner {
  mutating func reduce(_ node: NodeID) throws(ExecutionError) {
    guard let kind = graph.nodes[node].op.kind, let view = ReductionView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its axes do not fit its data")
    }
    let data = try operand(node, 0)
    let gone = data.shape.indices.filter(view.reduces)
    if gone.isEmpty, Self.keepsSingle.contains(kind) { return define(node, data) }
    var result = try reduced(node, kind, data, gone)
    if !view.keepDims {
      let kept = data.shape.indices.filter { !gone.contains($0) }.map { data.shape[$0] }
      result = self.view(try plain(result), as: TensorInfo(result.elementType, kept))
    }
    define(node, result)
  }

  private static let keepsSingle: [OperatorKind] = [
    .reduceSum, .reduceMean, .reduceMax, .reduceMin, .reduceProd,
  ]

  /// Reduces the axes `gone`, which stay with extent 1.
  private mutating func reduced(
    _ node: NodeID, _ kind: OperatorKind, _ data: Operand, _ gone: [Int]
  ) throws(ExecutionError) -> Operand {
    let type = data.elementType
    switch type {
    case .float32:
      if kind == .reduceMean, data.info.isBlocked, gone == Array(2..<data.shape.count) {
        return try mean(data)
      }
      return try reducedFloats(node, kind, data, gone, Float.self)
    case _ where type.isFloatingPoint:
      let wide = try cast(node, data, to: .float64)
      return try cast(node, try reducedFloats(node, kind, wide, gone, Double.self), to: type)
    default:
      guard let function = ReductionFunction(whole: kind) else {
        throw ExecutionError(.unsupported, "has no kernel for whole numbers")
      }
      let wide = try cast(node, data, to: .int64)
      return try cast(node, try reduced(node, wide, gone, function), to: type)
    }
  }

  private mutating func reducedFloats<Element: BitwiseCopyable & BinaryFloatingPoint>(
    _ node: NodeID, _ kind: OperatorKind, _ data: Operand, _ gone: [Int], _ type: Element.Type
  ) throws(ExecutionError) -> Operand {
    if let function = ReductionFunction<Element, Double>(sum: kind) {
      return try reduced(node, data, gone, function)
    }
    if let function = ReductionFunction<Element, Element>(bound: kind) {
      return try reduced(node, data, gone, function)
    }
    guard kind == .reduceLogSumExp,
      let largest = ReductionFunction<Element, Element>(bound: .reduceMax),
      let sum = ReductionFunction<Double, Double>(sum: .reduceSum)
    else { throw ExecutionError(.unsupported, "has no kernel") }
    let top = try reduced(node, data, gone, largest)
    let powers = try pairwise(node, data, top, type, .float64) { exp(Double($0) - Double($1)) }
    let total = try reduced(node, powers, gone, sum)
    return try pairwise(
      node, try cast(node, total, to: data.elementType), top, type, data.elementType
    ) {
      $1.isFinite ? Element(log(Double($0))) + $1 : $1
    }
  }

  private mutating func reduced<Element: BitwiseCopyable, State: BitwiseCopyable>(
    _ node: NodeID, _ operand: Operand, _ gone: [Int], _ function: ReductionFunction<Element, State>
  ) throws(ExecutionError) -> Operand {
    let data = operand.info.isBlocked ? try plain(operand) : operand
    var shape = data.shape
    for axis in gone { shape[axis] = 1 }
    let walk = ReductionWalk(data.info, gone: gone)
    let counts = (data.count, shape.product)
    return try step(node, reads: [data], makes: [TensorInfo(data.elementType, shape)]) { buffers in
      let source = buffers.read(0, as: Element.self, count: counts.0)
      let target = buffers.make(0, as: Element.self, count: counts.1)
      return { walk.run(source, target, function) }
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

/// Reduces a tensor as it lies in memory.
private struct ReductionWalk {
  /// For each element of the result, where what it is made of starts, and where it belongs.
  private let kept: StridedWalk
  /// What belongs to one element of the result, counted from its start.
  private let lines: [Line]
  private let lineCount: Int
  /// Whether neighbours in memory belong to neighbours of the result.
  private let goesByRows: Bool
  /// How many states are worked on at a time, such that they stay in the cache.
  private static let rowLength = 512

  init(_ info: TensorInfo, gone: [Int]) {
    let steps = info.strides ?? StridedView.rowMajor(info.shape)
    var shape = info.shape
    for axis in gone { shape[axis] = 1 }
    let targets = StridedView.rowMajor(shape)
    let order = info.shape.indices.sorted { (steps[$1], $0) < (steps[$0], $1) }
    func view(_ axes: [Int], _ steps: [Int]) -> StridedView {
      StridedView(
        shape: axes.map { info.shape[$0] }, strides: axes.map { steps[$0] }, offset: 0)
    }
    let (keptAxes, goneAxes) = (
      order.filter { !gone.contains($0) }, order.filter(gone.contains)
    )
    kept = StridedWalk([view(keptAxes, steps), view(keptAxes, targets)])
    let walk = StridedWalk([view(goneAxes, steps)])
    var lines: [Line] = []
    walk.run { _, starts, steps, count in
      lines.append(Line(start: starts[0], step: steps[0], count: count))
    }
    self.lines = lines
    lineCount = walk.count
    let innermost = order.last { info.shape[$0] > 1 }
    goesByRows = innermost.map { steps[$0] == 1 && !gone.contains($0) } ?? false
  }

  func run<Element: BitwiseCopyable, State: BitwiseCopyable>(
    _ source: Elements<Element>, _ target: Elements<Element>,
    _ function: ReductionFunction<Element, State>
  ) {
    Threads.share(kept.count, cost: max(lineCount, 1)) { range in
      kept.run(range) { _, starts, steps, count in
        if goesByRows, steps[0] == 1 {
          reduceRows(source, target, function, starts, steps[1], count)
        } else {
          for index in 0..<count {
            let start = starts[0] + index * steps[0]
            let state = lines.reduce(function.initial) { state, line in
              function.fold(
                state, source,
                Line(start: start + line.start, step: line.step, count: line.count))
            }
            target[starts[1] + index * steps[1]] = function.finish(state, lineCount)
          }
        }
      }
    }
  }

  /// Reduces `count` neighbours side by side.
  private func reduceRows<Element: BitwiseCopyable, State: BitwiseCopyable>(
    _ source: Elements<Element>, _ target: Elements<Element>,
    _ function: ReductionFunction<Element, State>, _ starts: [Int], _ step: Int, _ count: Int
  ) {
    Elements<State>.withTemporary(count: min(count, Self.rowLength)) { memory in
      for first in stride(from: 0, to: count, by: Self.rowLength) {
        let states = memory.part(from: 0, min(count - first, Self.rowLength))
        states.fill(function.initial)
        for line in lines {
          for index in 0..<line.count {
            let start = starts[0] + first + line.start + index * line.step
            function.foldRow(states, source.part(from: start, states.count))
          }
        }
        for index in 0..<states.count {
          target[starts[1] + (first + index) * step] = function.finish(states[index], lineCount)
        }
      }
    }
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
