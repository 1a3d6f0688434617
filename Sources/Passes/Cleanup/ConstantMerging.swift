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
    var known: [Key: [ValueID]] = [:]
    let listed = Set(rewriter.graph.inputs)
    for value in rewriter.graph.constantIDs where !listed.contains(value) {
      guard let constant = rewriter.graph.constant(value), let payload = constant.payload,
        !rewriter.graph.isOutput(value)
      else { continue }
      let key = Key(constant, payload)
      if let twin = known[key, default: []].first(where: {
        rewriter.graph.constant($0)?.payload?.hasSameBytes(as: payload) ?? false
      }) {
        let name = rewriter.graph.values[twin].name
        rewriter.apply(merging, to: rewriter.graph.values[value].name, "equal to \(name)") {
          $0.replaceUses(of: value, with: twin)
          $0.removeConstant(value)
        }
      } else {
        known[key, default: []].append(value)
      }
    }
  }

  /// What equal constants share; enough to make comparing bytes rare.
  private struct Key: Hashable {
    let elementType: ElementType
    let shape: [Int]
    let sample: [UInt8]

    init(_ constant: Constant, _ payload: Payload) {
      elementType = constant.elementType
      shape = constant.shape
      sample = payload.sample
    }
  }
}

extension Payload {
  /// The first bytes, enough to tell most tensors apart without reading them from the file.
  fileprivate var sample: [UInt8] { unsafe withBytes { unsafe [UInt8]($0.prefix(64)) } }

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
