import IR

/// What dearc knows of a class of layers: the weights they have, and how they compute.
struct LayerRule: Sendable {
  typealias Weights = @Sendable (LayerConfig) throws(ImportError) -> [WeightSpec]
  typealias Apply = @Sendable (LayerApplication) throws(ImportError) -> KerasTensor

  /// The weights a layer of these parameters has, in Keras's order.
  let weights: Weights
  /// Adds what one application of the layer computes to the graph.
  let apply: Apply
  /// Whether the layer does nothing but in training, whatever its parameters.
  let isForTraining: Bool
  /// Whether it computes something else in training.
  let heedsTraining: Bool
  /// The arguments by name that it heeds; whatever else is given to a call is refused.
  let keywords: Set<String>

  /// Describes a class of layers.
  init(
    weights: @escaping Weights, keywords: Set<String> = [], isForTraining: Bool = false,
    heedsTraining: Bool = false, apply: @escaping Apply
  ) {
    self.weights = weights
    self.keywords = keywords
    self.isForTraining = isForTraining
    self.heedsTraining = heedsTraining || isForTraining
    self.apply = apply
  }

  /// Describes a class of layers without weights.
  init(keywords: Set<String> = [], _ apply: @escaping Apply) {
    self.init(
      weights: { (_) throws(ImportError) in [] }, keywords: keywords, apply: apply)
  }

  /// Layers that do nothing but in training.
  static let identity = identity(keywords: [])

  /// Layers that change pictures at random, in training only.
  ///
  /// Keras writes `training=True` for them, though nobody asked for it.
  static let augmentation = identity(keywords: ["training"])

  private static func identity(keywords: Set<String>) -> LayerRule {
    LayerRule(
      weights: { (_) throws(ImportError) in [] }, keywords: keywords, isForTraining: true,
      apply: { (call) throws(ImportError) in try call.input() })
  }
}

/// The classes of layers that dearc knows, by the names that configurations give them.
///
/// No class is ever looked up as code: what is not listed here is refused.
enum LayerTable {
  /// The rule for the class of `layer`, which is one of `network`.
  ///
  /// - Throws: `ImportError` that says that, and perhaps why, dearc does not know it.
  static func rule(
    for layer: KerasLayer, in network: KerasNetwork
  ) throws(ImportError) -> LayerRule {
    if let rule = layers[layer.config.className] { return rule }
    throw layer.config.unsupported(
      "it reads \(network.sources(of: layer)); " + reason(for: layer))
  }

  private static func reason(for layer: KerasLayer) -> String {
    switch layer.config.className {
    case "Lambda", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer":
      "such a layer is Python code, which dearc never runs; save the model with layers of Keras "
        + "in its place"
    default:
      "dearc does not know this class of layers; a layer of a class of one's own is Python code, "
        + "which dearc never runs"
    }
  }

  private static let layers: [String: LayerRule] = tables(
    convolutions, poolings, normalizations, activations, functions, dense, merging, shapes,
    resampling, training, augmentation)

  private static func tables(_ tables: [String: LayerRule]...) -> [String: LayerRule] {
    tables.reduce(into: [:]) { all, table in
      all.merge(table) { _, _ in preconditionFailure("a class of layers is listed twice") }
    }
  }

  private static let training = table(
    of: .identity,
    [
      "Identity", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
      "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization",
      "StochasticDepth",
    ])

  private static let augmentation = table(
    of: .augmentation,
    [
      "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast",
      "RandomBrightness",
    ])

  private static func table(of rule: LayerRule, _ classes: [String]) -> [String: LayerRule] {
    Dictionary(uniqueKeysWithValues: classes.map { ($0, rule) })
  }
}
