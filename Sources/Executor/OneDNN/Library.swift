internal import COneDNN

/// oneDNN on this machine's processor.
///
/// Source: the library's developer guide and the comments of `dnnl.h`, version 2.6.
@safe
final class Library: @unchecked Sendable {
  /// The one processor there is.
  static let shared = Library()

  let engine: dnnl_engine_t
  let stream: dnnl_stream_t

  private init() {
    var engine: dnnl_engine_t?
    var stream: dnnl_stream_t?
    unsafe dnnl_engine_create(&engine, dnnl_cpu, 0)
    unsafe dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue)
    guard let engine = unsafe engine, let stream = unsafe stream else {
      preconditionFailure("oneDNN does not run on this processor")
    }
    unsafe self.engine = engine
    unsafe self.stream = stream
  }

  /// How many threads work at a time; set before anything is planned.
  static func use(threads: Int) { omp_set_num_threads(Int32(clamping: threads)) }
}

extension dnnl_status_t {
  /// Throws unless the library did what it was told.
  func check(_ what: String) throws(ExecutionError) {
    guard self != dnnl_success else { return }
    let reason =
      switch self {
      case dnnl_out_of_memory: "there is not enough memory"
      case dnnl_invalid_arguments: "its operands do not fit"
      case dnnl_unimplemented: "this processor has no way to do it"
      default: "status \(rawValue)"
      }
    throw ExecutionError(.internalFailure, "oneDNN cannot \(what): \(reason)")
  }
}
