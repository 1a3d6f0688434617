internal import COneDNN
public import IR

/// Computes graphs that read stored tensors alone.
public enum ConstantEvaluation {
  /// How many bytes values may take.
  private static let byteLimit = 1 << 32

  /// What `graph`, which has no inputs, makes.
  ///
  /// One thread does the work, as several take sums in another order: the result must not depend on how many
  /// there are.
  ///
  /// - Parameter graph: A graph whose nodes call no functions of a model.
  /// - Returns: A tensor for each output.
  /// - Throws: `ExecutionError` that names the node that cannot be run.
  @Sendable
  public static func evaluate(_ graph: Graph) throws -> [Constant] {
    let threads = omp_get_max_threads()
    defer { omp_set_num_threads(threads) }
    return try Session(Model(irVersion: 8, graph: graph), threads: 1, byteLimit: byteLimit).run([])
  }
}
