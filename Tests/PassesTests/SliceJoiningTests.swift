import IR
import Testing

@testable import Passes

/// Joint bounds against two slices taken one after the other, for all small bounds.
@Suite struct SliceJoiningTests {
  private static let bounds = Array(-4...4) + [Int(Int64.max)]
  private static let extents = 0...6

  private func taken(_ slice: AxisSlice, of elements: [Int]) -> [Int] {
    let (start, count, step) = slice.resolved(extent: elements.count)
    return (0..<count).map { elements[start + $0 * step] }
  }

  private func pairs(steps: [Int]) -> [(AxisSlice, AxisSlice)] {
    let slices = Self.bounds.flatMap { start in
      Self.bounds.flatMap { end in
        steps.map { AxisSlice(axis: 0, start: start, end: end, step: $0) }
      }
    }
    return slices.flatMap { first in slices.map { (first, $0) } }
  }

  @Test func ofAKnownExtentAllForwardSlicesJoin() {
    for (first, second) in pairs(steps: [1, 2]) {
      for extent in Self.extents {
        let elements = Array(0..<extent)
        let joint = first.followed(by: second, extent: extent)
        #expect(
          joint.map { taken($0, of: elements) } == taken(second, of: taken(first, of: elements)))
      }
    }
  }

  @Test func ofAnOpenExtentJointBoundsHoldForAll() {
    var count = 0
    for (first, second) in pairs(steps: [1, 2]) {
      guard let joint = first.followed(by: second, extent: nil) else { continue }
      count += 1
      for extent in Self.extents {
        let elements = Array(0..<extent)
        #expect(taken(joint, of: elements) == taken(second, of: taken(first, of: elements)))
      }
    }
    #expect(count > 1000)
  }

  @Test func backwardsStaysAlone() {
    let forwards = AxisSlice(axis: 0, start: 0, end: 4, step: 1)
    let backwards = AxisSlice(axis: 0, start: 3, end: -5, step: -1)
    #expect(forwards.followed(by: backwards, extent: 4) == nil)
    #expect(backwards.followed(by: forwards, extent: 4) == nil)
  }
}
