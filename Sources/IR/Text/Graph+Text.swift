// The text form of graphs and models.
//
// A text is read without regard to line breaks; `//` starts a comment that ends with its line.
//
//     model       = "model" "ir" INT ["producer" STRING [STRING]] ["domain" STRING]
//                   ["version" INT] notes graph {function}
//     function    = "function" operator ["requires" "[" names "]"] [attributes] graph
//     graph       = "graph" [STRING] ["opset" sets] "{" notes {quantize} {statement} "}"
//     sets        = "none" | [NAME] INT {"," [NAME] INT}
//     quantize    = "quantize" STRING "{" [NAME "=" STRING {"," NAME "=" STRING}] "}"
//     statement   = "input" definition [stated]
//                 | ["input"] "const" definition [":" type] ["declared"] "=" constant
//                 | "capture" INT definition [stated]
//                 | results "=" operator "(" [operands] ")" ["captures" "(" [values] ")"]
//                   [attributes] [types] ["name" STRING] [origin] notes
//                 | "about" VALUE notes
//                 | "output" VALUE {"," VALUE}
//     definition  = VALUE [STRING]                 without the name, the identifier is the name
//     results     = "(" ")" | (definition | "_") {"," (definition | "_")}
//     operands    = (VALUE | "_") {"," (VALUE | "_")}
//     operator    = ["opaque"] (NAME | NAME "::" NAME | NAME "::" NAME "::" NAME)
//                   domain, type, overload; "opaque": not what dearc knows by that name
//     stated      = (":" | "~") type               ":" as the source states it, "~" worked out
//     types       = (":" | "~") (type | "_") {"," [":" | "~"] (type | "_")}
//     origin      = "at" INT | "in" STRING | "from" STRING     offset, path, pass
//     notes       = ["doc" STRING] {"meta" STRING "=" STRING} {"denote" INT ["axis" INT] STRING}
//                   {field}                          "denote": enclosing types, axis, remark
//     field       = "field" INT ":" INT STRING         number, wire type, content
//     type        = "?" | tensor | "sparse" "(" tensor ")" | "sequence" "(" type ")"
//                 | "optional" "(" type ")" | "map" "(" (ELEMENT | "?") "," type ")"
//                 | "opaque" "(" STRING "," STRING ")"
//     tensor      = (ELEMENT | "?") "[" ("*" | [extent {"," extent}]) "]"     "*": rank unknown
//     extent      = INT | NAME | "?"
//     constant    = [tensor] ["noted" "(" notes ")"] ("dense" "[" elements "]" | "splat" element
//                 | "raw" STRING | "sparse" constant "at" constant)
//     attributes  = "{" [NAME "=" attribute ["doc" STRING] {field} {"," …}] "}"
//     attribute   = INT | FLOAT | STRING | "[" elements "]" | "ints" "[" … "]"
//                 | "floats" "[" … "]" | "strings" "[" … "]" | "type" type
//                 | "types" "[" … "]" | "tensor" [STRING] constant
//                 | "tensors" "[" … "]" | graph | "graphs" "[" … "]" | "ref" NAME "kind" INT
//
// A VALUE is `%` and letters, digits, `_` and `.`, or `%` and a string. A NAME is a word or a
// string. A floating-point element is its shortest exact decimal, `inf`, `-inf`, `nan`, or `#` and
// its bits in hexadecimal, which every numeric type accepts. Strings escape bytes as `\x0a`.
//
// A body starts a new name space; an identifier it does not define means the enclosing graph's
// value, which it then captures. Without `opset`, a body takes over the enclosing graph's.
//
// What the text leaves out: removed rows, the order in which the uses of one value were made
// beyond what the order of the nodes implies, and whether empty annotations are present.

extension Graph {
  /// The graph in text form.
  public func text(_ options: PrintOptions = PrintOptions()) -> String {
    var printer = Printer(options)
    printer.printGraph(self, inheriting: nil)
    return printer.text + "\n"
  }

  /// Reads the text form of a graph.
  ///
  /// The graph is what the text says, whether or not that makes sense; see `violations()`.
  ///
  /// - Parameters:
  ///   - text: The text, which must hold one graph and nothing else.
  ///   - limits: Bounds on what reading may cost.
  /// - Throws: `TextError` for the first place that is not as it should be.
  public init(parsing text: String, limits: TextLimits = TextLimits()) throws(TextError) {
    var parser = try TextParser(text, limits: limits)
    let syntax = try parser.graph()
    try parser.end()
    var builder = GraphBuilder(text: parser.lexer.text)
    self = try builder.graph(syntax)
  }
}

extension Model {
  /// The model in text form.
  public func text(_ options: PrintOptions = PrintOptions()) -> String {
    var printer = Printer(options)
    printer.printModel(self)
    return printer.text + "\n"
  }

  /// Reads the text form of a model.
  ///
  /// - Parameters:
  ///   - text: The text, which must hold one model and nothing else.
  ///   - limits: Bounds on what reading may cost.
  /// - Throws: `TextError` for the first place that is not as it should be.
  public init(parsing text: String, limits: TextLimits = TextLimits()) throws(TextError) {
    var parser = try TextParser(text, limits: limits)
    let syntax = try parser.model()
    try parser.end()
    var builder = GraphBuilder(text: parser.lexer.text)
    self = try builder.model(syntax)
  }
}

extension AttributeValue {
  /// The value in the text form, without the name that a tensor may have.
  public func text(_ options: PrintOptions = PrintOptions()) -> String {
    var printer = Printer(options)
    if case .tensor(_, let constant) = self {
      printer.printAttributeValue(.tensor(name: "", constant))
    } else {
      printer.printAttributeValue(self)
    }
    return printer.text
  }
}
