import TestSupport
import Testing

@testable import IR

@Suite struct UseListTests {
  static func use(_ index: Int) -> Use { .node(NodeID(index: index), input: 0) }

  /// Walks that lean towards growing and towards shrinking, from the front, the back and anywhere.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func behavesLikeAnArray(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var list = UseList([])
    var array: [Use] = []
    for step in 0..<3000 {
      let isGrowing = random.chance(step / 500 % 2 == 0 ? 0.7 : 0.3)
      if isGrowing || array.isEmpty {
        list.append(Self.use(step))
        array.append(Self.use(step))
      } else {
        let place = [0, array.count - 1, Int.random(in: 0..<array.count, using: &random)][
          Int(seed % 3)]
        if random.chance(0.1) {
          list.replace(array[place], with: Self.use(step))
          array[place] = Self.use(step)
        } else {
          let isRemoved = list.remove(array.remove(at: place))
          #expect(isRemoved)
        }
      }
      guard step % 11 == 0 else { continue }
      try #require(list.elementsEqual(array), "seed \(seed), step \(step)")
      try #require(list.count == array.count && list.isEmpty == array.isEmpty)
      try #require(list.first == array.first && list.last == array.last)
    }
    #expect(Array(list.reversed()) == array.reversed())
    #expect(list == UseList(array))
  }

  @Test func whatIsNotListedIsNotRemoved() {
    for count in [0, 3, 100] {
      var list = UseList((0..<count).map(Self.use))
      let isRemoved = list.remove(Self.use(count))
      list.replace(Self.use(count), with: Self.use(count + 1))
      #expect(!isRemoved)
      #expect(list.elementsEqual((0..<count).map(Self.use)))
    }
  }
}
