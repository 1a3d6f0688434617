internal import Glibc

/// The discrete Fourier transform of one length, in double precision.
///
/// Lengths that are powers of two are halved again and again; others become a convolution of such a length.
/// Source: Bluestein, "A linear filtering approach to the computation of discrete Fourier transform", 1970.
struct FourierTransform {
  /// Complex numbers, their parts in arrays of their own.
  struct Signal {
    var real: [Double]
    var imaginary: [Double]

    init(count: Int) {
      real = Array(repeating: 0, count: count)
      imaginary = real
    }

    subscript(_ index: Int) -> (real: Double, imaginary: Double) {
      get { (real[index], imaginary[index]) }
      set { (real[index], imaginary[index]) = newValue }
    }
  }

  let length: Int
  /// The powers of the root of unity that halving needs, of the transform's length or of the convolution's.
  private let roots: Signal
  /// For lengths that are no powers of two, half powers of the root, and their transform as a filter.
  private let chirp: Signal?
  private let filter: Signal?

  /// - Precondition: `length` is positive and small enough that its square can be counted.
  init(length: Int) {
    self.length = length
    guard length & (length - 1) != 0 else {
      (roots, chirp, filter) = (Self.roots(length), nil, nil)
      return
    }
    var size = 1
    while size < 2 * length - 1 { size *= 2 }
    var chirp = Signal(count: length)
    for index in 0..<length {
      // Squares go round after twice the length.
      let angle = -Double.pi * Double(index * index % (2 * length)) / Double(length)
      chirp[index] = (cos(angle), sin(angle))
    }
    var filter = Signal(count: size)
    for index in 0..<length {
      let (real, imaginary) = chirp[index]
      filter[index] = (real, -imaginary)
      filter[(size - index) % size] = (real, -imaginary)
    }
    let roots = Self.roots(size)
    Self.halve(&filter, roots)
    (self.roots, self.chirp, self.filter) = (roots, chirp, filter)
  }

  private static func roots(_ length: Int) -> Signal {
    var roots = Signal(count: max(length / 2, 1))
    for index in roots.real.indices {
      let angle = -2 * Double.pi * Double(index) / Double(length)
      roots[index] = (cos(angle), sin(angle))
    }
    return roots
  }

  /// Transforms `signal` in place; backwards without dividing by the length.
  func run(_ signal: inout Signal, backwards: Bool) {
    // The inverse is the transform of the conjugate, conjugated.
    if backwards { signal.imaginary = signal.imaginary.map { -$0 } }
    if let chirp, let filter {
      convolve(&signal, chirp, filter)
    } else {
      Self.halve(&signal, roots)
    }
    if backwards { signal.imaginary = signal.imaginary.map { -$0 } }
  }

  private func convolve(_ signal: inout Signal, _ chirp: Signal, _ filter: Signal) {
    let size = filter.real.count
    var wide = Signal(count: size)
    for index in 0..<length { wide[index] = Self.product(signal[index], chirp[index]) }
    Self.halve(&wide, roots)
    for index in 0..<size {
      let (real, imaginary) = Self.product(wide[index], filter[index])
      wide[index] = (real, -imaginary)
    }
    Self.halve(&wide, roots)
    for index in 0..<length {
      let (real, imaginary) = wide[index]
      let part = (real: real / Double(size), imaginary: -imaginary / Double(size))
      signal[index] = Self.product(part, chirp[index])
    }
  }

  private static func product(
    _ left: (real: Double, imaginary: Double), _ right: (real: Double, imaginary: Double)
  ) -> (real: Double, imaginary: Double) {
    (
      left.real * right.real - left.imaginary * right.imaginary,
      left.real * right.imaginary + left.imaginary * right.real
    )
  }

  /// The transform of a signal whose length is a power of two.
  private static func halve(_ signal: inout Signal, _ roots: Signal) {
    let count = signal.real.count
    reorder(&signal)
    var half = 1
    while half < count {
      let step = count / (2 * half)
      for start in stride(from: 0, to: count, by: 2 * half) {
        for index in 0..<half {
          let odd = product(signal[start + half + index], roots[index * step])
          let even = signal[start + index]
          signal[start + index] = (even.real + odd.real, even.imaginary + odd.imaginary)
          signal[start + half + index] = (even.real - odd.real, even.imaginary - odd.imaginary)
        }
      }
      half *= 2
    }
  }

  /// Puts each element where the bits of its index in reverse order say.
  private static func reorder(_ signal: inout Signal) {
    let count = signal.real.count
    var other = 0
    for index in 0..<count {
      if index < other {
        signal.real.swapAt(index, other)
        signal.imaginary.swapAt(index, other)
      }
      var bit = count / 2
      while bit > 0, other & bit != 0 {
        other ^= bit
        bit /= 2
      }
      other |= bit
    }
  }
}
