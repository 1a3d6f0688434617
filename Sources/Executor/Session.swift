internal import Glibc
public import IR

/// Runs a graph on the processor.
///
/// What depends on stored tensors alone is computed once. For every set of input shapes a plan is made and
/// kept: kernels compiled for these shapes, weights in the order that kernels like, and one piece of memory in
/// which values that are not alive at the same time share their place.
public final class Session {
  private let runner: GraphRunner

  /// The values that `run` is given, in order: their names and types.
  public let inputs: [(name: String, type: ValueType?)]
  /// The values that `run` gives, in order.
  public let outputs: [(name: String, type: ValueType?)]
  /// The bytes that values took together in the last run, and the most that were alive at a time.
  public var memory: (arena: Int, least: Int) { runner.memory }

  /// Prepares a graph.
  ///
  /// - Parameters:
  ///   - model: What is to be run; its weights are read as long as the session lives.
  ///   - threads: How many threads work at a time, in all sessions; nil for one per processor.
  ///   - byteLimit: How many bytes the values of a run may take; nil for most of the machine's memory.
  /// - Throws: `ExecutionError` for the first node that cannot be run, before anything is.
  public init(
    _ model: Model, threads: Int? = nil, byteLimit: Int? = nil
  ) throws(ExecutionError) {
    if let threads { Library.use(threads: threads) }
    let original = model.graph
    inputs = original.requiredInputs.map { (original.values[$0].name, original.values[$0].type) }
    outputs = original.outputs.map { (original.values[$0].name, original.values[$0].type) }
    let limit = byteLimit ?? Self.machineByteCount / 4 * 3
    runner = GraphRunner(
      try Preparation.prepared(model, byteLimit: limit), byteLimit: limit)
  }

  /// Runs the graph on `tensors`, one for each input.
  ///
  /// - Returns: A tensor for each output.
  /// - Throws: `ExecutionError` that names the input or node that is at fault.
  public func run(_ tensors: [Constant]) throws(ExecutionError) -> [Constant] {
    try check(tensors)
    return try runner.run(tensors)
  }

  /// The memory of this machine.
  private static var machineByteCount: Int {
    max(sysconf(Int32(_SC_PHYS_PAGES)), 1) * max(sysconf(Int32(_SC_PAGESIZE)), 1)
  }

  private func check(_ tensors: [Constant]) throws(ExecutionError) {
    guard tensors.count == inputs.count else {
      throw ExecutionError(
        .invalidInput, "expected \(inputs.count) inputs, found \(tensors.count)")
    }
    for (tensor, (name, type)) in zip(tensors, inputs) {
      guard let type = type?.tensor else { continue }
      let fits =
        (type.elementType ?? tensor.elementType) == tensor.elementType
        && (type.shape.map { Self.fits($0, tensor.shape) } ?? true) && tensor.payload != nil
      guard fits else {
        throw ExecutionError(
          .invalidInput,
          "expected \(ValueType.tensor(type)), found \(ValueType.tensor(tensor.type))",
          subject: name)
      }
    }
  }

  private static func fits(_ shape: Shape, _ extents: [Int]) -> Bool {
    shape.count == extents.count
      && zip(shape, extents).allSatisfy { $0.count == nil || $0.count == $1 || $0.count == -1 }
  }
}
