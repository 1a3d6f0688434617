/// Another order of a matrix's features than Keras's: feature `i` of the value is Keras's feature `places[i]`.
///
/// A flattened picture has very many, and every layer behind it refers to them, so equal orders of a graph
/// are one object.
final class FeatureOrder: Hashable {
  let places: [Int]

  fileprivate init(_ places: [Int]) { self.places = places }

  static func == (left: FeatureOrder, right: FeatureOrder) -> Bool { left === right }

  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

  /// Where Keras's features are in the value.
  var inverse: [Int] {
    var inverse = Array(repeating: 0, count: places.count)
    for (index, place) in places.enumerated() { inverse[place] = index }
    return inverse
  }
}

/// The orders of features in a graph, each once.
struct FeatureOrders {
  private var known: [[Int]: FeatureOrder] = [:]

  /// The order that `places` are.
  mutating func order(_ places: [Int]) -> FeatureOrder {
    if let order = known[places] { return order }
    let order = FeatureOrder(places)
    known[places] = order
    return order
  }
}
