/// Layers as former versions of Keras described them, in today's words.
///
/// Keras 1 had other names for most parameters and some classes. What they meant has stayed the same.
///
/// Source: `keras/legacy/interfaces.py` of Keras 2, which reads the same files.
enum FormerLayers {
  /// Today's name of the class `name`, which may be today's already.
  static func className(_ name: String) -> String { classes[name] ?? name }

  private static let classes = [
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D", "AtrousConvolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D", "Deconvolution2D": "Conv2DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose", "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
  ]

  private static let keys = [
    "nb_filter": "filters", "filter_length": "kernel_size", "subsample": "strides",
    "subsample_length": "strides", "border_mode": "padding", "atrous_rate": "dilation_rate",
    "bias": "use_bias", "output_dim": "units", "pool_length": "pool_size", "stride": "strides",
    "length": "size",
  ]

  private static let merges = [
    "sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate",
  ]

  /// The layer in today's words.
  ///
  /// - Throws: `ImportError` if it did something that no layer does today.
  static func modern(_ layer: LayerConfig, _ values: ConfigValue) throws(ImportError) -> LayerConfig
  {
    guard case .object(let members) = values else {
      return LayerConfig(path: layer.path, className: layer.className, values: values)
    }
    try requirePlainMode(layer, values)
    if layer.className == "Merge" { return try merge(layer, values) }
    var renamed = members.filter { !replaced.contains($0.key) }.map { member in
      let key = keys[member.key]
      return (key: key.flatMap { values[$0] == nil ? $0 : nil } ?? member.key, value: member.value)
    }
    for sizes in [["nb_row", "nb_col"], ["kernel_dim1", "kernel_dim2", "kernel_dim3"]] {
      let parts = sizes.compactMap { values[$0] }
      if parts.count == sizes.count { renamed.append(("kernel_size", .list(parts))) }
    }
    if let format = try dataFormat(layer, values) { renamed.append(format) }
    if let padding = flatPadding(values) {
      renamed = renamed.filter { $0.key != "padding" } + [padding]
    }
    return LayerConfig(
      path: layer.path, className: className(layer.className), values: .object(renamed))
  }

  /// Where the channels are, which was called by the library that had them there.
  private static func dataFormat(
    _ layer: LayerConfig, _ values: ConfigValue
  ) throws(ImportError) -> (key: String, value: ConfigValue)? {
    guard let ordering = values["dim_ordering"]?.text else { return nil }
    guard ordering == "tf" || !className(layer.className).contains("Conv") else {
      throw layer.unsupported(
        "'dim_ordering' is '\(ordering)': kernels in Theano's order are not known to dearc")
    }
    return ("data_format", .text(ordering == "tf" ? "channels_last" : "channels_first"))
  }

  /// What other words say now, or nothing does.
  private static let replaced: Set<String> = [
    "nb_row", "nb_col", "kernel_dim1", "kernel_dim2", "kernel_dim3", "dim_ordering", "mode",
  ]

  /// The one layer for all that merges.
  private static func merge(
    _ layer: LayerConfig, _ values: ConfigValue
  ) throws(ImportError) -> LayerConfig {
    guard let className = values["mode"]?.text.flatMap({ merges[$0] }) else {
      throw layer.unsupported("'mode' is \(values["mode"]?.summary ?? "missing")")
    }
    let axis = className == "Concatenate" ? values["concat_axis"] : nil
    return LayerConfig(
      path: layer.path, className: className, values: .object(axis.map { [("axis", $0)] } ?? []))
  }

  /// Keras 1 could normalise by the batch's own statistics, also when it predicted.
  private static func requirePlainMode(
    _ layer: LayerConfig, _ values: ConfigValue
  ) throws(ImportError) {
    guard layer.className == "BatchNormalization", let mode = values["mode"] else { return }
    guard mode.integer == 0 else {
      throw layer.unsupported("'mode' is \(mode.summary): it normalises by what it reads")
    }
  }

  /// Four numbers for the sides of a picture, as pairs for its axes.
  private static func flatPadding(_ values: ConfigValue) -> (key: String, value: ConfigValue)? {
    guard let sides = values["padding"]?.list, sides.count == 4,
      sides.allSatisfy({ $0.integer != nil })
    else { return nil }
    return ("padding", .list([.list(Array(sides[..<2])), .list(Array(sides[2...]))]))
  }
}
