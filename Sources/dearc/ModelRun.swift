import Executor
import Formats
import IR

/// A model that is run for a command.
struct ModelRun {
  let session: Session

  init(_ model: Model, threads: Int?) throws {
    do {
      session = try Session(model, threads: threads)
    } catch {
      throw Failure(error)
    }
  }

  /// A tensor for each input of the model, from the files that were named.
  func tensors(_ files: [TensorFile]) throws -> [Constant] {
    let names = session.inputs.map(\.name)
    for file in files where !names.contains(file.name) {
      throw Failure(
        status: .usage, message: "--tensor: the model has no input '\(file.name)'",
        hints: ["Its inputs are: \(names.joined(separator: ", "))"])
    }
    return try session.inputs.map { name, type in
      guard let file = files.last(where: { $0.name == name }) else {
        throw Failure(
          status: .usage,
          message: "no tensor for input '\(name)'" + (type.map { ", \($0)" } ?? ""),
          hints: ["Name one with --tensor '\(name)=FILE.npy'."])
      }
      if let element = type?.tensor?.elementType, NumpyType(element) == nil, element != .bfloat16 {
        throw Failure(
          status: .usage, file: file.path,
          message:
            "input '\(name)' takes elements of type \(element), which numpy's files cannot hold",
          hints: ["Let the model take float32 and cast it to \(element)."])
      }
      return try Self.read(file.path, as: type?.tensor?.elementType)
    }
  }

  private static func read(_ path: String, as type: ElementType?) throws -> Constant {
    do {
      return try Constant(numpyFile: path, as: type)
    } catch {
      throw Failure(error)
    }
  }

  func results(_ tensors: [Constant]) throws -> [RunResult] {
    do throws(ExecutionError) {
      return zip(session.outputs, try session.run(tensors)).map {
        RunResult(name: $0.name, tensor: $1)
      }
    } catch {
      throw Failure(error)
    }
  }

  /// How long each of `count` runs takes.
  func times(_ tensors: [Constant], count: Int) throws -> [Duration] {
    let clock = ContinuousClock()
    return try (0..<count).map { _ in
      try clock.measure { _ = try results(tensors) }
    }
  }
}

/// One output of a run.
struct RunResult {
  let name: String
  let tensor: Constant
}

extension Constant {
  /// Reads a file of numpy's; half precision with an 8-bit exponent comes as its bits.
  init(numpyFile path: String, as wanted: ElementType?) throws(FormatError) {
    let file = try NumpyFile(path: path)
    let owner = OwnedBytes(count: file.header.dataByteCount) { target in
      file.withBytes { target.copyMemory(from: $0) }
    }
    let stored = file.type.elementType
    let type = wanted == .bfloat16 && stored == .uint16 ? .bfloat16 : stored
    self.init(elementType: type, shape: file.shape, storage: .dense(owner.payload))
  }

  /// Writes the tensor as numpy does.
  func write(to file: AtomicFile) throws(FormatError) {
    let single = elementType == .bfloat16 ? inSinglePrecision ?? self : self
    guard let type = NumpyType(single.elementType), let payload = single.payload else {
      throw FormatError(
        .cannotWrite, path: file.path, "numpy has no elements of type \(elementType)")
    }
    try NumpyFile.write(type, shape: shape, to: file) { file throws(FormatError) in
      try payload.withBytes { bytes throws(FormatError) in try file.write(bytes) }
    }
  }
}

extension NumpyType {
  /// The same type in the graph's terms.
  var elementType: ElementType {
    switch self {
    case .bool: .bool
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .float16: .float16
    case .float32: .float32
    case .float64: .float64
    case .complex64: .complex64
    case .complex128: .complex128
    }
  }

  init?(_ type: ElementType) {
    guard let match = Self.allCases.first(where: { $0.elementType == type }) else { return nil }
    self = match
  }
}

extension Failure {
  /// Says which input or node is at fault.
  init(_ error: ExecutionError) {
    switch error.kind {
    case .unsupported, .invalidOperands:
      self.init(status: .malformedInput, message: error.description)
    case .invalidInput, .tooLarge: self.init(status: .usage, message: error.description)
    case .internalFailure: self.init(status: .internalError, message: error.description)
    }
  }
}
