import IR

// The largest or smallest elements along an axis.

extension Planner {
  mutating func topK(_ node: NodeID) throws(ExecutionError) {
    let operand = try operand(node, 0)
    if let axis = axis(node, default: -1, rank: operand.shape.count),
      let result = try sortedPlanes(node, operand, axis)
    {
      return define(node, 0, result)
    }
    let data = try plain(operand)
    guard let axis = axis(node, default: -1, rank: data.shape.count),
      let isLargest = graph.attribute(node, "largest", default: true),
      let count = try chosenCount(node), (0...data.shape[axis]).contains(count)
    else {
      throw ExecutionError(
        .invalidOperands, "so many elements do not fit data of shape \(data.shape)")
    }
    var shape = data.shape
    shape[axis] = count
    let infos = [TensorInfo(data.elementType, shape), TensorInfo(.int64, shape)]
    guard shape.product > 0 else {
      define(node, 0, try zeros(node, infos[0]))
      return define(node, 1, try zeros(node, infos[1]))
    }
    let form = TopKForm(data.shape, axis: axis, count: count, isLargest: isLargest)
    let type = data.elementType
    let results =
      switch type {
      case .float64: try topK(node, data, data, form, infos, Double.self)
      case .uint64: try topK(node, data, data, form, infos, UInt64.self)
      case _ where type.isFloatingPoint:
        try topK(node, data, try cast(node, data, to: .float32), form, infos, Float.self)
      default: try topK(node, data, try cast(node, data, to: .int64), form, infos, Int64.self)
      }
    for (index, result) in results.enumerated() { define(node, index, result) }
  }

  /// The values alone, if only they are read and a network sorts them; whatever order the data lies in.
  private mutating func sortedPlanes(
    _ node: NodeID, _ operand: Operand, _ axis: Int
  ) throws(ExecutionError) -> Operand? {
    guard operand.elementType == .float32, operand.constant == nil, operand.count > 0,
      (1...6).contains(operand.shape.count),
      graph.nodes[node].output(1).map({ graph.values[$0].uses.isEmpty }) ?? true,
      let isLargest = graph.attribute(node, "largest", default: true),
      let count = try chosenCount(node), (1...operand.shape[axis]).contains(count),
      SortingNetwork.suits(extent: operand.shape[axis], count: count)
    else { return nil }
    if operand.info.layout != .plain, let front = front(operand, axis) {
      let form = TopKForm(front.shape, axis: 0, count: count, isLargest: isLargest)
      return try back(try sorted(node, front, axis: 0, form), to: axis)
    }
    let data = try plain(operand)
    let form = TopKForm(data.shape, axis: axis, count: count, isLargest: isLargest)
    return try sorted(node, data, axis: axis, form)
  }

  private mutating func sorted(
    _ node: NodeID, _ data: Operand, axis: Int, _ form: TopKForm
  ) throws(ExecutionError) -> Operand {
    var shape = data.shape
    shape[axis] = form.count
    let info = TensorInfo(.float32, shape)
    let counts = (data.count, info.count)
    return try step(node, reads: [data], makes: [info]) { buffers in
      let source = buffers.read(0, as: Float.self, count: counts.0)
      let target = buffers.make(0, as: Float.self, count: counts.1)
      return { SortingNetwork(form).run(source, target) }
    }[0]
  }

  /// How many elements are asked for: by an attribute before operator set 10.
  private mutating func chosenCount(_ node: NodeID) throws(ExecutionError) -> Int? {
    guard graph.version >= 10 else { return graph.attribute(node, "k", default: -1) }
    return try operand(node, 1).constant?.integers?.first.flatMap { Int(exactly: $0) }
  }

  /// The axis that `node` states, counted from the first.
  func axis(_ node: NodeID, default fallback: Int, rank: Int) -> Int? {
    guard let stated = graph.attribute(node, "axis", default: fallback),
      (-rank..<rank).contains(stated)
    else { return nil }
    return stated < 0 ? stated + rank : stated
  }

  /// Chooses by `keys`, which are the elements of `data` as a type that compares.
  private mutating func topK<Key: BitwiseCopyable & Comparable>(
    _ node: NodeID, _ data: Operand, _ keys: Operand, _ form: TopKForm, _ infos: [TensorInfo],
    _ type: Key.Type
  ) throws(ExecutionError) -> [Operand] {
    let width = try data.elementType.byteWidth
    let counts = (data.count, infos[0].count)
    return try step(node, reads: [data, keys], makes: infos) { buffers in
      let source = buffers.read(0, as: UInt8.self, count: counts.0 * width)
      let numbers = buffers.read(1, as: type, count: counts.0)
      let values = buffers.make(0, as: UInt8.self, count: counts.1 * width)
      let indices = buffers.make(1, as: Int64.self, count: counts.1)
      return {
        form.run(numbers) { place, element, index in
          values.copy(width, from: source, at: element * width, to: place * width)
          indices[place] = Int64(index)
        }
      }
    }
  }
}

/// A choice of elements along one axis.
struct TopKForm {
  let outer: Int
  let extent: Int
  let inner: Int
  let count: Int
  let isLargest: Bool

  init(_ shape: [Int], axis: Int, count: Int, isLargest: Bool) {
    outer = shape[..<axis].product
    extent = shape[axis]
    inner = shape[(axis + 1)...].product
    self.count = count
    self.isLargest = isLargest
  }

  /// How many lines there are along the axis.
  var lineCount: Int { outer * inner }

  /// Where line `number` starts in the data and in the result.
  func starts(of number: Int) -> (source: Int, target: Int) {
    let (block, column) = number.quotientAndRemainder(dividingBy: inner)
    return (block * extent * inner + column, block * count * inner + column)
  }

  /// Visits the chosen elements of some lines; all of them if `lines` is nil.
  func run<Key: BitwiseCopyable & Comparable>(
    _ keys: Elements<Key>, lines: Range<Int>? = nil,
    _ visit: (_ place: Int, _ element: Int, _ index: Int) -> Void
  ) {
    guard let lines else {
      return Threads.share(lineCount, cost: extent * Self.insertionLimit) { lines in
        run(keys, lines: lines, visit)
      }
    }
    var few = Array(repeating: 0, count: count)
    for line in lines {
      let (start, target) = starts(of: line)
      let best: [Int]
      if count <= Self.insertionLimit {
        insertBest(keys, from: start, into: &few)
        best = few
      } else {
        best = self.best(keys, from: start)
      }
      for (rank, index) in best.enumerated() {
        visit(target + rank * inner, start + index * inner, index)
      }
    }
  }

  /// Up to how many elements are sorted by insertion, as medians of small windows are.
  private static let insertionLimit = 16

  /// Puts the best of one line into `best`, best first; among equals those that come first.
  private func insertBest<Key: BitwiseCopyable & Comparable>(
    _ keys: Elements<Key>, from start: Int, into best: inout [Int]
  ) {
    var filled = 0
    for index in 0..<extent {
      let key = keys[start + index * inner]
      var place = filled
      while place > 0, precedes(key, keys[start + best[place - 1] * inner]) { place -= 1 }
      guard place < count else { continue }
      filled = min(filled + 1, count)
      var slot = filled - 1
      while slot > place {
        best[slot] = best[slot - 1]
        slot -= 1
      }
      best[place] = index
    }
  }

  /// The best of one line, best first; among equals those that come first.
  private func best<Key: BitwiseCopyable & Comparable>(
    _ keys: Elements<Key>, from start: Int
  ) -> [Int] {
    func isBetter(_ first: Int, _ second: Int) -> Bool {
      precedes(keys[start + first * inner], keys[start + second * inner])
    }
    func cut(_ candidates: inout [Int]) {
      candidates.sort { isBetter($0, $1) || !isBetter($1, $0) && $0 < $1 }
      candidates.removeLast(max(candidates.count - count, 0))
    }
    // Only what beats the worst of those kept so far can be among the best.
    var (candidates, bound): ([Int], Int?) = ([], nil)
    for index in 0..<extent {
      if let bound, !isBetter(index, bound) { continue }
      candidates.append(index)
      guard candidates.count >= 2 * count + 64 else { continue }
      cut(&candidates)
      bound = candidates.last
    }
    cut(&candidates)
    return candidates
  }

  /// Whether `first` is chosen before `second`.
  ///
  /// What is no number counts as the largest.
  private func precedes<Key: Comparable>(_ first: Key, _ second: Key) -> Bool {
    let (isOdd, isOtherOdd) = (first != first, second != second)
    if isOdd || isOtherOdd { return isOdd != isOtherOdd && isOdd == isLargest }
    return isLargest ? first > second : first < second
  }
}
