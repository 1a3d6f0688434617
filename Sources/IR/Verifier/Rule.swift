// What makes a graph well formed.
//
// Names
//   1. value-name           Every value has a name.
//   2. unique-name          No two values of a graph have the same name, captured ones included.
//   3. captured-name        A captured value is called as it is in the enclosing graph.
//   4. operator-name        Every node names an operator.
//   5. attribute-name       The attributes of a node have names, each once.
//
// Structure
//   6. node-order           The order of nodes is one chain, the same in both directions.
//   7. existing-value       Whatever a node or the graph refers to is a row of the graph.
//   8. removed-value        Nothing refers to a value that was removed.
//   9. definition           A node's results name it as their definition, and the other way round.
//  10. definition-order     A value is defined before it is read.
//  11. missing-use          Every operand and capture is recorded as a use of the value it reads.
//  12. stale-use            Every recorded use by a node is one, recorded once.
//  13. output-use           The recorded uses as outputs are the graph's outputs.
//  14. input-list           The graph lists what its caller supplies and constants, each once.
//
// Bodies
//  15. capture-index        A captured value is an entry of the captures of the body's node.
//  16. unused-capture       Every capture of a node is read by a body.
//  17. duplicate-capture    A node captures a value once.
//
// Constants and types
//  18. constant-size        A constant holds as many elements as its shape says.
//  19. sparse-index         The indices of a sparse constant are inside its shape.
//  20. constant-type        A constant has the type it is said to have.
//  21. declared-output      An output that is no input and declares its type has one.
//
// The model's own statements
//  22. operator-sets        Every operator set is imported once, with a positive version.
//  23. imported-domain      A node's operator belongs to an imported operator set.
//  24. operand-count        A known operator has the operands it needs, and no more than it takes.
//  25. result-count         A known operator has no more and no fewer results than it can have.
//  26. required-attribute   A known operator has the attributes it cannot do without.
//  27. attribute-reference  Only a function's nodes refer to attributes, and to those it declares.
//  28. quantized-value      Quantisation is stated of, and by, values that exist.
//  29. unique-function      A model defines every function once.
//
// Not yet checked:
//   -  whether types and shapes follow from the operators (shape inference reports conflicts);
//   -  whether attributes have the kinds that their operators expect;
//   -  whether a body has the inputs and outputs that If, Loop and Scan ask for;
//   -  whether functions call each other in a circle, and with the operands they expect;
//   -  whether a captured value has the type of the value it captures;
//   -  whether names are valid identifiers in the sense of ONNX.

/// One of the rules listed at the top of this file.
public enum Rule: String, CaseIterable, Hashable, Sendable {
  case valueName = "value-name"
  case uniqueName = "unique-name"
  case capturedName = "captured-name"
  case operatorName = "operator-name"
  case attributeName = "attribute-name"
  case nodeOrder = "node-order"
  case existingValue = "existing-value"
  case removedValue = "removed-value"
  case definition = "definition"
  case definitionOrder = "definition-order"
  case missingUse = "missing-use"
  case staleUse = "stale-use"
  case outputUse = "output-use"
  case inputList = "input-list"
  case captureIndex = "capture-index"
  case unusedCapture = "unused-capture"
  case duplicateCapture = "duplicate-capture"
  case constantSize = "constant-size"
  case sparseIndex = "sparse-index"
  case constantType = "constant-type"
  case declaredOutput = "declared-output"
  case operatorSets = "operator-sets"
  case importedDomain = "imported-domain"
  case operandCount = "operand-count"
  case resultCount = "result-count"
  case requiredAttribute = "required-attribute"
  case attributeReference = "attribute-reference"
  case quantizedValue = "quantized-value"
  case uniqueFunction = "unique-function"
}
