import FoundationEssentials
import TestSupport
import Testing

@Suite struct InspectTests {
  private struct Inspection: Decodable {
    struct Operator: Decodable {
      let `operator`: String
      let count: Int
    }
    struct Channels: Decodable {
      let fates: Report.Fates
    }
    let schema: String
    let operators: [Operator]
    let counts: Report.Counts
    let countedAt: [String: [Int]]
    let channels: Channels?
  }

  private func inspect(_ arguments: String...) throws -> Inspection {
    let result = try runProcess(
      try Program.path(), ["inspect", try Models.gated.get(), "--json"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode(Inspection.self, from: Data(result.output.utf8))
  }

  @Test func countsOperatorsAndWork() throws {
    let inspection = try inspect("--input-shape", "input:1,3,64,64")
    #expect(inspection.schema == "dearc.inspect/1")
    #expect(inspection.countedAt == ["input": [1, 3, 64, 64]])
    #expect(inspection.operators.first { $0.operator == "Conv" }?.count == 20)
    #expect(inspection.channels == nil)
    let larger = try inspect("--input-shape", "input:2,3,64,64")
    #expect(larger.counts.macs == inspection.counts.macs.map { $0 * 2 })
  }

  @Test func saysWhichChannelsCouldGo() throws {
    let channels = try #require(try inspect("--channels").channels)
    #expect(channels.fates.removed == 64 - 29)
  }

  @Test func showsAPageForPeople() throws {
    let result = try Program.run("inspect", try Models.gated.get(), "--channels")
    #expect(result.status == 0)
    for word in ["resnet50", "BatchNormalization", "f32 [batch, 3, height, width]", "can go"] {
      #expect(result.output.contains(word), "\(word) is missing")
    }
    #expect(!result.output.contains("\u{1B}"))
    let colored = try Program.run("inspect", try Models.gated.get(), "--color", "always")
    #expect(colored.output.contains("\u{1B}"))
  }

  @Test func printsTheGraphAsText() throws {
    let result = try Program.run("inspect", try Models.gated.get(), "--text")
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("model"))
    #expect(result.output.contains("BatchNormalization("))
  }
}
