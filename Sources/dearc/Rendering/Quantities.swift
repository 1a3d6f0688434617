/// Ways to write numbers for people.
enum Quantities {
  /// 23508032 as `23 508 032`, with thin but breakable groups.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var result = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { result += " " }
      result.append(digit)
    }
    return result
  }

  /// 4089284608 as `4.09 G`.
  static func scaled(_ number: Int) -> String {
    let steps: [(Double, String)] = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")]
    let value = Double(number)
    for (size, unit) in steps where value >= size { return fixed(value / size, digits: 2) + unit }
    return String(number)
  }

  /// A count of bytes as `23.59 MB`.
  static func bytes(_ count: Int) -> String {
    count < 1000 ? "\(count) B" : scaled(count) + "B"
  }

  /// The change from `before` to `after` as `−1.8 %`; empty if there is none to speak of.
  static func change(from before: Int, to after: Int) -> String {
    guard before > 0, before != after else { return "" }
    let ratio = Double(after - before) / Double(before) * 100
    guard ratio.magnitude >= 0.05 else { return "≈ 0 %" }
    let sign = ratio < 0 ? "−" : "+"
    return sign + fixed(ratio.magnitude, digits: 1) + " %"
  }

  /// A duration as `1.25 s` or `3.4 ms`.
  static func duration(_ duration: Duration) -> String {
    let milliseconds = Self.milliseconds(duration)
    return milliseconds < 1000
      ? fixed(milliseconds, digits: 1) + " ms" : fixed(milliseconds / 1000, digits: 2) + " s"
  }

  static func milliseconds(_ duration: Duration) -> Double {
    let parts = duration.components
    return Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15
  }

  /// `value` with exactly `digits` decimals, or in its shortest form if it is too large for that, or no number.
  static func fixed(_ value: Double, digits: Int) -> String {
    let scale = (0..<digits).reduce(1) { power, _ in power * 10 }
    let scaled = (value.magnitude * Double(scale)).rounded()
    guard scaled < 0x1p53 else { return "\(value)" }
    let whole = Int(scaled)
    let fraction = String(whole % scale)
    let padding = String(repeating: "0", count: digits - fraction.count)
    let sign = value < 0 ? "-" : ""
    return sign + String(whole / scale) + (digits > 0 ? "." + padding + fraction : "")
  }

  /// A number of either sign in three digits or so.
  static func signed(_ number: Double) -> String {
    guard number.isFinite, number.magnitude < 1e6 else { return "\(number)" }
    let size = number.magnitude
    if size > 0, size < 1e-3 { return (number < 0 ? "−" : "") + scientific(size) }
    let digits = size >= 100 ? 1 : size >= 1 ? 3 : 4
    return (number < 0 ? "−" : "") + fixed(size, digits: digits)
  }

  /// A number in two digits and a power of ten.
  static func scientific(_ number: Double) -> String {
    guard number > 0, number.isFinite else { return "\(number)" }
    var (mantissa, exponent) = (number, 0)
    while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    let sign = exponent < 0 ? "−" : ""
    return fixed(mantissa, digits: 1) + "e" + sign + String(exponent.magnitude)
  }
}
