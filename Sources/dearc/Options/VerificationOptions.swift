import ArgumentParser

/// Whether what was made is compared with what it was made from.
struct VerificationOptions: ParsableArguments {
  @Flag(help: "Do not run both networks to compare their answers.")
  var noVerify = false

  @Option(help: "How many threads run networks; one for each processor otherwise.")
  var threads: Int?

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads takes a positive number.") }
  }
}
