/// How much of a file is looked at; real ones stay far below.
enum HDF5Limits {
  /// How deeply groups may nest.
  static let depth = 64
  /// How many groups, datasets and attributes a file may have.
  static let objectCount = 1_000_000
  /// How many bytes all attributes may take together; the configuration of a large Keras model is
  /// under one megabyte.
  static let attributeByteCount = 256 << 20
  /// How many bytes all datasets may declare together, unless the file stores a good part of them.
  static let declaredByteCount: UInt64 = 1 << 30
  /// How many times more datasets may declare than they store, beyond `declaredByteCount`.
  static let expansion: UInt64 = 200
  /// How many bytes one message of the worker may have.
  static let messageByteCount = 1 << 30
  /// How many bytes of elements the worker holds at once.
  static let pieceByteCount = 32 << 20
  /// How many bytes of address space the worker gets besides the file's size.
  static let addressByteCount: UInt64 = 4 << 30
  /// How much processor time the worker gets, and how many bytes earn it one second more.
  static let seconds: UInt64 = 60
  static let byteCountPerSecond: UInt64 = 10 << 20
}
