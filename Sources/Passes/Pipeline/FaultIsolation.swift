internal import IR

/// Finds the smallest part of a graph on which a pass goes wrong, so that a report of it can be read.
///
/// The part starts as the node at fault and grows by its neighbours until the fault shows; then nodes
/// are left out one by one as long as it still does.
struct FaultIsolation {
  private let graph: Graph
  private let showsFault: (Graph) -> Bool
  private var trialsLeft: Int

  /// Bounds the work: by then a part is small enough, or the fault takes more of the graph to show.
  private static let trialLimit = 200
  private static let largestRadius = 8

  init(_ graph: Graph, showsFault: @escaping (Graph) -> Bool) {
    self.graph = graph
    self.showsFault = showsFault
    trialsLeft = Self.trialLimit
  }

  /// The part around what any of `faults` names; nil if the fault does not show on one.
  mutating func smallestPart(around faults: [Fault]) -> Graph? {
    guard var part = grown(from: nodes(named: faults.compactMap(\.subject))) else { return nil }
    var shrank = true
    while shrank {
      shrank = false
      for node in graph.nodeIDs.reversed() where part.contains(node) && part.count > 1 {
        guard shows(part.subtracting([node])) else { continue }
        part.remove(node)
        shrank = true
      }
    }
    return graph.extracting(where: part.contains)
  }

  private func nodes(named names: [String]) -> Set<NodeID> {
    let wanted = Set(names)
    return Set(
      graph.nodeIDs.filter { node in
        wanted.contains(graph.label(node))
          || graph.nodes[node].outputs.contains {
            $0.map { wanted.contains(graph.values[$0].name) } ?? false
          }
      })
  }

  /// Grows the part by one ring of neighbours at a time; tries the whole graph last.
  private mutating func grown(from start: Set<NodeID>) -> Set<NodeID>? {
    var part = start
    for _ in 0...Self.largestRadius where !part.isEmpty {
      if shows(part) { return part }
      part.formUnion(part.flatMap(neighbours))
    }
    let all = Set(graph.nodeIDs)
    return shows(all) ? all : nil
  }

  private func neighbours(of node: NodeID) -> [NodeID] {
    let row = graph.nodes[node]
    let makers = row.inputs.compactMap { $0.flatMap { graph.producer(of: $0) } }
    let readers = row.outputs.compactMap { $0 }.flatMap {
      graph.values[$0].uses.compactMap(\.node)
    }
    return makers + readers
  }

  private mutating func shows(_ part: Set<NodeID>) -> Bool {
    guard trialsLeft > 0 else { return false }
    trialsLeft -= 1
    return showsFault(graph.extracting(where: part.contains))
  }
}

extension Pipeline {
  /// Walks through the pipeline again, checking after every pass, to say which pass goes wrong on what.
  func diagnose(_ error: PipelineError, _ model: Model, _ options: PipelineOptions) -> PipelineError
  {
    var run = PipelineRun(model.graph, options, checksEveryPass: true)
    do throws(PipelineError) {
      for stage in stages { try run.perform(stage) }
    } catch {
      guard let pass = stages.flatMap(\.passes).first(where: { $0.name == error.pass }) else {
        return error
      }
      var isolation = FaultIsolation(run.graphBeforeLastPass) { part in
        var trial = PipelineRun(part, options, checksEveryPass: true)
        do throws(PipelineError) { try trial.perform(.once(pass)) } catch { return true }
        return false
      }
      var diagnosis = error
      diagnosis.subgraph = isolation.smallestPart(around: error.found)?.text(
        PrintOptions(constants: .summary(maxElements: 8), identifiers: .names, origins: false))
      return diagnosis
    }
    return error
  }
}
