extension Graph {
  /// Everything that breaks a rule of `Rule`, in this graph and its bodies; empty if all is well.
  public func violations() -> [Violation] {
    var verifier = Verifier(self)
    verifier.run()
    return verifier.violations
  }
}

extension Model {
  /// Everything that breaks a rule of `Rule`, in the graph and the functions; empty if all is well.
  public func violations() -> [Violation] {
    var violations = graph.violations()
    var defined: Set<Operator> = []
    for function in functions {
      let path = BodyPath.path(to: function)
      let parameters = function.attributeNames + function.attributeDefaults.map(\.name)
      var verifier = Verifier(
        function.body, Verifier.Context(path: path, parameters: Set(parameters)))
      verifier.run()
      if !defined.insert(function.op).inserted {
        verifier.report(.uniqueFunction, .graph, "\(function.op.text) is defined twice")
      }
      violations += verifier.violations
    }
    return violations
  }
}
