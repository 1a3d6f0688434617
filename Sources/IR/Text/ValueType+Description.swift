extension ValueType: CustomStringConvertible {
  /// The type as the text form writes it.
  public var description: String { Printer(PrintOptions()).typeText(self) }
}
