// Types, stored elements and attributes.

extension Printer {
  /// `type`, or `?` for none.
  func typeText(_ type: ValueType?) -> String {
    switch type {
    case nil: "?"
    case .tensor(let type): tensorText(type)
    case .sparseTensor(let type): "sparse(\(tensorText(type)))"
    case .sequence(let element): "sequence(\(typeText(element)))"
    case .optional(let element): "optional(\(typeText(element)))"
    case .map(let key, let value): "map(\(key?.description ?? "?"), \(typeText(value)))"
    case .opaque(let domain, let name): "opaque(\(quoted(domain)), \(quoted(name)))"
    }
  }

  private func tensorText(_ type: TensorType) -> String {
    let extents = type.shape.map { shape in
      shape.map { extent in
        switch extent {
        case .known(let count): "\(count)"
        case .symbol(let name): word(name)
        case .unknown: "?"
        }
      }.joined(separator: ", ")
    }
    return "\(type.elementType?.description ?? "?")[\(extents ?? "*")]"
  }

  // MARK: Stored elements

  /// Prints stored elements after their type.
  mutating func printConstant(_ constant: Constant) {
    write("\(tensorText(constant.type)) ")
    printStorage(of: constant)
  }

  mutating func printStorage(of constant: Constant) {
    if let annotations = constant.annotations, !annotations.isEmpty {
      write("noted (\(notes(annotations).joined(separator: " "))) ")
    }
    if case .summary(let limit) = options.constants, constant.count > limit {
      let digits = String(constant.contentHash, radix: 16)
      let zeros = String(repeating: "0", count: 16 - digits.count)
      write("summary \(constant.byteCount) bytes fnv1a #\(zeros)\(digits)")
      return
    }
    switch constant.storage {
    case .dense(let payload): printDense(payload, constant)
    case .strings(let strings):
      printElements(
        count: strings.count, isSplat: strings.count == constant.count && isSplat(strings)
      ) { String(quoting: strings[$0]) }
    case .sparse(let values, let indices):
      write("sparse ")
      printConstant(values)
      write(" at ")
      printConstant(indices)
    }
  }

  private func isSplat(_ elements: some Collection<some Equatable>) -> Bool {
    elements.first.map { first in elements.allSatisfy { $0 == first } } ?? false
  }

  private mutating func printDense(_ payload: Payload, _ constant: Constant) {
    unsafe payload.withBytes { bytes in
      guard let coding = ElementCoding(constant.elementType),
        unsafe coding.represents(bytes, componentCount: constant.count * coding.componentCount)
      else {
        unsafe write("raw \(String(quoting: [UInt8](bytes)))")
        return
      }
      let indices = 0..<constant.count
      let isSplat =
        !indices.isEmpty
        && indices.dropFirst().allSatisfy { unsafe coding.isEqual(0, $0, in: bytes) }
      printElements(count: constant.count, isSplat: isSplat) {
        unsafe coding.text(at: $0, in: bytes)
      }
    }
  }

  /// Prints a short list on one line, a longer one in rows of sixteen.
  private mutating func printElements(count: Int, isSplat: Bool, _ text: (Int) -> String) {
    if isSplat {
      write("splat \(text(0))")
    } else if count <= Self.rowLength {
      write("dense [\((0..<count).map(text).joined(separator: ", "))]")
    } else {
      write("dense [")
      indented { printer in
        for index in 0..<count {
          if index % Self.rowLength == 0 { printer.newLine() } else { printer.write(" ") }
          printer.write(text(index))
          if index < count - 1 { printer.write(",") }
        }
      }
      newLine()
      write("]")
    }
  }

  private static var rowLength: Int { 16 }

  // MARK: Attributes

  /// Prints attributes on one line, or each on its own if one of them holds a body.
  mutating func printAttributes(_ attributes: [Attribute]) {
    guard !attributes.isEmpty else { return }
    write(" {")
    if attributes.allSatisfy(\.value.graphs.isEmpty) {
      list(attributes) { $0.printAttribute($1) }
    } else {
      indented { printer in
        for (index, attribute) in attributes.enumerated() {
          printer.newLine()
          printer.printAttribute(attribute)
          if index < attributes.count - 1 { printer.write(",") }
        }
      }
      newLine()
    }
    write("}")
  }

  private mutating func printAttribute(_ attribute: Attribute) {
    write("\(word(attribute.name)) = ")
    printAttributeValue(attribute.value)
    if !attribute.documentation.isEmpty { write(" doc \(quoted(attribute.documentation))") }
    for field in attribute.opaqueFields { write(" \(field.text)") }
  }

  mutating func printAttributeValue(_ value: AttributeValue) {
    switch value {
    case .int(let int): write("\(int)")
    case .float(let float): write(floatText(float))
    case .string(let bytes): write(String(quoting: bytes))
    case .ints(let ints): printList("ints", ints) { $0.write("\($1)") }
    case .floats(let floats): printList("floats", floats) { $0.write($0.floatText($1)) }
    case .strings(let strings): printList("strings", strings) { $0.write(String(quoting: $1)) }
    case .tensor(let name, let constant):
      write("tensor ")
      printNamed((name, constant))
    case .tensors(let tensors): printList("tensors", tensors, isMarked: true) { $0.printNamed($1) }
    case .type(let type): write("type \(typeText(type))")
    case .types(let types): printList("types", types, isMarked: true) { $0.write($0.typeText($1)) }
    case .graph(let graph): printGraph(graph, inheriting: operatorSets)
    case .graphs(let graphs):
      printList("graphs", graphs, isMarked: true) { $0.printGraph($1, inheriting: $0.operatorSets) }
    case .reference(let parameter, let kind): write("ref \(word(parameter)) kind \(kind)")
    }
  }

  /// Prints a bracketed list; one that is empty cannot do without the mark of its kind.
  private mutating func printList<Element>(
    _ kind: String, _ elements: [Element], isMarked: Bool = false,
    _ print: (inout Printer, Element) -> Void
  ) {
    if isMarked || elements.isEmpty { write("\(kind) ") }
    write("[")
    list(elements, print)
    write("]")
  }

  private mutating func printNamed(_ tensor: (name: String, constant: Constant)) {
    if !tensor.name.isEmpty { write("\(quoted(tensor.name)) ") }
    printConstant(tensor.constant)
  }

  private func floatText(_ float: Float) -> String {
    ElementCoding(.float32)?.text(UInt64(float.bitPattern)) ?? "\(float)"
  }
}

extension ElementCoding {
  /// Whether all packed components, and the unused bits after them, read back as they are.
  fileprivate func represents(_ bytes: UnsafeRawBufferPointer, componentCount: Int) -> Bool {
    switch component {
    case .bool: return unsafe bytes.allSatisfy { $0 <= 1 }
    case _ where width < 8:
      let used = componentCount * width % 8
      let last = unsafe bytes.last ?? 0
      return used == 0 || last >> UInt8(used) == 0
    default: return true
    }
  }

  fileprivate func isEqual(_ left: Int, _ right: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
    (0..<componentCount).allSatisfy {
      unsafe bits(at: left * componentCount + $0, in: bytes)
        == bits(at: right * componentCount + $0, in: bytes)
    }
  }

  fileprivate func text(at index: Int, in bytes: UnsafeRawBufferPointer) -> String {
    let components = (0..<componentCount).map {
      let bits = unsafe bits(at: index * componentCount + $0, in: bytes)
      return text(bits) ?? "#\(String(bits, radix: 16))"
    }
    return components.count == 1 ? components[0] : "(\(components.joined(separator: ", ")))"
  }
}
