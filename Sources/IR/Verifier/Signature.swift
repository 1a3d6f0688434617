/// What a graph promises its caller: passes keep it as it is.
public struct Signature: Hashable, Sendable {
  /// One input or output.
  public struct Port: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The element type, if it is a tensor of a known one.
    public var elementType: ElementType?
    /// The rank, if it is a tensor of a known one.
    public var rank: Int?

    /// Describes an input or output.
    public init(name: String, elementType: ElementType? = nil, rank: Int? = nil) {
      self.name = name
      self.elementType = elementType
      self.rank = rank
    }
  }

  /// The inputs that the caller must supply, in order.
  public var inputs: [Port]
  /// The outputs, in order.
  public var outputs: [Port]
}

extension Graph {
  /// Names, order, element types and ranks of the inputs and outputs.
  ///
  /// Constants listed as inputs are left out: a caller need not know them, and folding removes them.
  public var signature: Signature {
    func ports(_ values: [ValueID]) -> [Signature.Port] {
      values.map { id in
        let value = self.values[id]
        return Signature.Port(
          name: value.name, elementType: value.elementType, rank: value.shape?.count)
      }
    }
    return Signature(inputs: ports(requiredInputs), outputs: ports(outputs))
  }
}

extension Signature {
  /// Whether a graph with this signature may stand in for one with the signature `original`.
  ///
  /// What the original leaves open may have become known; everything else must be the same.
  public func keeps(_ original: Signature) -> Bool {
    func keep(_ ports: [Port], _ originals: [Port]) -> Bool {
      ports.count == originals.count
        && zip(ports, originals).allSatisfy { port, original in
          ExactName(port.name) == ExactName(original.name)
            && (original.elementType == nil || port.elementType == original.elementType)
            && (original.rank == nil || port.rank == original.rank)
        }
    }
    return keep(inputs, original.inputs) && keep(outputs, original.outputs)
  }
}
