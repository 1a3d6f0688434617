import TestSupport
import Testing

/// Statistics measured by shards on Ray, on several nodes of this machine.
@Suite struct ClusterTests {
  /// A worker and a node are killed meanwhile; a second run computes nothing; a refusal is not tried again.
  @Test func survivesTheLossOfAWorkerAndANode() throws {
    try Judge.run("ray_judge.py", try Program.path(), try Python.rayInterpreter())
  }
}
