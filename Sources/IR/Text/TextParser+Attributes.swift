// Attributes and their values.

extension TextParser {
  /// `{axis = 1, mode = "nearest"}`, or nothing.
  mutating func attributes() throws(TextError) -> [AttributeSyntax] {
    guard try accept("{") else { return [] }
    return try list(until: "}") { parser throws(TextError) in
      let name = try parser.wordOrString("an attribute's name")
      try parser.expect("=")
      var attribute = AttributeSyntax(name: name, content: try parser.attributeContent())
      if try parser.accept(word: "doc") {
        attribute.documentation = try parser.string("documentation")
      }
      attribute.opaqueFields = try parser.opaqueFields()
      return attribute
    }
  }

  private mutating func attributeContent() throws(TextError) -> AttributeSyntax.Content {
    switch token {
    case .word("graph"): return .graph(try graph())
    case .word("graphs"):
      try advance()
      try expect("[")
      return .graphs(
        try list(until: "]") { parser throws(TextError) in try parser.graph() })
    case .string(let bytes):
      try advance()
      return .plain(.string(bytes))
    case .punctuation("["):
      try advance()
      return .plain(try scalars())
    case .number(let text) where Int64(text) != nil: return .plain(.int(try int()))
    case .word(let word) where word != "nan" && word != "inf":
      return .plain(try keywordValue(word))
    default: return .plain(.float(try float("an attribute's value")))
    }
  }

  private mutating func keywordValue(_ word: String) throws(TextError) -> AttributeValue {
    guard
      ["tensor", "type", "ref", "ints", "floats", "strings", "tensors", "types"].contains(word)
    else { throw failure(expected: "an attribute's value") }
    try advance()
    switch word {
    case "tensor":
      let (name, constant) = try namedTensor()
      return .tensor(name: name, constant)
    case "type":
      return .type(try knownType())
    case "ref":
      let parameter = try wordOrString("the name of a function's attribute")
      try expect(word: "kind")
      return .reference(parameter: parameter, kind: try integer("an attribute type's number"))
    default:
      try expect("[")
      return try elements(of: word)
    }
  }

  private mutating func elements(of kind: String) throws(TextError) -> AttributeValue {
    switch kind {
    case "ints": .ints(try list(until: "]") { parser throws(TextError) in try parser.int() })
    case "floats": .floats(try floats([]))
    case "strings": .strings(try strings())
    case "tensors":
      .tensors(try list(until: "]") { parser throws(TextError) in try parser.namedTensor() })
    default:
      .types(try list(until: "]") { parser throws(TextError) in try parser.knownType() })
    }
  }

  /// The elements of `[1, 2]`, `[1, 0.5]` or `["a"]` after the bracket.
  ///
  /// Whole numbers are integers unless a later element is not one.
  private mutating func scalars() throws(TextError) -> AttributeValue {
    if case .string = token { return .strings(try strings()) }
    if isNext("]") {
      throw failure(expected: "an element; an empty list is 'ints []', 'floats []' or 'strings []'")
    }
    var integers: [Int64] = []
    while case .number(let text) = token, Int64(text) != nil {
      integers.append(try int())
      if try accept("]") { return .ints(integers) }
      try expect(",")
    }
    if isNext("]") { throw failure(expected: "an element after ','") }
    return .floats(try floats(integers.map(Float.init)))
  }

  private mutating func floats(_ first: [Float]) throws(TextError) -> [Float] {
    first
      + (try list(until: "]") { parser throws(TextError) in
        try parser.float("a floating-point number")
      })
  }

  private mutating func strings() throws(TextError) -> [[UInt8]] {
    try list(until: "]") { parser throws(TextError) in try parser.bytes("a string") }
  }

  private mutating func int() throws(TextError) -> Int64 { try integer("a whole number") }

  private mutating func float(_ what: String) throws(TextError) -> Float {
    guard let bits = ElementCoding(.float32)?.bits(token) else { throw failure(expected: what) }
    try advance()
    return Float(bitPattern: UInt32(truncatingIfNeeded: bits))
  }

  private mutating func namedTensor() throws(TextError) -> (name: String, Constant) {
    var name = ""
    if case .string = token { name = try string("the tensor's name") }
    return (name, try constant())
  }
}
