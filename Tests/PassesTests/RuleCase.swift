import IR
import TestSupport
import Testing

@testable import Passes

/// A graph in text form, with directives in comments, that shows one rule of a pass.
///
/// Every stored tensor of zeros is filled with seeded random numbers, so that no default such as
/// a zero bias or a unit scale hides a mistake. Then directives are carried out, one a line:
///
/// ```
/// // zero w1 0 2 5        slots 2 and 5 of axis 0 of w1 become zero
/// // set b1 3 -0.5        element 3 of b1 becomes -0.5
/// // balance w1 0 1       the elements of slot 1 of axis 0 get sum zero, none of them zero
/// // close r 1 gate 0 3    channels 0 and 3 of axis 1 of value r are closed, in the scope named
/// // sizes x:1,4,9,11 …   input shapes to judge at; inputs are separated by semicolons
/// ```
struct RuleCase {
  let name: String
  let graph: Graph
  /// Input shapes by name, for each run of the judge.
  let sizes: [String]
  /// The channels to close before pruning.
  let marks: [ChannelMark]

  /// Reads a case from `path`.
  init(path: String) throws {
    let text = try readFile(path)
    name = String(path.split(separator: "/").last?.dropLast(".dearc".count) ?? "")
    var graph = try parseGraph(text)
    fill(&graph)
    var sizes: [String] = []
    var marks: [ChannelMark] = []
    for line in text.split(separator: "\n") where line.hasPrefix("// ") {
      let words = line.dropFirst(3).split(separator: " ").map(String.init)
      if words.first == "sizes" { sizes = Array(words.dropFirst()) }
      if words.first == "close" { marks.append(try #require(ChannelMark(words))) }
      if ["zero", "set", "balance"].contains(words.first) {
        try #require(apply(words, to: &graph), "\(name): nothing to apply '\(line)' to")
      }
    }
    try #require(!sizes.isEmpty, "\(name) is judged at no size")
    self.sizes = sizes
    self.marks = marks
    graph.inferShapes()
    self.graph = graph
  }

  /// All cases in the folder called `folder`, by name.
  static func all(in folder: String) throws -> [RuleCase] {
    try files(under: fixture("passes/\(folder)"), suffix: ".dearc").sorted()
      .map(RuleCase.init)
  }
}

private func fill(_ graph: inout Graph) {
  for value in graph.constantIDs {
    guard let constant = graph.constant(value), constant.count > 1,
      let elements = constant.elements(as: Float.self), elements.allSatisfy({ $0 == 0 })
    else { continue }
    let name = graph.values[value].name
    var random = SplitMix64(seed: UInt64(name.utf8.reduce(7) { $0 &* 31 &+ Int($1) }))
    let isVariance = name.hasPrefix("var")
    let filled = elements.map { _ -> Float in
      let number = Float(random.next() >> 40) / Float(1 << 23) - 1
      return isVariance ? 0.5 + abs(number) : number == 0 ? 0.5 : number
    }
    graph.replaceConstant(value, with: Constant(filled, shape: constant.shape))
  }
}

/// Carries out a directive; false if there is no such tensor, or it holds no floats.
private func apply(_ words: [String], to graph: inout Graph) -> Bool {
  guard words.count >= 3,
    let value = graph.constantIDs.first(where: { graph.values[$0].name == words[1] }),
    let constant = graph.constant(value), var elements = constant.elements(as: Float.self)
  else { return false }
  if words[0] == "set", let index = Int(words[2]), let number = Float(words[3]) {
    elements[index] = number
  } else if let axis = Int(words[2]) {
    let inner = constant.shape[(axis + 1)...].reduce(1, *)
    let slots = Set(words.dropFirst(3).compactMap(Int.init))
    let chosen = elements.indices.filter { slots.contains($0 / inner % constant.shape[axis]) }
    let mean = chosen.reduce(0) { $0 + elements[$1] } / Float(max(chosen.count, 1))
    for index in chosen { elements[index] = words[0] == "zero" ? 0 : elements[index] - mean }
  }
  graph.replaceConstant(value, with: Constant(elements, shape: constant.shape))
  return true
}

extension ChannelMark {
  fileprivate init?(_ words: [String]) {
    guard words.count > 4, let axis = Int(words[2]), let scope = Scope(rawValue: words[3]) else {
      return nil
    }
    self.init(
      value: words[1], axis: axis, closed: words.dropFirst(4).compactMap { Int($0) }, scope: scope)
  }
}
