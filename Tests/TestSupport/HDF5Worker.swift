public import HDF5Access

extension WorkerProgram {
  /// The built program as reader of HDF5: what runs the tests is no program that could be started again.
  public static func built() -> WorkerProgram {
    WorkerProgram(path: builtProgram(), arguments: [argument])
  }
}
