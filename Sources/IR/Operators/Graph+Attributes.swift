// Reading of parameters and stored operands, with defaults and range checks in one place.

extension Graph {
  /// The whole-number attribute `name`, `fallback` if it is absent, nil if it is something else.
  public func attribute(_ node: NodeID, _ name: String, default fallback: Int) -> Int? {
    switch nodes[node].attribute(name) {
    case nil: fallback
    case .int(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number `name`, `fallback` if it is absent, nil if it is something else.
  public func attribute(_ node: NodeID, _ name: String, default fallback: Float) -> Float? {
    switch nodes[node].attribute(name) {
    case nil: fallback
    case .float(let value): value
    default: nil
    }
  }

  /// The list `name`, `fallback` if it is absent, nil if it is something else.
  public func attribute(_ node: NodeID, _ name: String, default fallback: [Int]) -> [Int]? {
    switch nodes[node].attribute(name) {
    case nil: fallback
    case .ints(let values): values.exactInts
    default: nil
    }
  }

  /// The list `name`, `fallback` if it is absent, nil if it is something else.
  public func attribute(_ node: NodeID, _ name: String, default fallback: [Float]) -> [Float]? {
    switch nodes[node].attribute(name) {
    case nil: fallback
    case .floats(let values): values
    default: nil
    }
  }

  /// The text `name`, `fallback` if it is absent, nil if it is something else or not UTF-8.
  public func attribute(_ node: NodeID, _ name: String, default fallback: String) -> String? {
    switch nodes[node].attribute(name) {
    case nil: fallback
    case .string(let bytes): String(validating: bytes, as: UTF8.self)
    default: nil
    }
  }

  /// The flag `name`, stored as 0 or another number; nil if it is not a number.
  public func attribute(_ node: NodeID, _ name: String, default fallback: Bool) -> Bool? {
    attribute(node, name, default: fallback ? 1 : 0).map { $0 != 0 }
  }

  /// The element type `name`, given by its ONNX code; nil if absent or not an element type.
  public func elementTypeAttribute(_ node: NodeID, _ name: String) -> ElementType? {
    guard case .int(let code)? = nodes[node].attribute(name), let raw = Int32(exactly: code)
    else { return nil }
    return ElementType(rawValue: raw)
  }

  /// The elements that are stored for `value`, as a constant or in the node that defines it.
  public func storedConstant(_ value: ValueID?) -> Constant? {
    guard let value else { return nil }
    switch values[value].definition {
    case .constant(let constant): return constant
    case .node(let node, output: _): return ConstantView(node, in: self)?.constant
    case .input, .captured: return nil
    }
  }

  /// The elements stored for `value` if they are at most `limit` whole numbers.
  ///
  /// Axes, extents and sizes are few; a list that is not cannot be such a parameter.
  public func storedIntegers(_ value: ValueID?, limit: Int = 1 << 12) -> [Int64]? {
    guard let constant = storedConstant(value), constant.count <= limit else { return nil }
    return constant.integers
  }

  /// The rank of `value`, if known.
  public func rank(of value: ValueID?) -> Int? { value.flatMap { shape(of: $0)?.count } }
}

/// Supplies the elements of an operand that are known although they are not stored.
///
/// Views ask it before they look for stored elements; shape inference supplies what shape
/// arithmetic yields.
public typealias IntegerReader = (ValueID) -> [Int64]?

/// Gives views the elements of operands, from a reader or from storage.
struct OperandReader {
  let graph: Graph
  let known: IntegerReader?

  func integers(_ value: ValueID?) -> [Int64]? {
    guard let value else { return nil }
    return known?(value) ?? graph.storedIntegers(value)
  }

  func ints(_ value: ValueID?) -> [Int]? { integers(value)?.exactInts }
}

extension [Int64] {
  /// The same numbers, or nil if one of them is too large for this machine.
  var exactInts: [Int]? {
    var result: [Int] = []
    result.reserveCapacity(count)
    for value in self {
      guard let value = Int(exactly: value) else { return nil }
      result.append(value)
    }
    return result
  }
}

/// Axis numbers as models write them, where negative ones count from the last axis.
enum Axis {
  /// The axis of a tensor of `rank` that `axis` means, or nil if there is none.
  static func normalized(_ axis: Int, rank: Int) -> Int? {
    guard rank >= 0 else { return nil }
    if axis >= 0 { return axis < rank ? axis : nil }
    return axis >= -rank ? axis + rank : nil
  }

  /// The same for an axis that may need no rank because it counts from the first.
  static func normalized(_ axis: Int, rank: Int?) -> Int? {
    if let rank { return normalized(axis, rank: rank) }
    return axis >= 0 ? axis : nil
  }

  /// All of `axes` in the order given, or nil if one is out of range or occurs twice.
  static func normalized(_ axes: [Int], rank: Int?) -> [Int]? {
    // More axes than that cannot be distinct, and no such tensor exists.
    guard axes.count <= min(rank ?? maximalRank, maximalRank) else { return nil }
    var result: [Int] = []
    for axis in axes {
      guard let axis = normalized(axis, rank: rank), !result.contains(axis) else { return nil }
      result.append(axis)
    }
    return result
  }

  /// The highest rank shapes are computed for; anything above is treated as unknown.
  static var maximalRank: Int { 64 }
}
