internal import IR

/// What to do with a stored tensor.
enum PrecisionDecision {
  case store(CompactTensor)
  case keep(Reason, relativeError: Double? = nil)

  /// Why a tensor stays as it is.
  enum Reason: Hashable, CustomStringConvertible {
    case elementType(ElementType)
    case sparse
    case output
    case unread
    case constantNode
    case body
    case few
    case notFinite
    case tooLarge
    case inexact(WeightPrecision)
    case otherReader
    case otherAxes
    case noGain
    case changed(WeightPrecision)

    var description: String {
      switch self {
      case .elementType(let type): "stored as \(type) already"
      case .sparse: "stored sparsely"
      case .output: "the caller receives it"
      case .unread: "no node reads it"
      case .constantNode: "stored in a Constant node"
      case .body: "stored in the body of a node"
      case .few: "fewer than \(WeightNarrowing.smallestCount) elements"
      case .notFinite: "not all elements are finite"
      case .tooLarge: "elements beyond \(Float16.greatestFiniteMagnitude)"
      case .inexact(let precision): "rounding errors above \(precision.tolerance)"
      case .otherReader: "read as something else than weights of a layer"
      case .otherAxes: "read by layers with output channels along different axes"
      case .noGain: "scales would take what whole numbers save"
      case .changed(let precision):
        "holds what \(precision.rawValue) does not hold exactly any more"
      }
    }
  }

  /// The record of the decision about the tensor called `name`.
  func record(_ name: String, _ constant: Constant) -> StoredWeight {
    switch self {
    case .store(let tensor):
      StoredWeight(
        name: name, count: constant.count, elementType: tensor.stored.elementType,
        relativeError: tensor.relativeError, reason: nil)
    case .keep(let reason, let error):
      StoredWeight(
        name: name, count: constant.count, elementType: constant.elementType,
        relativeError: error.flatMap { $0.isFinite ? $0 : nil }, reason: reason.description)
    }
  }
}

// Weights that are rounded.
extension PrecisionDecision {
  /// Decides about the constant that defines `value`.
  init(_ constant: Constant, _ value: ValueID, to precision: WeightPrecision, in graph: Graph) {
    if let reason = Self.obstacle(constant, value, in: graph) {
      self = .keep(reason)
    } else if precision == .byte {
      self = Self.quantized(constant, value, in: graph)
    } else {
      let tensor = CompactTensor(rounding: constant, to: precision.elementType)
      self = Self.judged(tensor, constant, precision)
    }
  }

  /// Why no node can be put between the tensor and those who read it.
  private static func obstacle(_ value: ValueID, in graph: Graph) -> Reason? {
    graph.isOutput(value) ? .output : graph.values[value].uses.isEmpty ? .unread : nil
  }

  /// Why the tensor stays, whatever the precision.
  private static func obstacle(_ constant: Constant, _ value: ValueID, in graph: Graph) -> Reason? {
    guard constant.elementType == .float32 else { return .elementType(constant.elementType) }
    guard constant.payload != nil else { return .sparse }
    if let reason = obstacle(value, in: graph) { return reason }
    guard constant.count >= WeightNarrowing.smallestCount else { return .few }
    return constant.largestMagnitude.isFinite ? nil : .notFinite
  }

  private static func quantized(
    _ constant: Constant, _ value: ValueID, in graph: Graph
  ) -> PrecisionDecision {
    let axes = graph.values[value].uses.map { graph.outputAxis(of: constant, readBy: $0) }
    guard let axis = axes.first ?? nil, !axes.contains(nil) else { return .keep(.otherReader) }
    guard axes.allSatisfy({ $0 == axis }) else { return .keep(.otherAxes) }
    guard constant.count + 4 * constant.shape[axis] < 4 * constant.count else {
      return .keep(.noGain)
    }
    return judged(CompactTensor(quantizing: constant, along: axis), constant, .byte)
  }

  /// Takes `tensor` if it is near enough to what it is to stand for.
  private static func judged(
    _ tensor: CompactTensor?, _ constant: Constant, _ precision: WeightPrecision
  ) -> PrecisionDecision {
    guard let tensor else { return .keep(.elementType(constant.elementType)) }
    guard precision != .half || constant.largestMagnitude <= Float(Float16.greatestFiniteMagnitude)
    else { return .keep(.tooLarge) }
    guard tensor.relativeError <= precision.tolerance else {
      return .keep(.inexact(precision), relativeError: tensor.relativeError)
    }
    return .store(tensor)
  }
}

// Weights that were read in a compact form.
extension PrecisionDecision {
  /// Decides about a tensor that was stored as `form` says.
  init(
    restoring constant: Constant, _ value: ValueID, as form: CompactForm, in graph: Graph
  ) {
    if let reason = Self.obstacle(value, in: graph) {
      self = .keep(reason)
      return
    }
    let tensor =
      form.precision == .byte
      ? CompactTensor(restoring: constant, scales: form.scales, along: form.axis)
      : CompactTensor(rounding: constant, to: form.precision.elementType)
    // Infinite elements have no relative error and stay.
    guard let tensor, tensor.relativeError == 0 else {
      self = .keep(.changed(form.precision))
      return
    }
    self = .store(tensor)
  }
}

extension Constant {
  /// The largest magnitude of elements in single precision; infinite if one is no finite number.
  fileprivate var largestMagnitude: Float {
    guard let payload else { return .infinity }
    return unsafe payload.withBytes { bytes in
      var largest: UInt32 = 0
      for index in 0..<count {
        // Magnitudes are in the order of their bits, and what is not a number comes last.
        let bits = unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
        largest = max(largest, bits & 0x7fff_ffff)
      }
      return largest < 0x7f80_0000 ? Float(bitPattern: largest) : .infinity
    }
  }
}

extension Graph {
  /// The axis of output channels of stored weights, if `use` takes them for the weights of a layer.
  fileprivate func outputAxis(of weights: Constant, readBy use: Use) -> Int? {
    guard case .node(let node, input: 1) = use, weights.shape.count >= 2 else { return nil }
    switch nodes[node].op.kind {
    case .conv: return ConvolutionView(node, in: self) == nil ? nil : 0
    case .convTranspose: return ConvolutionView(node, in: self) == nil ? nil : 1
    case .gemm: return GemmView(node, in: self).map { $0.transB ? 0 : 1 }
    case .matMul: return weights.shape.count - 1
    default: return nil
    }
  }
}
