import Formats
import IR

/// Reads what the layers of a functional model are applied to.
///
/// Keras 1 and 2 write `[[["conv", 0, 0, {"keyword": …}], …], …]`: a list of calls, each a list of
/// layer, call and tensor. Keras 3 writes the arguments of each call as they were given, with tensors as
/// objects of the class `__keras_tensor__`.
struct ReferenceReader {
  /// Where in the list of layers each name stands.
  let places: [ExactName: Int]

  /// Whether `entry` is a layer that is applied as Keras 3 writes it.
  static func isCurrent(_ entry: ConfigValue) -> Bool {
    entry["inbound_nodes"]?.list?.contains { $0["args"] != nil } ?? false
  }

  /// The calls of a layer.
  func calls(
    of entry: ConfigValue, _ config: LayerConfig
  ) throws(ImportError) -> [LayerCall] {
    guard let nodes = entry["inbound_nodes"]?.list else { return [] }
    var calls: [LayerCall] = []
    for node in nodes {
      if node["args"] != nil || node["kwargs"] != nil {
        calls.append(try current(node, config))
      } else if let list = node.list {
        calls.append(try former(list, config))
      } else {
        throw config.malformed("'inbound_nodes' holds \(node.summary), expected a call")
      }
    }
    return calls
  }

  /// The tensors a list such as `output_layers` names: one, several, or several by keys.
  func list(
    _ value: ConfigValue?, _ key: String, of network: String
  ) throws(ImportError) -> [TensorReference] {
    guard let value, let references = try collect(value), !references.isEmpty else {
      throw ImportError(
        .malformed, "'\(key)' of the model '\(network)' names no layers of it")
    }
    guard references.count <= Limits.networkPortCount else {
      throw ImportError(
        .malformed, "'\(key)' of the model '\(network)' names \(references.count) tensors")
    }
    return references
  }

  private func collect(_ value: ConfigValue) throws(ImportError) -> [TensorReference]? {
    if let reference = reference(value) { return [reference] }
    let parts: [ConfigValue]
    switch value {
    case .list(let list): parts = list
    case .object(let members): parts = Self.sorted(members)
    default: return nil
    }
    var references: [TensorReference] = []
    for part in parts {
      guard let found = try collect(part) else { return nil }
      references += found
    }
    return references
  }

  /// The values of an object in the order in which Keras flattens it: that of the keys.
  private static func sorted(_ members: [(key: String, value: ConfigValue)]) -> [ConfigValue] {
    members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
  }

  // MARK: Keras 1 and 2

  private func former(
    _ list: [ConfigValue], _ config: LayerConfig
  ) throws(ImportError) -> LayerCall {
    var call = LayerCall(arguments: [])
    for item in list.first?.text == nil ? list : [.list(list)] {
      guard let reference = reference(item) else {
        throw config.malformed("it reads \(item.summary), expected a layer, a call and a tensor")
      }
      call.arguments.append(.tensor(reference))
      guard case .object(let keywords)? = item.list?.dropFirst(3).first else { continue }
      for (name, value) in keywords { call.keywords.append((name, former(value))) }
    }
    return call
  }

  private func former(_ value: ConfigValue) -> CallArgument {
    reference(value).map(CallArgument.tensor) ?? .constant(value)
  }

  // MARK: Keras 3

  private func current(
    _ node: ConfigValue, _ config: LayerConfig
  ) throws(ImportError) -> LayerCall {
    var call = LayerCall(arguments: [])
    for argument in node["args"]?.list ?? [] {
      call.arguments.append(try self.argument(argument, config))
    }
    if case .object(let keywords)? = node["kwargs"] {
      for (name, value) in keywords {
        call.keywords.append((name, try argument(value, config)))
      }
    }
    return call
  }

  private func argument(
    _ value: ConfigValue, _ config: LayerConfig
  ) throws(ImportError) -> CallArgument {
    if value["class_name"]?.text == "__keras_tensor__" {
      let history = value["config"]?["keras_history"]
      guard let reference = history.flatMap({ reference($0) }) else {
        throw config.malformed("it reads \(history?.summary ?? "a tensor of no layer")")
      }
      return .tensor(reference)
    }
    let items: [ConfigValue]
    switch value {
    case .list(let list): items = list
    case .object(let members) where value["class_name"] == nil: items = Self.sorted(members)
    default: return .constant(value)
    }
    var arguments: [CallArgument] = []
    for item in items { arguments.append(try argument(item, config)) }
    return .list(arguments)
  }

  /// `[layer, call, tensor, …]`, if it is that and the layer exists.
  private func reference(_ value: ConfigValue) -> TensorReference? {
    guard let list = value.list, 3...4 ~= list.count, let name = list[0].text,
      let layer = places[ExactName(name)], let call = list[1].integer,
      let tensor = list[2].integer, call >= 0, tensor >= 0
    else { return nil }
    return TensorReference(layer: layer, call: call, tensor: tensor)
  }
}
