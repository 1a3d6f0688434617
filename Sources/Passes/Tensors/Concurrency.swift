internal import Dispatch
internal import Synchronization

/// Both results, found on two cores at a time if that `pays`.
public func both<Result: Sendable>(
  pays: Bool, _ first: @Sendable () -> Result, _ second: @Sendable () -> Result
) -> (Result, Result) {
  guard pays else { return (first(), second()) }
  let results = Mutex<(first: Result?, second: Result?)>((nil, nil))
  DispatchQueue.concurrentPerform(iterations: 2) { number in
    let result = number == 0 ? first() : second()
    results.withLock { if number == 0 { $0.first = result } else { $0.second = result } }
  }
  let (left, right) = results.withLock { $0 }
  guard let left, let right else { preconditionFailure("both have ended") }
  return (left, right)
}
