// Types and stored elements.

extension TextParser {
  /// A type, or `?` for none.
  mutating func valueType() throws(TextError) -> ValueType? {
    try nested { parser throws(TextError) in
      guard case .word(let word) = parser.token else { return try parser.unnamedType() }
      if let elementType = ElementType(textName: word) {
        try parser.advance()
        return .tensor(TensorType(elementType, try parser.shape()))
      }
      switch word {
      case "sparse", "sequence", "optional", "map", "opaque":
        try parser.advance()
        try parser.expect("(")
        let type = try parser.compositeType(word)
        try parser.expect(")")
        return type
      default:
        throw parser.failure(expected: "a type such as f32[N, 3] or ?")
      }
    }
  }

  /// A type where `?` will not do.
  mutating func knownType() throws(TextError) -> ValueType {
    let offset = start
    guard let type = try valueType() else {
      throw failure(at: offset, expected: "a type such as f32[N, 3]", found: "'?'")
    }
    return type
  }

  private mutating func unnamedType() throws(TextError) -> ValueType? {
    guard try accept("?") else { throw failure(expected: "a type such as f32[N, 3] or ?") }
    return isNext("[") ? .tensor(TensorType(nil, try shape())) : nil
  }

  private mutating func compositeType(_ kind: String) throws(TextError) -> ValueType {
    switch kind {
    case "sparse": return .sparseTensor(try tensorType())
    case "sequence": return .sequence(try valueType())
    case "optional": return .optional(try valueType())
    case "map":
      let key = try accept("?") ? nil : try elementType()
      try expect(",")
      return .map(key: key, value: try valueType())
    default:
      let domain = try string("a domain")
      try expect(",")
      return .opaque(domain: domain, name: try string("a type's name"))
    }
  }

  private mutating func tensorType() throws(TextError) -> TensorType {
    let elementType = try accept("?") ? nil : try elementType()
    return TensorType(elementType, try shape())
  }

  private mutating func elementType() throws(TextError) -> ElementType {
    guard case .word(let word) = token, let type = ElementType(textName: word) else {
      throw failure(expected: "an element type such as f32")
    }
    try advance()
    return type
  }

  /// `[2, N, ?]`, or `[*]` if not even the rank is known.
  private mutating func shape() throws(TextError) -> Shape? {
    try expect("[")
    if try accept("*") {
      try expect("]")
      return nil
    }
    return try list(until: "]") { parser throws(TextError) -> Dimension in
      if try parser.accept("?") { return .unknown }
      if case .number = parser.token { return .known(try parser.integer("a whole number")) }
      return .symbol(try parser.wordOrString("an extent: a number, a symbol or '?'"))
    }
  }

  // MARK: Stored elements

  /// `f32[2] dense [1.0, 2.0]`; the type may be left out if it is `given`.
  mutating func constant(ofType given: ValueType? = nil) throws(TextError) -> Constant {
    try nested { parser throws(TextError) in
      let offset = parser.start
      var type = given?.tensor
      if case .word(let word) = parser.token, ElementType(textName: word) != nil {
        type = try parser.tensorType()
      }
      guard let elementType = type?.elementType, let shape = type?.shape?.counts else {
        throw parser.failure(
          at: offset, expected: "an element type and known extents before the elements",
          found: parser.token.description)
      }
      let count = try parser.elementCount(shape, elementType, at: offset)
      var annotations: Annotations?
      if try parser.accept(word: "noted") {
        try parser.expect("(")
        annotations = try parser.annotations()
        try parser.expect(")")
      }
      let storage = try parser.storage(elementType, count)
      var constant = Constant(elementType: elementType, shape: shape, storage: storage)
      constant.annotations = annotations
      return constant
    }
  }

  /// The product of `shape`, checked in the order in which others will multiply it.
  private func elementCount(
    _ shape: [Int], _ elementType: ElementType, at offset: Int
  ) throws(TextError) -> Int {
    var count = 1
    var isValid = true
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      isValid = isValid && extent >= 0 && !overflow
      count = product
    }
    guard isValid, elementType == .string || elementType.byteCount(of: count) != nil else {
      throw failure(at: offset, expected: "extents of a tensor that fits memory", found: "\(shape)")
    }
    return count
  }

  private mutating func storage(
    _ type: ElementType, _ count: Int
  ) throws(TextError) -> Constant.Storage {
    let form = token
    guard case .word(let word) = form, ["dense", "splat", "raw", "sparse"].contains(word) else {
      if form == .word("summary") {
        throw failure(
          at: start, expected: "stored elements",
          found: "their summary: this text was printed without them and cannot be read back")
      }
      throw failure(expected: "'dense', 'splat', 'raw' or 'sparse'")
    }
    try advance()
    switch word {
    case "sparse":
      let values = try constant()
      try expect(word: "at")
      return .sparse(values: values, indices: try constant())
    case "raw": return try rawStorage(type, count)
    case "dense": return try denseStorage(type, count)
    default: return try splatStorage(type, count)
    }
  }

  private mutating func rawStorage(
    _ type: ElementType, _ count: Int
  ) throws(TextError) -> Constant.Storage {
    let offset = start
    let bytes = try bytes("the elements' bytes")
    guard type.byteCount(of: count) == bytes.count else {
      throw failure(
        at: offset, expected: "the bytes of \(count) elements of \(type)",
        found: "\(bytes.count) bytes")
    }
    return .dense(OwnedBytes(bytes).payload)
  }

  private mutating func denseStorage(
    _ type: ElementType, _ count: Int
  ) throws(TextError) -> Constant.Storage {
    let offset = start
    try expect("[")
    let found: Int
    let storage: Constant.Storage
    if let coding = ElementCoding(type) {
      var bits: [UInt64] = []
      found = try list(until: "]") { parser throws(TextError) in
        try parser.element(coding, type, into: &bits)
      }.count
      storage = .dense(
        OwnedBytes(packing: bits, as: coding, byteCount: type.byteCount(of: found) ?? 0).payload)
    } else {
      let strings = try list(until: "]") { parser throws(TextError) in
        try parser.bytes("a string")
      }
      found = strings.count
      storage = .strings(strings)
    }
    guard found == count else {
      throw failure(at: offset, expected: "\(count) elements", found: "\(found)")
    }
    return storage
  }

  private mutating func splatStorage(
    _ type: ElementType, _ count: Int
  ) throws(TextError) -> Constant.Storage {
    let offset = start
    guard let coding = ElementCoding(type) else {
      let string = try bytes("a string")
      let (size, overflow) = count.multipliedReportingOverflow(by: max(string.count, 16))
      try reserveSplat(overflow ? .max : size, at: offset)
      return .strings(Array(repeating: string, count: count))
    }
    var bits: [UInt64] = []
    try element(coding, type, into: &bits)
    let byteCount = type.byteCount(of: count) ?? 0
    try reserveSplat(byteCount, at: offset)
    return .dense(
      OwnedBytes(
        packing: repeatElement(bits, count: count).joined(), as: coding, byteCount: byteCount
      ).payload)
  }

  /// Appends the bits of one element's components; complex elements are written `(1.0, 2.0)`.
  private mutating func element(
    _ coding: ElementCoding, _ type: ElementType, into bits: inout [UInt64]
  ) throws(TextError) {
    if coding.componentCount > 1 {
      try expect("(")
      bits.append(try component(coding, type))
      try expect(",")
    }
    bits.append(try component(coding, type))
    if coding.componentCount > 1 { try expect(")") }
  }

  private mutating func component(
    _ coding: ElementCoding, _ type: ElementType
  ) throws(TextError) -> UInt64 {
    guard let bits = coding.bits(token) else {
      throw failure(expected: "an element of \(type)")
    }
    try advance()
    return bits
  }
}

extension OwnedBytes {
  fileprivate convenience init(_ bytes: [UInt8]) {
    unsafe self.init(count: bytes.count) { target in unsafe target.copyBytes(from: bytes) }
  }

  fileprivate convenience init(
    packing components: some Sequence<UInt64>, as coding: ElementCoding, byteCount: Int
  ) {
    unsafe self.init(count: byteCount) { target in
      _ = unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
      for (index, bits) in components.enumerated() {
        unsafe coding.store(bits, at: index, in: target)
      }
    }
  }
}
