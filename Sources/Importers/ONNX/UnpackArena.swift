import COnnx
import Formats
import Glibc

/// Memory for unpacked messages: taken piece by piece up to a budget, given back all at once.
@safe
final class UnpackArena {
  /// Whether a request was refused because the budget was spent.
  private(set) var isExhausted = false

  private var blocks: [UnsafeMutableRawPointer] = unsafe []
  private var free = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var remaining: Int
  private static let blockByteCount = 1 << 20

  init(budget: Int) { remaining = budget }

  deinit { for index in unsafe blocks.indices { unsafe Glibc.free(blocks[index]) } }

  /// Hands out `count` bytes aligned for anything, or nil once the budget is spent.
  func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
    let (padded, overflow) = count.addingReportingOverflow(15)
    // The runtime's unsigned sizes arrive as signed ones.
    guard !overflow, count >= 0 else { return unsafe refuse() }
    let size = max(padded & ~15, 16)
    if unsafe size > free.count {
      let block = max(size, Self.blockByteCount)
      guard block <= remaining, let memory = unsafe malloc(block) else { return unsafe refuse() }
      remaining -= block
      unsafe blocks.append(memory)
      // A request of more than a block gets its own, so that the current block stays in use.
      if size > Self.blockByteCount / 2 { return unsafe memory }
      unsafe free = UnsafeMutableRawBufferPointer(start: memory, count: block)
    }
    let result = unsafe free.baseAddress
    unsafe free = UnsafeMutableRawBufferPointer(rebasing: free[size...])
    return unsafe result
  }

  private func refuse() -> UnsafeMutableRawPointer? {
    isExhausted = true
    return nil
  }

  /// Calls `body` with an allocator for the protobuf runtime that draws on this arena.
  func withAllocator<Result>(
    _ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> Result
  ) -> Result {
    var allocator = unsafe ProtobufCAllocator(
      alloc: { data, size in
        guard let data = unsafe data else { return nil }
        return unsafe Unmanaged<UnpackArena>.fromOpaque(data).takeUnretainedValue().allocate(size)
      },
      free: { _, _ in },
      allocator_data: Unmanaged.passUnretained(self).toOpaque())
    return withExtendedLifetime(self) { unsafe body(&allocator) }
  }
}
