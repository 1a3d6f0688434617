/// One element of a small tensor of which something may be known before the network runs.
public enum PartialNumber: Hashable, Sendable {
  /// A whole number, or a boolean as 0 or 1.
  case integer(Int64)
  /// A number of a floating-point tensor.
  case real(Double)
  /// The extent that the model calls so; never negative.
  case symbol(String)
  case unknown

  /// The number as an extent.
  var dimension: Dimension {
    switch self {
    case .integer(let value): Dimension(value)
    case .symbol(let name): .symbol(name)
    case .real, .unknown: .unknown
    }
  }

  /// Reads an extent as a number.
  init(_ dimension: Dimension) {
    self =
      switch dimension {
      case .known(let count): .integer(Int64(count))
      case .symbol(let name): .symbol(name)
      case .unknown: .unknown
      }
  }

  /// The whole number, if it is known.
  var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
}

/// A small tensor, such as a list of extents, whose elements are known one by one.
public struct PartialTensor: Hashable, Sendable {
  /// The element type; one of those that shape arithmetic uses.
  public let elementType: ElementType
  /// The extents.
  public let shape: [Int]
  /// The elements, row-major.
  public let elements: [PartialNumber]

  /// The most elements that are followed.
  static var limit: Int { 1024 }
  /// The element types that are followed.
  static let elementTypes: [ElementType] = [.int64, .int32, .bool, .float32, .float64]

  /// Makes a tensor, or nil if it is too large or not of a type that is followed.
  init?(_ elementType: ElementType, shape: [Int], elements: [PartialNumber]) {
    guard Self.elementTypes.contains(elementType), Self.count(of: shape) == elements.count else {
      return nil
    }
    self.elementType = elementType
    self.shape = shape
    self.elements = elements
  }

  /// Makes a tensor whose elements are all the same.
  init?(_ elementType: ElementType, shape: [Int], repeating element: PartialNumber) {
    guard let count = Self.count(of: shape) else { return nil }
    self.init(elementType, shape: shape, elements: Array(repeating: element, count: count))
  }

  /// Copies a stored tensor.
  init?(_ constant: Constant) {
    guard Self.count(of: constant.shape) != nil else { return nil }
    let elements: [PartialNumber]?
    switch constant.elementType {
    case .float32: elements = constant.elements(as: Float.self)?.map { .real(Double($0)) }
    case .float64: elements = constant.elements(as: Double.self)?.map { .real($0) }
    case .bool: elements = constant.integers?.map { .integer($0 == 0 ? 0 : 1) }
    default: elements = constant.integers?.map { .integer($0) }
    }
    guard let elements else { return nil }
    self.init(constant.elementType, shape: constant.shape, elements: elements)
  }

  /// All elements, if every one is a known whole number.
  public var integers: [Int64]? {
    var result: [Int64] = []
    for element in elements {
      guard case .integer(let value) = element else { return nil }
      result.append(value)
    }
    return result
  }

  /// The number of elements, or nil if that is more than is followed.
  static func count(of shape: [Int]) -> Int? {
    // Products of any of these extents cannot overflow.
    guard shape.count <= 6, shape.allSatisfy((0...limit).contains), shape.product <= limit else {
      return nil
    }
    return shape.product
  }

  /// The same elements under another shape.
  func reshaped(_ shape: [Int]) -> PartialTensor? {
    PartialTensor(elementType, shape: shape, elements: elements)
  }

  /// The elements at `indices` of `axis`, in that order.
  ///
  /// - Precondition: `indices` are within the axis.
  func taking(_ indices: [Int], axis: Int) -> PartialTensor? {
    let inner = Self.count(of: Array(shape[(axis + 1)...])) ?? 0
    let outer = Self.count(of: Array(shape[..<axis])) ?? 0
    var result = shape
    result[axis] = indices.count
    guard Self.count(of: result) != nil else { return nil }
    var taken: [PartialNumber] = []
    for block in 0..<outer {
      for index in indices {
        let start = (block * shape[axis] + index) * inner
        taken += elements[start..<(start + inner)]
      }
    }
    return PartialTensor(elementType, shape: result, elements: taken)
  }

  /// The elements repeated along axes of extent 1, as broadcasting to `target` does.
  func broadcast(to target: [Int]) -> PartialTensor? {
    guard Self.count(of: target) != nil, target.count >= shape.count else { return nil }
    let padded = Array(repeating: 1, count: target.count - shape.count) + shape
    var result: PartialTensor? = reshaped(padded)
    for axis in target.indices where padded[axis] != target[axis] {
      guard padded[axis] == 1 else { return nil }
      result = result?.taking(Array(repeating: 0, count: target[axis]), axis: axis)
    }
    return result
  }

  /// The elements with axes reordered.
  ///
  /// - Precondition: `permutation` holds every axis once.
  func transposed(_ permutation: [Int]) -> PartialTensor? {
    let target = permutation.map { shape[$0] }
    guard !elements.isEmpty else { return reshaped(target) }
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    var offsets = [0]
    for axis in permutation {
      offsets = offsets.flatMap { start in (0..<shape[axis]).map { start + $0 * strides[axis] } }
    }
    return PartialTensor(elementType, shape: target, elements: offsets.map { elements[$0] })
  }
}
