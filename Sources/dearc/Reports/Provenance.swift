import Formats
import Passes

/// What an output file says about how it was made.
///
/// It holds nothing that differs between two runs on the same input: no time, no path.
struct Provenance {
  let schema = "dearc.provenance/1"
  let version = Dearc.version
  /// The command and the options that matter to the result.
  let command: [String]
  /// The SHA-256 of each input file, the model first.
  let inputs: [String]
  /// The passes that changed something, in the order they first did.
  let passes: [String]
  /// For every value that lost channels, those of the input model that remain.
  let kept: [KeptChannels]

  struct KeptChannels {
    let value: String
    let axis: Int
    /// How many there were.
    let of: Int
    /// Written as pairs of first and last.
    let channels: [Range<Int>]
  }

  init(command: [String], inputs: [String], result: PipelineResult?) {
    self.command = command
    self.inputs = inputs
    passes = result?.timings.filter { $0.changes > 0 }.map(\.pass) ?? []
    kept = (result?.pruning?.narrowed ?? []).map {
      KeptChannels(value: $0.value, axis: $0.axis, of: $0.extent, channels: $0.kept)
    }
  }

  /// The record on one line, its keys in alphabetical order.
  var json: String {
    var writer = JSONWriter()
    writer.object { record in
      record.member("command", command)
      record.member("inputs", inputs)
      record.key("kept")
      record.array { list in for each in kept { each.write(to: &list) } }
      record.member("passes", passes)
      record.key("schema")
      record.string(schema)
      record.key("version")
      record.string(version)
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension Provenance.KeptChannels {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { record in
      record.key("axis")
      record.verbatim(String(axis))
      record.key("channels")
      record.array { list in
        for run in channels { list.verbatim("[\(run.lowerBound),\(run.upperBound - 1)]") }
      }
      record.key("of")
      record.verbatim(String(of))
      record.key("value")
      record.string(value)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: String, _ texts: [String]) {
    key(name)
    array { list in for text in texts { list.string(text) } }
  }
}
