import Formats
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
    let file = try importing { () throws(FormatError) in try MappedFile(path: path) }
    let isSafetensors = unsafe SafetensorsHeader.isLikely(file.bytes)
    let tensors =
      isSafetensors ? try safetensors(file) : try hdf5(path, program)
    guard let weight = tensors["weight"] else {
      throw ImportError(.malformed, "there is no tensor 'weight' of floats")
    }
    guard weight.shape.count == 2, weight.shape[0] > 0, weight.shape[1] > 0 else {
      throw ImportError(
        .malformed, "'weight' has the extents \(weight.shape), expected answers × features")
    }
    let bias = tensors["bias"]
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
  } catch {
    throw error.adding(file: path)
  }
}

private typealias Tensor = (shape: [Int], elements: [Double])

/// The most elements a head may have; more would be no head.
private let headLimit = 1 << 26

private func hdf5(_ path: String, _ program: WorkerProgram) throws(ImportError) -> [String: Tensor]
{
  try importing { () throws(FormatError) in
    let file = try HDF5File(path: path, program: program)
    var tensors: [String: Tensor] = [:]
    for name in ["weight", "bias"] {
      guard let dataset = file.root.dataset(name) else { continue }
      guard dataset.shape.checkedProduct ?? .max <= headLimit else {
        throw FormatError(.malformed, "'\(name)' has the extents \(dataset.shape); that is no head")
      }
      tensors[name] = (dataset.shape, try file.doubles(of: dataset))
    }
    return tensors
  }
}

private func safetensors(_ file: MappedFile) throws(ImportError) -> [String: Tensor] {
  let header = try importing { () throws(FormatError) in try SafetensorsHeader(reading: file) }
  let weights = MappedWeights(file).payload
  var tensors: [String: Tensor] = [:]
  for entry in header.entries where ["weight", "bias"].contains(entry.name) {
    let range =
      header.dataOffset + entry.range.lowerBound..<header.dataOffset + entry.range.upperBound
    guard entry.type == .float32 || entry.type == .float64,
      entry.shape.checkedProduct ?? .max <= headLimit
    else {
      throw ImportError(
        .unsupported,
        "'\(entry.name)' is \(entry.type.rawValue) \(entry.shape), expected F32 or F64")
    }
    let constant = Constant(
      elementType: entry.type == .float32 ? .float32 : .float64, shape: entry.shape,
      storage: .dense(weights.slice(range)))
    let elements =
      entry.type == .float32
      ? constant.elements(as: Float.self)?.map(Double.init) : constant.elements(as: Double.self)
    tensors[entry.name] = (entry.shape, elements ?? [])
  }
  return tensors
}
