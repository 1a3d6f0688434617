import Executor
import Formats
import Glibc
import IR
import Images

/// What a network answers to one picture.
struct PictureAnswer: Encodable {
  let path: String
  /// The elements of the first output; empty if the picture could not be read.
  let values: [Float]
  /// The logistic function of the answer, if it is a single number.
  let probability: Double?
  /// Why there is no answer.
  let error: String?

  init(_ path: String, values: [Float]) {
    self.path = path
    self.values = values
    probability = values.count == 1 ? 1 / (1 + exp(-Double(values[0]))) : nil
    error = nil
  }

  init(_ path: String, error: String) {
    self.path = path
    values = []
    probability = nil
    self.error = error
  }
}

extension ModelRun {
  /// Runs the model on pictures, one after another; those that cannot be read are answered by the reason.
  func answers(
    _ paths: [String], _ preprocessing: Preprocessing, _ progress: inout Progress
  ) throws -> [PictureAnswer] {
    guard session.inputs.count == 1 else {
      throw Failure(
        status: .usage,
        message: "the model has \(session.inputs.count) inputs; pictures are for one",
        hints: ["Give it tensors with --tensor."])
    }
    var answers: [PictureAnswer] = []
    for (number, path) in paths.enumerated() {
      progress.report("\(number + 1) of \(paths.count) pictures")
      let tensor: Constant
      do {
        tensor = try PictureFiles.tensor(path, preprocessing)
      } catch {
        answers.append(PictureAnswer(path, error: "\(error.message); \(error.advice)"))
        continue
      }
      let first = try results([tensor]).first?.tensor.inSinglePrecision?.elements(as: Float.self)
      answers.append(PictureAnswer(path, values: first ?? []))
    }
    return answers
  }
}
