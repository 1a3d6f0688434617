import Glibc
internal import IR

/// Stores equal constants once.
///
/// ```
/// before: const %1 = [1, 2]   const %2 = [1, 2]      after: const %1 = [1, 2], read by both's readers
/// ```
///
/// Legal case:
/// 1. Two constants of one element type, shape and content, bit for bit, neither of which the
///    caller may override by name.
enum ConstantMerging {
  static let name = "merge-constants"
  static let merging = RewriteRule(pass: name, number: 1, title: "store equal constants once")

  static let pass = Pass(
    name: name, summary: "Store equal constants once.", rules: [merging], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for candidates in alike(in: rewriter.graph) where candidates.count > 1 {
      var known: [Content: ValueID] = [:]
      for value in candidates {
        guard let payload = rewriter.graph.constant(value)?.payload else { continue }
        if let twin = known[Content(payload: payload)],
          rewriter.graph.canBeRead(value, as: rewriter.graph.values[twin].name)
        {
          merge(value, into: twin, &rewriter)
        } else {
          known[Content(payload: payload)] = value
        }
      }
    }
  }

  private static func merge(_ value: ValueID, into twin: ValueID, _ rewriter: inout Rewriter) {
    let name = rewriter.graph.values[twin].name
    rewriter.apply(merging, to: rewriter.graph.values[value].name, "equal to \(name)") {
      $0.replaceUses(of: value, with: twin)
      $0.removeConstant(value)
    }
  }

  /// The constants that may be merged, those together that a first look cannot tell apart.
  private static func alike(in graph: Graph) -> [[ValueID]] {
    var places: [Likeness: Int] = [:]
    var groups: [[ValueID]] = []
    let listed = Set(graph.inputs)
    for value in graph.constantIDs where !listed.contains(value) && !graph.isOutput(value) {
      guard let constant = graph.constant(value), let payload = constant.payload else { continue }
      let likeness = Likeness(
        elementType: constant.elementType, shape: constant.shape, sample: payload.sample)
      if let place = places[likeness] {
        groups[place].append(value)
      } else {
        places[likeness] = groups.count
        groups.append([value])
      }
    }
    return groups
  }

  /// What equal constants share, cheap to find out.
  private struct Likeness: Hashable {
    let elementType: ElementType
    let shape: [Int]
    let sample: [UInt8]
  }

  /// All bytes of a constant.
  private struct Content: Hashable {
    let payload: Payload

    static func == (left: Content, right: Content) -> Bool {
      left.payload.hasSameBytes(as: right.payload)
    }

    func hash(into hasher: inout Hasher) {
      unsafe payload.withBytes { bytes in unsafe hasher.combine(bytes: bytes) }
    }
  }
}

extension Payload {
  /// Bytes from the front and from all over, enough to tell most tensors apart without reading them whole.
  ///
  /// Places follow the golden ratio, so that no regular pattern of zeros, such as every other filter, is
  /// all that is seen.
  fileprivate var sample: [UInt8] {
    unsafe withBytes { bytes in
      var sample = unsafe [UInt8](bytes.prefix(64))
      for place in 1...16 as ClosedRange<UInt> where bytes.count > 1024 {
        let fraction = place &* 0x9E37_79B9_7F4A_7C15
        let start = Int(fraction.multipliedFullWidth(by: UInt(bytes.count - 16)).high)
        unsafe sample.append(contentsOf: bytes[start..<start + 16])
      }
      return sample
    }
  }

  /// Whether both hold the same bytes.
  func hasSameBytes(as other: Payload) -> Bool {
    guard count == other.count else { return false }
    return unsafe withBytes { left in
      unsafe other.withBytes { right in
        guard let left = left.baseAddress, let right = right.baseAddress else {
          return true
        }
        return unsafe memcmp(left, right, count) == 0
      }
    }
  }
}
