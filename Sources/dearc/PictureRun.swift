import Detection
import Executor
import IR
import Images

/// Answers pictures, in the order in which they were given.
struct PictureRun {
  /// So many pictures, and bytes of what was made of them, wait for others of their size at most.
  private static let waitingLimit = (count: 64, bytes: 256 << 20)

  /// A picture that is ready to be run.
  private typealias Waiting = (place: Int, picture: PreprocessedPicture)

  private let files: [PictureFile]
  private let preprocessing: Preprocessing
  private let meaning: OutputMeaning?
  private var batches: PictureBatches
  /// The batch size in so far as pictures wait for it.
  private let limit: Int

  private var answers: [PictureAnswer?]
  /// Why pictures in folders have no answer.
  private(set) var failures: [Failure] = []
  private var waiting: [[Int]: [Waiting]] = [:]
  private var waitingCount = 0
  private var waitingBytes = 0

  /// - Parameters:
  ///   - run: The model.
  ///   - files: The pictures.
  ///   - preprocessing: What is made of them.
  ///   - meaning: What the answers mean, if that is known.
  ///   - batch: How many pictures of one size are run together; nil for as many as make sense.
  /// - Throws: `Failure` if the model is not for pictures, or not for several at a time as asked for.
  init(
    _ run: ModelRun, _ files: [PictureFile], _ preprocessing: Preprocessing,
    _ meaning: OutputMeaning?, batch: Int?
  ) throws {
    try run.expectPictures(batch: batch)
    let place = try meaning?.place(among: run.session.outputs.map(\.name)) ?? 0
    self.files = files
    self.preprocessing = preprocessing
    self.meaning = meaning
    batches = PictureBatches(run, output: place, count: batch)
    limit = max(batch ?? PictureBatches.usualCount, 1)
    answers = Array(repeating: nil, count: files.count)
  }

  /// Whether pictures were run one by one though more were asked for.
  var isBatchRefused: Bool { batches.isRefused }

  /// Runs the model on all pictures.
  ///
  /// - Parameter progress: Is told how far it has come.
  /// - Returns: the answer to each picture.
  /// - Throws: `Failure` for a picture that was named and has no answer, or if the model cannot be run.
  mutating func run(_ progress: inout Progress) throws -> [PictureAnswer] {
    for place in files.indices {
      progress.report("\(place + 1) of \(files.count) pictures")
      do {
        try take(try PictureFiles.prepared(files[place].path, preprocessing), place)
      } catch let error as ImageError {
        try giveUp(place, Failure(error))
      }
    }
    try answerAll()
    return answers.compactMap { $0 }
  }

  /// Lets a picture wait until there are enough of its size, or too many in all.
  private mutating func take(
    _ picture: PreprocessedPicture, _ place: Int
  ) throws {
    waiting[picture.shape, default: []].append((place, picture))
    waitingCount += 1
    waitingBytes += picture.byteCount
    if waiting[picture.shape]?.count == limit {
      try answer(waiting.removeValue(forKey: picture.shape) ?? [])
    } else if waitingCount >= max(Self.waitingLimit.count, limit)
      || waitingBytes >= Self.waitingLimit.bytes
    {
      try answerAll()
    }
  }

  /// Answers what waits, beginning with the size that has waited longest.
  private mutating func answerAll() throws {
    let groups = waiting.values.sorted { ($0.first?.place ?? 0) < ($1.first?.place ?? 0) }
    waiting = [:]
    for group in groups { try answer(group) }
  }

  private mutating func answer(_ group: [Waiting]) throws {
    waitingCount -= group.count
    waitingBytes -= group.reduce(0) { $0 + $1.picture.byteCount }
    for (result, place) in zip(batches.answers(to: group.map(\.picture)), group.map(\.place)) {
      switch result {
      case .success(let answer): try accept(answer, place)
      case .failure(let error): try giveUp(place, failure(error))
      }
    }
  }

  private mutating func accept(
    _ answer: PictureBatches.Answer, _ place: Int
  ) throws {
    let path = files[place].path
    guard let meaning else {
      answers[place] = PictureAnswer(path, values: answer.values, nil)
      return
    }
    try meaning.check(extents: answer.extents)
    guard let assessment = try meaning.assess(answer.values) else {
      return try giveUp(
        place, Failure(status: .malformedInput, message: "the network's answer is not a number"))
    }
    let isMap = meaning.form.isLogit && answer.values.count > 1
    answers[place] = PictureAnswer(path, values: isMap ? [] : answer.values, assessment)
  }

  /// Notes that a picture has no answer, which ends the run if the user named it.
  private mutating func giveUp(
    _ place: Int, _ failure: Failure
  ) throws {
    let file = files[place]
    var failure = failure
    failure.file = file.path
    guard !file.isNamed else { throw failure }
    failures.append(failure)
    answers[place] = PictureAnswer(
      file.path, error: ([failure.message] + failure.hints).joined(separator: "; "))
  }

  /// What becomes of a picture that the model cannot be run on.
  ///
  /// - Throws: `Failure` if it could not be run on others either.
  private func failure(_ error: ExecutionError) throws -> Failure {
    switch error.kind {
    case .invalidOperands, .tooLarge: return Failure(error)
    case .unsupported, .internalFailure: throw Failure(error)
    case .invalidInput:
      throw Failure(
        status: .usage, message: error.description,
        hints: [
          "Pictures are prepared as \(preprocessing); --resize, --crop and --layout change that."
        ])
    }
  }
}

extension ModelRun {
  /// Checks that there is one input, and that it takes as many pictures at a time as are asked for.
  fileprivate func expectPictures(batch: Int?) throws {
    guard session.inputs.count == 1 else {
      throw Failure(
        status: .usage,
        message: "the model has \(session.inputs.count) inputs; pictures are for one",
        hints: ["Give it tensors with --tensor."])
    }
    guard batch ?? 1 == 1 || takesBatches else {
      throw Failure(
        status: .usage,
        message: "--batch: the model has a fixed number of pictures that it takes at a time",
        hints: ["Leave --batch out."])
    }
  }
}

extension PreprocessedPicture {
  fileprivate var byteCount: Int { values.count * MemoryLayout<Float>.size }
}
