import FuzzCases

private let safetensorsCase = Result { try SafetensorsCase(folder: scratchFolder()) }

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { try safetensorsCase.get().run($0) }
}
