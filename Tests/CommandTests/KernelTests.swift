import TestSupport
import Testing

/// Kernels on odd sizes, ties and what is no number, judged by onnxruntime and numpy.
@Suite struct KernelTests {
  @Test(arguments: ["topk", "reductions", "arithmetic", "joining", "residual"])
  func answersAreThoseOfOthers(_ kernels: String) throws {
    let folder = try TemporaryDirectory()
    try Judge.run("kernel_judge.py", try Program.path(), folder.path, kernels)
  }
}
