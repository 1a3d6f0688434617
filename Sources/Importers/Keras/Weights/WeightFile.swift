import Formats
import HDF5Access
import IR

/// The datasets that belong to the weights of a network.
struct WeightFile {
  private let datasets: [ExactName: HDF5Dataset]
  private let lender: DatasetLender

  /// Takes `datasets` of `file` for the weights they are called after.
  init(_ file: HDF5File, _ datasets: [ExactName: HDF5Dataset]) {
    self.datasets = datasets
    lender = DatasetLender(file)
  }

  /// The dataset that is the weight called `name`.
  func dataset(_ name: String) -> HDF5Dataset? { datasets[ExactName(name)] }

  /// The elements of `dataset` in single precision, lent from the file where they lie there so.
  ///
  /// - Throws: `ImportError` if they are damaged, or no floats.
  func constant(_ dataset: HDF5Dataset) throws(ImportError) -> Constant {
    guard let type = ElementType(dataset), type.isFloatingPoint,
      let constant = try lender.constant(dataset).inSinglePrecision
    else {
      throw ImportError(
        .unsupported, "'\(dataset.path)' holds \(dataset.elementType), expected floats")
    }
    return constant
  }
}

/// A weight on its way into the graph: where its elements come from, and in which order they are wanted.
///
/// Nothing is read until the constant is made, so a file that does not fit is found out before.
struct StoredTensor {
  /// How it is called in the graph.
  let name: String
  /// Keras's extents; what is said to be read has them.
  let dataset: HDF5Dataset?
  private(set) var shape: [Int]
  private var steps: [Step] = []

  fileprivate enum Step: Hashable {
    case reshape([Int])
    case transpose([Int])
    case permuteRows(FeatureOrder)
  }

  /// Takes `dataset` for a weight of the extents `shape`; nil if it is known not to fit.
  init(name: String, dataset: HDF5Dataset?, shape: [Int]) {
    self.name = name
    self.dataset = dataset
    self.shape = shape
  }

  /// What tells this from the same weight in another order.
  struct Key: Hashable {
    fileprivate let name: ExactName
    fileprivate let steps: [Step]
  }

  /// What tells this from the same weight in another order.
  var key: Key { Key(name: ExactName(name), steps: steps) }

  /// Axis `i` is axis `order[i]` of this.
  func transposed(_ order: [Int]) -> StoredTensor {
    adding(.transpose(order), order.map { shape[$0] })
  }

  /// The same elements under another shape.
  func reshaped(_ shape: [Int]) -> StoredTensor { adding(.reshape(shape), shape) }

  /// The parts of axis 0 in another order, which names each once; as they are if that is nil.
  func permutingRows(_ order: FeatureOrder?) -> StoredTensor {
    order.map { adding(.permuteRows($0), shape) } ?? self
  }

  private func adding(_ step: Step, _ shape: [Int]) -> StoredTensor {
    var copy = self
    copy.steps.append(step)
    copy.shape = shape
    return copy
  }

  /// The elements in the order that is wanted.
  ///
  /// - Throws: `ImportError` if `file` does not hold them.
  func constant(from file: WeightFile) throws(ImportError) -> Constant? {
    guard let dataset else { return nil }
    var constant = try file.constant(dataset)
    for step in steps {
      switch step {
      case .reshape(let shape): constant = constant.reshaped(shape)
      case .transpose(let order):
        let source = constant
        constant = source.transposed(order)
        source.payload?.discard()
      case .permuteRows(let order): constant = constant.permutingRows(order.places)
      }
    }
    return constant
  }
}
