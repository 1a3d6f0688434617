/// Elements of a tensor while a step works on them.
///
/// Plans decide what lies where and how many elements there are, so kernels do not check again; debug builds
/// do.
@safe
struct Elements<Element: BitwiseCopyable> {
  private let base: UnsafeMutablePointer<Element>?
  /// How many there are.
  let count: Int

  init(_ address: UnsafeMutableRawPointer?, count: Int) {
    unsafe base = address?.assumingMemoryBound(to: Element.self)
    self.count = unsafe address == nil ? 0 : count
  }

  @inline(__always)
  subscript(_ index: Int) -> Element {
    get {
      assert(index >= 0 && index < count)
      return unsafe base.unsafelyUnwrapped[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count)
      unsafe base.unsafelyUnwrapped[index] = newValue
    }
  }

  /// Eight elements from place `index` on.
  @inline(__always)
  func eight(at index: Int) -> SIMD8<Element> where Element: SIMDScalar {
    assert(index >= 0 && index + 8 <= count)
    return unsafe UnsafeRawPointer(base.unsafelyUnwrapped + index)
      .loadUnaligned(as: SIMD8<Element>.self)
  }

  /// Takes over `length` elements of `source` from place `start` on, to place `target` on.
  @inline(__always)
  func copy(_ length: Int, from source: Elements, at start: Int, to target: Int) {
    guard length > 0 else { return }
    assert(start + length <= source.count && target + length <= count)
    unsafe (base.unsafelyUnwrapped + target)
      .update(from: source.base.unsafelyUnwrapped + start, count: length)
  }

  /// Makes all elements `element`.
  func fill(_ element: Element) {
    unsafe base?.update(repeating: element, count: count)
  }

  /// `count` of them from place `start` on; loops over them count from 0, which compilers see through best.
  @inline(__always)
  func part(from start: Int, _ count: Int) -> Elements {
    assert(start >= 0 && start + count <= self.count)
    return unsafe Elements(base.map { unsafe $0 + start }, count: count)
  }

  /// Lends memory for `count` elements, which hold nothing yet, to `work`.
  static func withTemporary(count: Int, _ work: (Elements) -> Void) {
    unsafe withUnsafeTemporaryAllocation(of: Element.self, capacity: count) {
      unsafe work(Elements($0.baseAddress, count: count))
    }
  }

  /// `length` elements from place `start` on, as an array.
  func array(from start: Int, _ length: Int) -> [Element] {
    (start..<start + length).map { self[$0] }
  }
}

/// Where the operands and results of a step are.
@safe
struct Buffers {
  let reads: [UnsafeMutableRawPointer?]
  let makes: [UnsafeMutableRawPointer?]
  let scratch: UnsafeMutableRawPointer?

  /// The elements of operand `index`.
  func read<Element>(_ index: Int, as type: Element.Type, count: Int) -> Elements<Element> {
    unsafe Elements(reads[index], count: count)
  }

  /// The elements of result `index`, to be written.
  func make<Element>(_ index: Int, as type: Element.Type, count: Int) -> Elements<Element> {
    unsafe Elements(makes[index], count: count)
  }
}
