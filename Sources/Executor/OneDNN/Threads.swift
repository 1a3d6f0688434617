internal import COneDNN

/// The threads that oneDNN's primitives work on, for kernels of our own.
///
/// A pool beside it would be in its way: OpenMP's threads go on looking for work for a while once theirs is done.
enum Threads {
  /// Elements that are worth another thread.
  private static let grain = 1 << 14

  /// Does `work` on ranges that make up `0..<count`, several at a time if there is enough to do.
  ///
  /// - Parameters:
  ///   - count: How many pieces of work there are.
  ///   - cost: About how many elements one piece handles.
  ///   - work: What is done; on no two ranges may it write to the same place.
  static func share(_ count: Int, cost: Int = 1, _ work: (Range<Int>) -> Void) {
    let wanted = min(Int(omp_get_max_threads()), count, count.saturating(cost) / grain)
    guard wanted > 1 else {
      if count > 0 { work(0..<count) }
      return
    }
    withoutActuallyEscaping(work) { work in
      var team = Team(count: count, work: work)
      unsafe withUnsafeMutablePointer(to: &team) { team in
        unsafe GOMP_parallel(Team.takePart, team, UInt32(wanted), 0)
      }
    }
  }

  /// What all threads of a team are told.
  private struct Team {
    let count: Int
    let work: (Range<Int>) -> Void

    /// Does the share of the thread that calls it.
    static let takePart: @convention(c) (UnsafeMutableRawPointer?) -> Void = { data in
      guard let team = unsafe data?.assumingMemoryBound(to: Team.self) else { return }
      let (number, size) = (Int(omp_get_thread_num()), Int(omp_get_num_threads()))
      let count = unsafe team.pointee.count
      let (share, rest) = count.quotientAndRemainder(dividingBy: size)
      let start = number * share + min(number, rest)
      unsafe team.pointee.work(start..<start + share + (number < rest ? 1 : 0))
    }
  }
}

extension Int {
  /// The product with `other`, neither of which is negative; the largest number if it would be larger.
  fileprivate func saturating(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
