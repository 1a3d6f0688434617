import Executor
import IR
import Images

/// Runs a model on pictures of one size together, as far as it answers to each of them as if it were alone.
struct PictureBatches {
  /// The elements of an output that belong to one picture, and their extents.
  typealias Answer = (values: [Float], extents: [Int])

  /// Larger batches hardly save anything.
  static let usualCount = 8
  /// How many bytes the values of a batch may take, unless a number of pictures was asked for.
  private static let byteLimit = 256 << 20
  /// Answers in a batch may be so far from those alone, in proportion to the largest or to 1.
  private static let tolerance: Float = 1e-4

  private let run: ModelRun
  /// Which output is looked at.
  private let place: Int
  /// How many pictures were asked for.
  private let requested: Int?
  /// Whether pictures may be run together; nil until that has been tried.
  private var isOpen: Bool?
  /// How many bytes a run takes for each element of its input.
  private var bytesPerElement = 0

  /// Whether pictures were run one by one though more were asked for.
  var isRefused: Bool { requested ?? 1 > 1 && isOpen == false }

  /// - Parameters:
  ///   - run: The model, which has one input.
  ///   - place: Which output is looked at.
  ///   - count: How many pictures are run together; nil for as many as make sense.
  init(_ run: ModelRun, output place: Int, count: Int?) {
    self.run = run
    self.place = place
    requested = count
    isOpen = run.takesBatches && count != 1 ? nil : false
  }

  /// The answer to each of `pictures`, which are of one size, or why there is none.
  mutating func answers(
    to pictures: [PreprocessedPicture]
  ) -> [Result<Answer, ExecutionError>] {
    var rest = pictures[...]
    var answers: [Result<Answer, ExecutionError>] = []
    while let first = rest.first {
      if isOpen == nil, rest.count > 1 {
        answers += trial(&rest)
      } else {
        let part = Array(rest.prefix(count(for: first)))
        rest = rest.dropFirst(part.count)
        answers += together(part) ?? part.map(alone)
      }
    }
    return answers
  }

  /// Runs a batch, and its first picture alone as well, and so finds out whether batches are answered alike.
  ///
  /// Takes at least one picture off `rest`, and answers those that it takes.
  private mutating func trial(
    _ rest: inout ArraySlice<PreprocessedPicture>
  ) -> [Result<Answer, ExecutionError>] {
    guard let first = rest.popFirst() else { return [] }
    let single = alone(first)
    guard case .success(let expected) = single else { return [single] }
    bytesPerElement = run.session.memory.arena / max(first.values.count, 1)
    let part = Array(rest.prefix(count(for: first) - 1))
    // Pictures too large to be run together tell nothing about others.
    guard !part.isEmpty else { return [single] }
    guard let answers = together([first] + part), case .success(let found)? = answers.first,
      Self.areAlike(found.values, expected.values)
    else {
      isOpen = false
      return [single]
    }
    isOpen = true
    rest = rest.dropFirst(part.count)
    return answers
  }

  private static func areAlike(_ first: [Float], _ second: [Float]) -> Bool {
    let largest = second.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
    return first.count == second.count
      && zip(first, second).allSatisfy {
        $0 == $1 || $0.isNaN && $1.isNaN || abs($0 - $1) <= tolerance * largest
      }
  }

  /// How many pictures like this one are run together.
  private func count(for picture: PreprocessedPicture) -> Int {
    if isOpen == false { return 1 }
    if let requested { return requested }
    let bytes = max(bytesPerElement * picture.values.count, 1)
    return min(max(Self.byteLimit / bytes, 1), Self.usualCount)
  }

  private func alone(_ picture: PreprocessedPicture) -> Result<Answer, ExecutionError> {
    do throws(ExecutionError) {
      let output = try outputs([picture])
      // A network may drop the axis of pictures where there is only one.
      let extents = output.shape.first == 1 ? Array(output.shape.dropFirst()) : output.shape
      return .success((Self.values(of: output), extents))
    } catch {
      return .failure(error)
    }
  }

  /// Nil if that is no batch, or its output has no axis for it, or it cannot be run.
  private func together(
    _ pictures: [PreprocessedPicture]
  ) -> [Result<Answer, ExecutionError>]? {
    guard pictures.count > 1, let output = try? outputs(pictures),
      output.shape.first == pictures.count
    else { return nil }
    let (values, extents) = (Self.values(of: output), Array(output.shape.dropFirst()))
    let count = extents.reduce(1, *)
    guard values.count == count * pictures.count else { return nil }
    return pictures.indices.map { index in
      .success((Array(values[index * count..<(index + 1) * count]), extents))
    }
  }

  private func outputs(_ pictures: [PreprocessedPicture]) throws(ExecutionError) -> Constant {
    let shape = [pictures.count] + (pictures.first?.shape.dropFirst() ?? [])
    let values = pictures.count == 1 ? pictures[0].values : pictures.flatMap(\.values)
    return try run.session.run([Constant(values, shape: shape)])[place]
  }

  private static func values(of tensor: Constant) -> [Float] {
    tensor.inSinglePrecision?.elements(as: Float.self) ?? []
  }
}

extension ModelRun {
  /// Whether the model leaves open how many pictures it takes at a time.
  var takesBatches: Bool {
    guard let shape = session.inputs.first?.type?.tensor?.shape, let first = shape.first else {
      return true
    }
    return first.count ?? -1 < 0
  }
}
