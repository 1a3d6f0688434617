import Detection
import TestSupport
import Testing

/// What the numbers of detectors are said to mean, and what they then say.
@Suite struct OutputMeaningTests {
  @Test(arguments: [
    "logit,positive=generated", "logit,positive=real", "probability,positive=generated",
    "probability,positive=real,threshold=0.3", "softmax,generated=1", "probabilities,generated=0",
    "softmax,generated=3,threshold=1e-06,output=a,b=c",
  ])
  func whatIsPrintedIsWhatWasRead(text: String) throws {
    #expect(try OutputMeaning(text).description == text)
  }

  @Test func partsMayStandInAnyOrderButTheName() throws {
    let meaning = try OutputMeaning("softmax,threshold=0.5,generated=1,output=logits,threshold=2")
    #expect(meaning.form == .softmax(generated: 1))
    #expect(meaning.output == "logits,threshold=2")
    #expect(meaning.description == "softmax,generated=1,output=logits,threshold=2")
  }

  @Test(arguments: [
    ("", "expected logit, probability, softmax or probabilities at the start, found ''"),
    ("positive=real", "at the start, found 'positive=real'"),
    ("Logit,positive=real", "found 'Logit'"),
    ("logit", "logit needs positive=generated or positive=real"),
    ("logit,positive=fake", "found positive=fake"),
    ("logit,generated=1", "logit needs positive="),
    ("logit,positive=real,generated=1", "'generated=' does not go with logit"),
    ("logit,positive=real,", "expected a part such as generated=1, found ''"),
    ("logit,positive=real,positive=real", "'positive=' is given twice"),
    ("probability,positive", "expected a part such as generated=1, found 'positive'"),
    ("softmax", "softmax needs the index of the class for generated pictures"),
    ("softmax,generated=-1", "expected the index of a class, found -1"),
    ("softmax,generated=1.0", "found generated=1.0"),
    ("softmax,generated=99999999999999999999", "found generated=9999"),
    ("softmax,generated=1,positive=real", "'positive=' does not go with softmax"),
    ("probabilities,generated=1,threshold=0", "expected a threshold between 0 and 1, found 0.0"),
    ("probabilities,generated=1,threshold=1", "found 1.0"),
    ("logit,positive=real,threshold=nan", "found nan"),
    ("logit,positive=real,threshold=half", "found 'half'"),
    ("logit,positive=real,output=", "expected the name of an output"),
  ])
  func refusesTexts(text: String, message: String) {
    let error = #expect(throws: OutputMeaningError.self) { try OutputMeaning(text) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func theOutputMustBeNamedIfThereAreSeveral() throws {
    let (any, named) = (
      try OutputMeaning("logit,positive=real"), try OutputMeaning("logit,positive=real,output=b")
    )
    #expect(try any.place(among: ["a"]) == 0)
    #expect(try named.place(among: ["a", "b"]) == 1)
    #expect(throws: OutputMeaningError.self) { try any.place(among: ["a", "b"]) }
    #expect(throws: OutputMeaningError.self) { try named.place(among: ["a"]) }
  }

  @Test(
    arguments: [
      ("logit,positive=real", [[], [1], [1, 1], [1, 7, 5], [nil], [nil, nil, nil], [1, 1, 1]]),
      ("probability,positive=real", [[], [1], [1, 1, 1], [nil, nil]]),
      ("softmax,generated=1", [[2], [5], [1, 2], [2, 1, 1], [nil], [2, nil, nil]]),
      ("probabilities,generated=2", [[3], [nil]]),
    ] as [(String, [[Int?]])])
  func acceptsExtents(text: String, all: [[Int?]]) throws {
    let meaning = try OutputMeaning(text)
    for extents in all { try meaning.check(extents: extents) }
  }

  @Test(
    arguments: [
      (
        "logit,positive=real",
        [[2], [7, 5], [2, 7, 5], [7, 5, 1], [1, 0, 5], [1, 1, 7, 5], [0]]
      ),
      ("probability,positive=real", [[2], [1, 7, 5], [0], [nil, 2]]),
      ("softmax,generated=1", [[], [1], [1, 1], [2, 7, 5], [0], [2, 3]]),
      ("softmax,generated=2", [[2], [2, nil, nil]]),
      ("probabilities,generated=2", [[], [1], [2], [4, 2]]),
    ] as [(String, [[Int?]])])
  func refusesExtents(text: String, all: [[Int?]]) throws {
    let meaning = try OutputMeaning(text)
    for extents in all {
      #expect(throws: OutputMeaningError.self, "\(extents)") { try meaning.check(extents: extents) }
    }
  }

  @Test func eitherClassMayBePositive() throws {
    let forms: [(String, [Float])] = [
      ("logit,positive=generated", [2]), ("logit,positive=real", [-2]),
      ("probability,positive=generated", [0.8807971]), ("probability,positive=real", [0.1192029]),
      ("softmax,generated=1", [-1, 1]), ("softmax,generated=0", [101, 99]),
      ("probabilities,generated=1", [0.1192029, 0.8807971]),
      ("probabilities,generated=0", [0.8807971, 0.1192029]),
      ("logit,positive=generated", [1, 3, 0, 4]),
    ]
    for (text, numbers) in forms {
      let assessment = try #require(try OutputMeaning(text).assess(numbers))
      #expect(abs(assessment.logit - 2) < 1e-5, "\(text)")
      #expect(abs(assessment.probability - 0.880797078) < 1e-6, "\(text)")
      #expect(assessment.verdict == .generated, "\(text)")
    }
  }

  @Test func largeNumbersAreNoTrouble() throws {
    let logit = try OutputMeaning("logit,positive=generated")
    #expect(try logit.assess([-800])?.probability == 0)
    #expect(try logit.assess([-700])?.probability ?? 0 > 0)
    #expect(try logit.assess([3e38])?.probability == 1)
    #expect(try logit.assess([.infinity])?.verdict == .generated)
    let softmax = try OutputMeaning("softmax,generated=0")
    #expect(try softmax.assess([-3e38, 3e38, 0])?.probability == 0)
    #expect(try softmax.assess([1e4, 1e4 - 1])?.logit == 1)
    #expect(try softmax.assess([0, -.infinity, -.infinity])?.logit == .infinity)
    let sure = try #require(try OutputMeaning("probabilities,generated=0").assess([1, 1e-9]))
    #expect(abs(sure.logit - 20.7232658) < 1e-6)
    #expect(try OutputMeaning("probability,positive=real").assess([1])?.logit == -.infinity)
  }

  @Test func whatIsNoNumberSaysNothing() throws {
    #expect(try OutputMeaning("logit,positive=real").assess([.nan]) == nil)
    #expect(try OutputMeaning("logit,positive=real").assess([.infinity, -.infinity]) == nil)
    #expect(try OutputMeaning("softmax,generated=0").assess([.infinity, .infinity]) == nil)
    #expect(try OutputMeaning("softmax,generated=0").assess([-.infinity, -.infinity]) == nil)
    #expect(try OutputMeaning("probabilities,generated=0").assess([.nan, 1]) == nil)
    #expect(try OutputMeaning("logit,positive=real").assess([]) == nil)
  }

  @Test func whatIsNoProbabilityIsRefused() throws {
    for (text, numbers) in [
      ("probability,positive=real", [1.5]), ("probability,positive=real", [-3]),
      ("probabilities,generated=0", [0.9, 0.8]), ("probabilities,generated=0", [2, -1]),
      ("probabilities,generated=2", [0.5, 0.5]), ("softmax,generated=2", [0, 0]),
    ] as [(String, [Float])] {
      #expect(throws: OutputMeaningError.self, "\(text)") {
        try OutputMeaning(text).assess(numbers)
      }
    }
  }

  @Test func aPictureIsGeneratedAboveTheThreshold() throws {
    let meaning = try OutputMeaning("probability,positive=generated,threshold=0.25")
    #expect(try meaning.assess([0.25])?.verdict == .real)
    #expect(try meaning.assess([0.2501])?.verdict == .generated)
    #expect(try meaning.assess([0.2499])?.verdict == .real)
    let logit = try OutputMeaning("logit,positive=real")
    #expect(try logit.assess([0])?.verdict == .real)
    #expect(try logit.assess([-1e-30])?.verdict == .generated)
    // Both have probability 1.
    let strict = try OutputMeaning("logit,positive=generated,threshold=0.9999999999999999")
    #expect(try strict.assess([36])?.verdict == .real)
    #expect(try strict.assess([40])?.verdict == .generated)
  }
}
