import FuzzCases

private let modelCase = Result { try ModelCase(folder: scratchFolder()) }

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { try modelCase.get().run($0) }
}
