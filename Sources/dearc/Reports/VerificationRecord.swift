import Formats
import Verification

/// What an output file says about how its answers were checked.
///
/// Without the differences that were measured: they vary with the processor, and a file is the same everywhere.
struct VerificationRecord {
  /// Under which key a file has it.
  static let key = "dearc.verification"

  let report: VerificationReport

  /// The record on one line, its keys in alphabetical order; nil if nothing was checked.
  var json: String? {
    guard report.verdict == .passed || report.verdict == .measured else { return nil }
    var writer = JSONWriter()
    writer.object { record in
      record.key("relative_tolerance")
      record.verbatim("\(Tolerance.usual.relative)")
      record.key("schema")
      record.string("dearc.verification/1")
      record.key("trials")
      record.array { list in for trial in report.trials { trial.write(to: &list) } }
      record.key("verdict")
      record.string(report.verdict.rawValue)
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension VerificationReport.Trial {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { record in
      record.key("inputs")
      record.string(inputs)
      record.key("seed")
      record.verbatim(String(seed))
      record.key("shapes")
      record.object { shapes in
        for (name, shape) in self.shapes.sorted(by: { $0.key < $1.key }) {
          shapes.key(name)
          shapes.array { list in for extent in shape { list.verbatim(String(extent)) } }
        }
      }
    }
  }
}
