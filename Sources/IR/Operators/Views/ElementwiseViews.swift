/// Reads a Clip node whose bounds are known.
public struct ClipView: Sendable {
  /// What is clipped.
  public let data: ValueID
  /// The smallest result, or nil for no bound.
  public let minimum: Double?
  /// The largest result, or nil for no bound.
  public let maximum: Double?

  /// Reads `node`, or returns nil if it is no Clip, is malformed, or has a computed bound.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .clip, let data = row.input(0) else { return nil }
    self.data = data
    var bounds: [Double?] = []
    for (index, name) in ["min", "max"].enumerated() {
      if graph.version < 11 {
        guard let bound = graph.attribute(node, name, default: Float.nan) else { return nil }
        bounds.append(row.attribute(name) == nil ? nil : Double(bound))
      } else if let operand = row.input(index + 1) {
        guard let bound = graph.storedScalar(operand) else { return nil }
        bounds.append(bound)
      } else {
        bounds.append(nil)
      }
    }
    minimum = bounds[0]
    maximum = bounds[1]
  }
}

/// Reads a Cast node.
public struct CastView: Sendable {
  /// What is converted.
  public let data: ValueID
  /// The element type of the result.
  public let target: ElementType

  /// Reads `node`, or returns nil if it is no Cast or names no element type.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .cast, let data = row.input(0),
      let target = graph.elementTypeAttribute(node, "to")
    else { return nil }
    self.data = data
    self.target = target
  }
}

/// Reads a Dropout node.
public struct DropoutView: Sendable {
  /// What elements may be dropped from.
  public let data: ValueID
  /// Whether the node certainly passes its data on unchanged.
  public let isInference: Bool
  /// The result that says which elements were kept, if it is asked for.
  public let mask: ValueID?

  /// Reads `node`, or returns nil if it is no Dropout or is malformed.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .dropout, let data = row.input(0) else { return nil }
    self.data = data
    mask = row.output(1)
    switch graph.version {
    case 12...:
      isInference = row.input(2).map { graph.storedIntegers($0) == [0] } ?? true
    case 7..<12: isInference = true
    default:
      guard let isTest = graph.attribute(node, "is_test", default: false) else { return nil }
      isInference = isTest
    }
  }
}

extension Graph {
  /// The one number stored for `value`, if it is exactly representable.
  public func storedScalar(_ value: ValueID?) -> Double? {
    guard let constant = storedConstant(value), constant.count == 1 else { return nil }
    return constant.scalar
  }
}

extension Constant {
  /// The only element, if it is a number that `Double` represents exactly.
  var scalar: Double? {
    switch elementType {
    case .float32: elements(as: Float.self)?.first.map(Double.init)
    case .float64: elements(as: Double.self)?.first
    case .float16: bytes.flatMap { Self.halfBits($0).map { Double(Float16(bitPattern: $0)) } }
    case .bfloat16:
      bytes.flatMap { Self.halfBits($0).map { Double(Float(bitPattern: UInt32($0) << 16)) } }
    default: integers?.first.flatMap { Double(exactly: $0) }
    }
  }

  private static func halfBits(_ bytes: [UInt8]) -> UInt16? {
    bytes.count == 2 ? UInt16(bytes[0]) | UInt16(bytes[1]) << 8 : nil
  }
}
