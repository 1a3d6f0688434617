import Dispatch
import Synchronization

/// A value that another core computes while the caller goes on.
///
/// Whoever starts one waits for it, whatever happens: the process must not end under it.
final class Deferred<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  /// Starts `work`.
  init(_ work: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global(qos: .userInitiated).async {
      let result = Result(catching: work)
      self.outcome.withLock { $0 = result }
      self.isDone.signal()
    }
  }

  /// Waits until the work has ended.
  func wait() {
    isDone.wait()
    // Others may ask as well.
    isDone.signal()
  }

  /// Waits for the value.
  ///
  /// - Throws: what the work threw.
  func value() throws -> Value {
    wait()
    return try outcome.withLock { result in
      guard let result else { preconditionFailure("the work has ended") }
      return try result.get()
    }
  }
}
