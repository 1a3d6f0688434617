import Detection
import Executor
import IR
import Images

/// What `run` reports.
struct RunReport: Encodable {
  /// One output in short.
  struct Output: Encodable {
    let name: String
    let type: String
    let shape: [Int]
    /// The least and the greatest element; absent where there are none, or no numbers.
    let least: Double?
    let greatest: Double?
  }

  let schema = "dearc.run/1"
  let version = Dearc.version
  let outputs: [Output]
  /// The bytes that values took together, and the most that were alive at a time.
  let arenaBytes: Int
  let leastBytes: Int
  /// Milliseconds of each run that was timed.
  let milliseconds: [Double]?

  init(_ run: ModelRun, _ results: [RunResult], times: [Duration]?) {
    outputs = results.map(Output.init)
    (arenaBytes, leastBytes) = run.session.memory
    milliseconds = times.map { $0.map(Quantities.milliseconds) }
  }
}

extension RunReport.Output {
  init(_ result: RunResult) {
    name = result.name
    type = "\(result.tensor.elementType)"
    shape = result.tensor.shape
    let numbers = result.tensor.inSinglePrecision?.elements(as: Float.self)
    least = numbers?.min().flatMap { $0.isFinite ? Double($0) : nil }
    greatest = numbers?.max().flatMap { $0.isFinite ? Double($0) : nil }
  }
}

/// What `run` reports of pictures.
struct PicturesReport: Encodable {
  let schema = "dearc.run/1"
  let version = Dearc.version
  let preprocessing: String
  /// Absent if nobody says what the answer means.
  let outputMeaning: String?
  /// How many pictures there is no answer to.
  let unanswered: Int
  let pictures: [PictureAnswer]

  init(_ preprocessing: Preprocessing, _ meaning: OutputMeaning?, _ answers: [PictureAnswer]) {
    self.preprocessing = preprocessing.description
    outputMeaning = meaning?.description
    unanswered = answers.count { $0.error != nil }
    pictures = answers
  }
}
