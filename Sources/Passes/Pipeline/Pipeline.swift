public import IR

/// What to do to a model, and what to leave out.
public struct PipelineOptions: Sendable {
  /// Names of passes that do not run.
  public var skippedPasses: Set<String> = []
  /// Extents assumed for symbolic dimensions where costs are estimated.
  public var assumedExtents: [String: Int] = [:]
  /// Runs a graph without inputs, to fold what passes cannot compute themselves; nil to leave that.
  ///
  /// Its answers must not depend on when or how often it is asked.
  public var evaluate: (@Sendable (Graph) throws -> [Constant])?
  /// How many bytes a constant may add to the model for nodes that it stands for.
  public var foldLimit = PipelineOptions.usualFoldLimit

  /// About what the description of a few nodes takes, so that folding does not grow a file.
  public static let usualFoldLimit = ConstantFolding.freeByteCount

  /// Runs everything.
  public init() {}
}

/// How long a pass took, over all rounds.
public struct PassTiming: Sendable {
  /// The pass.
  public let pass: String
  /// The time spent in it.
  public internal(set) var duration: Duration
  /// The changes it made.
  public internal(set) var changes: Int
}

/// A compiled model and the record of how it came about.
public struct PipelineResult: Sendable {
  /// The model.
  public let model: Model
  /// Every change, in order.
  public let changes: [Change]
  /// What passes declined to do.
  public let refusals: [Refusal]
  /// The weights that were taken for zero, if any were.
  public let flushed: FlushedWeights?
  /// What became of channels, if they were pruned.
  public let pruning: PruningReport?
  /// What became of stored tensors, if weights were stored more compactly or had been.
  public let precision: PrecisionReport?
  /// Values that kept their names, but a factor or summand of which is applied elsewhere now.
  public let rescaled: Set<ValueID>
  /// Time per pass, in pipeline order.
  public let timings: [PassTiming]
}

/// Passes in the order in which they run.
public struct Pipeline: Sendable {
  /// A step of a pipeline.
  public enum Stage: Sendable {
    /// The pass runs once.
    case once(Pass)
    /// The passes run one after another, again and again, until none changes anything.
    case untilStable([Pass])

    /// The passes of the stage.
    public var passes: [Pass] {
      switch self {
      case .once(let pass): [pass]
      case .untilStable(let passes): passes
      }
    }
  }

  /// The steps, first to last.
  public let stages: [Stage]

  /// Folds and tidies.
  ///
  /// Constants are lifted first, because all others look for stored ones. Shape arithmetic is
  /// folded before layout, so that reshapes have literal shapes. Neighbours are joined before
  /// identities are looked for, which some come to. Identities go before affine folding, which needs
  /// a layer's only reader to be the affine node; products get their biases before it, as then they
  /// can take shifts. Layers are joined once nothing stands between them any more. Equal constants
  /// are looked for last, among those that are still read, and then nodes that do the same with them.
  public static let fold = Pipeline(stages: [
    .untilStable([
      ConstantLifting.pass, ShapeFolding.pass, ConstantFolding.pass, LayoutMerging.pass,
      ReshapeMerging.pass, BoundMerging.pass, IdentityElimination.pass, PadFolding.pass,
      GemmFusion.pass, AffineFolding.pass, GateFolding.pass, LinearFusion.pass,
      DeadNodeRemoval.pass, ConstantMerging.pass, NodeMerging.pass,
    ])
  ])

  /// Folds, removes channels, and folds again what that left: gates of ones, wider shapes.
  ///
  /// Right before, channel shuffles become what the analysis can follow, and the shape arithmetic
  /// that they no longer need goes, which would keep channels; then packed projections are taken
  /// apart, for which the analysis is asked once with all of them apart.
  public static let prune = prune(closing: [])

  /// Closes channels and gives the network a head, then folds and prunes what that made dead.
  ///
  /// - Parameters:
  ///   - marks: The channels to close.
  ///   - head: What replaces the last linear layer's weights, at full width.
  ///   - bound: Weights of a smaller magnitude are taken for zero.
  ///   - exactNorm: Whether normalisations may be written out in basic operators to lose channels.
  /// - Returns: the pipeline.
  public static func prune(
    closing marks: [ChannelMark], head: LinearHead? = nil, flushingBelow bound: Double? = nil,
    exactNorm: Bool = false
  ) -> Pipeline {
    let flushing = bound.map { [Stage.once(WeightFlushing.pass(below: $0))] } ?? []
    return Pipeline(
      stages: mark(marks, head: head).stages + fold.stages + flushing
        + [.untilStable([PermutationRecognition.pass, DeadNodeRemoval.pass])]
        + [
          .once(ProjectionUnpacking.pass), .once(ChannelPruning.pass(countingConstants: exactNorm)),
        ] + fold.stages)
  }

  /// Folds, and writes channel shuffles as what they are: what two graphs are compared in.
  public static let normalize = Pipeline(
    stages: fold.stages + [.untilStable([PermutationRecognition.pass, DeadNodeRemoval.pass])])

  /// Joins the linear layers that are `nodes` with those right before them, as long as that is exact.
  public static func join(at nodes: Set<NodeID>) -> Pipeline {
    Pipeline(stages: [.once(LinearFusion.pass(at: nodes))])
  }

  /// Gives the network a head of full width, closes channels, and does nothing else: what the result
  /// of pruning is compared with.
  public static func mark(_ marks: [ChannelMark], head: LinearHead? = nil) -> Pipeline {
    let marking = marks.isEmpty ? [] : [Stage.once(ChannelMarking.pass(marks))]
    return Pipeline(stages: (head.map { [.once(HeadReplacement.pass($0))] } ?? []) + marking)
  }

  /// Does the same with weights in single precision, and then stores them in `precision`.
  ///
  /// Weights that are stored more compactly are widened first, as all passes look for stored floats.
  /// Without a precision they are stored as they were, as far as that is exact.
  public func storingWeights(in precision: WeightPrecision?) -> Pipeline {
    let last = precision == .single ? [] : [Stage.once(WeightNarrowing.pass(to: precision))]
    return Pipeline(stages: [.once(WeightWidening.pass)] + stages + last)
  }

  /// Does nothing.
  public static let empty = Pipeline(stages: [])

  /// Every pass of the pipeline once, in the order in which they first run.
  public var passes: [Pass] {
    var names: Set<String> = []
    return stages.flatMap(\.passes).filter { names.insert($0.name).inserted }
  }

  /// Runs every stage on `model`.
  ///
  /// - Throws: `PipelineError` if a pass made an invalid graph, which is a fault in dearc.
  public func run(
    _ model: Model, options: PipelineOptions = PipelineOptions()
  ) throws(PipelineError) -> PipelineResult {
    var run = PipelineRun(model.graph, options)
    do throws(PipelineError) {
      for stage in stages { try run.perform(stage) }
      return try run.result(model)
    } catch {
      throw diagnose(error, model, options)
    }
  }
}
