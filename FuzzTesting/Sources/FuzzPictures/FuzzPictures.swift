import FuzzCases

private let pictureCase = Result { try PictureCase() }

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { try pictureCase.get().run($0) }
}
