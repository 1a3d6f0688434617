internal import Glibc
import IR

/// How elements are joined to one, and the loops that do so.
///
/// The loops are made where the function is stated, so that the compiler sees both and may handle several elements
/// at a time.
struct ReductionFunction<Element: BitwiseCopyable, State: BitwiseCopyable> {
  /// What no elements are joined to.
  let initial: State
  /// Joins a line of elements, the first at `start` and each `step` behind the one before, to a state.
  let fold: (_ state: State, _ source: Elements<Element>, Line) -> State
  /// Joins each element of a row to its own state.
  let foldRow: (_ states: Elements<State>, _ row: Elements<Element>) -> Void
  /// What so many elements make, once all are joined.
  let finish: (State, Int) -> Element

  /// - Parameters:
  ///   - initial: What no elements are joined to.
  ///   - take: Joins one more element to a state.
  ///   - merge: Joins two states.
  ///   - finish: What the last state of so many elements means.
  @inline(__always)
  init(
    _ initial: State, take: @escaping (State, Element) -> State,
    merge: @escaping (State, State) -> State, finish: @escaping (State, Int) -> Element
  ) {
    self.initial = initial
    self.finish = finish
    fold = { state, source, line in
      // Several states, so that no element waits for the one before it.
      var (first, second, third, fourth) = (state, initial, initial, initial)
      let elements = source.part(from: line.start, (line.count - 1) * line.step + 1)
      let (step, count) = (line.step, line.count)
      var index = 0
      while index &+ 4 <= count {
        let place = index &* step
        first = take(first, elements[place])
        second = take(second, elements[place &+ step])
        third = take(third, elements[place &+ 2 &* step])
        fourth = take(fourth, elements[place &+ 3 &* step])
        index &+= 4
      }
      while index < count {
        first = take(first, elements[index &* step])
        index &+= 1
      }
      return merge(merge(first, second), merge(third, fourth))
    }
    foldRow = { states, row in
      for index in 0..<states.count { states[index] = take(states[index], row[index]) }
    }
  }
}

/// Elements of a tensor that lie equally far apart.
struct Line {
  let start: Int
  let step: Int
  let count: Int
}

// The functions of the operators.

extension ReductionFunction where Element: BinaryFloatingPoint, State == Double {
  /// A sum, a product or the like, taken in double precision; nil for what is none.
  init?(sum kind: OperatorKind) {
    func sum(_ finish: @escaping (Double, Int) -> Double) -> Self {
      Self(0, take: { $0 + Double($1) }, merge: { $0 + $1 }) { Element(finish($0, $1)) }
    }
    func squares(_ finish: @escaping (Double) -> Double) -> Self {
      Self(0, take: { $0 + Double($1) * Double($1) }, merge: { $0 + $1 }) { sum, _ in
        Element(finish(sum))
      }
    }
    switch kind {
    case .reduceSum: self = sum { sum, _ in sum }
    case .reduceMean: self = sum { $0 / Double($1) }
    case .reduceLogSum: self = sum { sum, _ in log(sum) }
    case .reduceL2: self = squares { $0.squareRoot() }
    case .reduceSumSquare: self = squares { $0 }
    case .reduceL1:
      self.init(0, take: { $0 + abs(Double($1)) }, merge: { $0 + $1 }) { sum, _ in Element(sum) }
    case .reduceProd:
      self.init(1, take: { $0 * Double($1) }, merge: { $0 * $1 }) { product, _ in Element(product) }
    default: return nil
    }
  }
}

extension ReductionFunction where Element: BinaryFloatingPoint, State == Element {
  /// The largest or smallest number, or what is none if there is such a thing; nil for what is no bound.
  init?(bound kind: OperatorKind) {
    func isStray(_ element: Element) -> Bool { element != element }
    switch kind {
    case .reduceMax:
      self.init(
        -.infinity, take: { $1 > $0 || isStray($1) ? $1 : $0 },
        merge: { $1 > $0 || isStray($1) ? $1 : $0 }
      ) { top, _ in top }
    case .reduceMin:
      self.init(
        .infinity, take: { $1 < $0 || isStray($1) ? $1 : $0 },
        merge: { $1 < $0 || isStray($1) ? $1 : $0 }
      ) { bottom, _ in bottom }
    default: return nil
    }
  }
}

extension ReductionFunction<Int64, Int64> {
  /// Of whole numbers; nil for what they have none of.
  init?(whole kind: OperatorKind) {
    switch kind {
    case .reduceSum: self.init(0, take: &+, merge: &+) { sum, _ in sum }
    case .reduceMean: self.init(0, take: &+, merge: &+) { $1 == 0 ? 0 : $0 / Int64($1) }
    case .reduceProd: self.init(1, take: &*, merge: &*) { product, _ in product }
    case .reduceMax: self.init(.min, take: max, merge: max) { top, _ in top }
    case .reduceMin: self.init(.max, take: min, merge: min) { bottom, _ in bottom }
    case .reduceL1:
      self.init(0, take: { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }, merge: &+) { sum, _ in sum }
    case .reduceSumSquare:
      self.init(0, take: { $0 &+ $1 &* $1 }, merge: &+) { sum, _ in sum }
    default: return nil
    }
  }
}
