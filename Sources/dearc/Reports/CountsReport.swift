import IR

/// The size of a model as reports state it.
struct CountsReport: Encodable {
  let nodes: Int
  let parameters: Int
  /// Multiply-accumulates of one run; absent if a shape is open.
  let macs: Int?
  /// The most bytes that values take at a time; absent if a shape is open.
  let activationBytes: Int?
  let weightBytes: Int
  let fileBytes: Int

  init(_ cost: GraphCost, fileBytes: Int) {
    nodes = cost.nodes
    parameters = cost.parameters
    macs = cost.macs
    activationBytes = cost.peakActivationBytes
    weightBytes = cost.constantBytes
    self.fileBytes = fileBytes
  }
}
