public import HDF5Access
import IR

/// A matrix and a vector as a file holds them.
public struct StoredHead: Hashable, Sendable {
  /// The extents of the weights: answers and features.
  public let shape: [Int]
  /// The weights, one row an answer.
  public let weights: [Double]
  /// One number an answer.
  public let bias: [Double]
}

/// Reads a linear head, `weight` and `bias`, from HDF5 or safetensors, recognised by content.
///
/// - Parameters:
///   - path: The file.
///   - program: What reads HDF5.
/// - Returns: the head; without a bias, zeros.
/// - Throws: `ImportError` if there is no such weight, or the extents do not fit together.
public func importHead(
  at path: String, program: WorkerProgram = .current
) throws(ImportError) -> StoredHead {
  do throws(ImportError) {
    let file = try TensorFile(path: path, program: program)
    guard let weight = try tensor("weight", of: file) else {
      throw ImportError(.malformed, "there is no tensor 'weight' of floats")
    }
    return try head(weight, try tensor("bias", of: file))
  } catch {
    throw error.adding(file: path)
  }
}

private func head(_ weight: Tensor, _ bias: Tensor?) throws(ImportError) -> StoredHead {
  guard weight.shape.count == 2, weight.shape[0] > 0, weight.shape[1] > 0 else {
    throw ImportError(
      .malformed, "'weight' has the extents \(weight.shape), expected answers × features")
  }
  guard bias.map({ $0.shape == [weight.shape[0]] }) ?? true else {
    throw ImportError(
      .malformed, "'bias' has the extents \(bias?.shape ?? []), expected [\(weight.shape[0])]")
  }
  guard (weight.elements + (bias?.elements ?? [])).allSatisfy(\.isFinite) else {
    throw ImportError(.malformed, "the head has a number that is not finite")
  }
  return StoredHead(
    shape: weight.shape, weights: weight.elements,
    bias: bias?.elements ?? Array(repeating: 0, count: weight.shape[0]))
}

private typealias Tensor = (shape: [Int], elements: [Double])

/// The most elements a head may have; more would be no head.
private let headLimit = 1 << 26

private func tensor(
  _ name: String, of file: TensorFile
) throws(ImportError) -> Tensor? {
  guard let entry = file.entry(name) else { return nil }
  guard entry.shape.checkedProduct ?? .max <= headLimit else {
    throw ImportError(
      .malformed, "'\(entry.name)' has the extents \(entry.shape); that is no head")
  }
  guard entry.elementType == .float32 || entry.elementType == .float64 else {
    let type = entry.elementType.map { "\($0)" } ?? "of a type that is not read"
    throw ImportError(
      .unsupported, "'\(entry.name)' is \(type) \(entry.shape), expected float32 or float64")
  }
  let constant = try file.constant(entry)
  let elements =
    constant.elements(as: Float.self)?.map(Double.init) ?? constant.elements(as: Double.self)
  return (entry.shape, elements ?? [])
}
