/// Bounds on what is read from files, so that hostile input is refused before it costs anything.
///
/// Every bound is far above what real models need and far below what exhausts the machine.
public enum Limits {
  /// How deeply messages may nest; protobuf's own readers stop at the same depth.
  public static let messageDepth = 100

  /// How many messages and texts one model may consist of.
  ///
  /// A network of 100 000 nodes with declared shapes has about a million. An empty message costs
  /// two bytes in a file but over a hundred in memory, so counting is what stops inflation.
  public static let messageCount = 3_000_000

  /// How many nodes one model may have; they cost most, half a kilobyte each all told.
  public static let nodeCount = 1_000_000

  /// How many bytes a model may have besides its lent weights.
  public static let skeletonByteCount = 1 << 30

  /// How many bytes the unpacked structure of a model may occupy, leaving out lent weights.
  public static let structureByteCount = 2 << 30

  /// How many bytes the header of a safetensors file may have; the reference reader's bound.
  public static let safetensorsHeaderByteCount = 100_000_000

  /// How many bytes the text in the header of numpy's files may have; numpy's own bound.
  public static let numpyHeaderByteCount = 10_000

  /// How many axes an array in numpy's files may have; numpy's own bound.
  public static let numpyAxisCount = 64

  /// How deeply JSON may nest: each message level takes an object and an array.
  public static let jsonDepth = 2 * messageDepth + 16

  /// The largest protobuf message that other readers accept.
  public static let protobufByteCount = (2 << 30) - 1

  /// How often all layers of a Keras network may be applied, and read tensors, together; the largest known
  /// come to thousands.
  public static let layerApplicationCount = 200_000

  /// How many tensors a Keras network may take or give.
  public static let networkPortCount = 4_096

  /// How many bytes the name of a Keras layer may have; names of networks come before those of layers.
  public static let layerNameByteCount = 1_024

  /// How many bytes of JSON may describe a Keras model; large ones take under one megabyte.
  public static let configurationByteCount = 32 << 20

  /// How many members an archive may have; a Keras model has a handful.
  public static let archiveMemberCount: Int64 = 65_536

  /// How many bytes a member may unpack to, unless a good part of them is stored.
  public static let archiveMemberByteCount = 256 << 20

  /// How many times more than is stored a member may unpack to, beyond `archiveMemberByteCount`.
  public static let archiveExpansion = 100
}
