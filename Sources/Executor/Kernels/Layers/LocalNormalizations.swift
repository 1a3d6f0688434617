internal import COneDNN
internal import Glibc
import IR

// Normalisations over neighbouring channels, along one axis, and over stated axes.

extension Planner {
  mutating func lrn(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    guard data.shape.count >= 3, let size = graph.attribute(node, "size", default: 0),
      (1...1 << 20).contains(size),
      let alpha = graph.attribute(node, "alpha", default: Float(1e-4)),
      let beta = graph.attribute(node, "beta", default: Float(0.75)),
      let bias = graph.attribute(node, "bias", default: Float(1))
    else {
      throw ExecutionError(.invalidOperands, "cannot normalise data of shape \(data.shape)")
    }
    guard data.count > 0 else { return define(node, data) }
    if data.elementType == .float32, data.shape.count == 4, size % 2 == 1 {
      let arranged = data.info.strides == nil ? data : try plain(data)
      return define(node, try lrn(arranged, size, alpha, beta, bias))
    }
    let type: ElementType = data.elementType == .float64 ? .float64 : .float32
    let wide = try cast(node, try plain(data), to: type)
    let form = (size, Double(alpha) / Double(size), Double(beta), Double(bias))
    let result =
      type == .float64
      ? try lrn(node, wide, form, Double.self) : try lrn(node, wide, form, Float.self)
    define(node, try cast(node, result, to: data.elementType))
  }

  private mutating func lrn(
    _ data: Operand, _ size: Int, _ alpha: Float, _ beta: Float, _ bias: Float
  ) throws(ExecutionError) -> Operand {
    let attributes = try PrimitiveAttributes()
    let layout = try data.info.descriptor
    var raw = layout.raw
    var description = dnnl_lrn_desc_t()
    try unsafe dnnl_lrn_forward_desc_init(
      &description, dnnl_forward_inference, dnnl_lrn_across_channels, &raw, Int64(size), alpha,
      beta, bias
    ).check("normalise")
    let engine = unsafe Library.shared.engine
    let primitive = try unsafe Primitive("normalise") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
    return try step(primitive, reads: [(DNNL_ARG_SRC_0, data, layout)], makes: data.info, layout)
  }

  private mutating func lrn<Element: BinaryFloatingPoint & BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ form: (size: Int, alpha: Double, beta: Double, bias: Double),
    _ type: Element.Type
  ) throws(ExecutionError) -> Operand {
    let (pictures, channels) = (data.shape[0], data.shape[1])
    let (plane, count) = (data.shape[2...].product, data.count)
    return try step(node, reads: [data], makes: [data.info]) { buffers in
      let source = buffers.read(0, as: type, count: count)
      let target = buffers.make(0, as: type, count: count)
      return {
        for picture in 0..<pictures {
          for channel in 0..<channels {
            let first = max(channel - (form.size - 1) / 2, 0)
            let last = min(channel + form.size / 2, channels - 1)
            for index in 0..<plane {
              var sum: Element = 0
              for other in first...last {
                let element = source[(picture * channels + other) * plane + index]
                sum += element * element
              }
              let place = (picture * channels + channel) * plane + index
              let divisor = pow(form.bias + form.alpha * Double(sum), form.beta)
              target[place] = Element(Double(source[place]) / divisor)
            }
          }
        }
      }
    }[0]
  }

  mutating func lpNormalization(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let stated = graph.attribute(node, "axis", default: -1),
      let power = graph.attribute(node, "p", default: 2), power == 1 || power == 2,
      (-data.shape.count..<data.shape.count).contains(stated)
    else {
      throw ExecutionError(.invalidOperands, "its axis does not fit data of shape \(data.shape)")
    }
    guard data.count > 0 else { return define(node, data) }
    let axis = stated < 0 ? stated + data.shape.count : stated
    let type: ElementType = data.elementType == .float64 ? .float64 : .float32
    let wide = try cast(node, data, to: type)
    let result =
      type == .float64
      ? try lpNormalized(node, wide, axis, isSquare: power == 2, Double.self)
      : try lpNormalized(node, wide, axis, isSquare: power == 2, Float.self)
    define(node, try cast(node, result, to: data.elementType))
  }

  private mutating func lpNormalized<Element: BinaryFloatingPoint & BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ axis: Int, isSquare: Bool, _ type: Element.Type
  ) throws(ExecutionError) -> Operand {
    let (outer, extent) = (data.shape[..<axis].product, data.shape[axis])
    let (inner, count) = (data.shape[(axis + 1)...].product, data.count)
    return try step(node, reads: [data], makes: [data.info]) { buffers in
      let source = buffers.read(0, as: type, count: count)
      let target = buffers.make(0, as: type, count: count)
      return {
        for block in 0..<outer {
          let start = block * extent * inner
          var norms = Array(repeating: 0.0, count: inner)
          for place in start..<start + extent * inner {
            let element = Double(source[place])
            norms[(place - start) % inner] += isSquare ? element * element : abs(element)
          }
          if isSquare { norms = norms.map { $0.squareRoot() } }
          for place in start..<start + extent * inner {
            let norm = norms[(place - start) % inner]
            // Nothing is left of nothing.
            target[place] = norm == 0 ? 0 : Element(Double(source[place]) / norm)
          }
        }
      }
    }[0]
  }

  mutating func meanVarianceNormalization(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let rank = data.shape.count
    guard let stated = graph.attribute(node, "axes", default: [0, 2, 3]),
      stated.allSatisfy((-rank..<rank).contains)
    else {
      throw ExecutionError(.invalidOperands, "its axes do not fit data of shape \(data.shape)")
    }
    guard data.count > 0 else { return define(node, data) }
    let axes = Set(stated.map { $0 < 0 ? $0 + rank : $0 })
    let wide = try cast(node, data, to: .float64)
    let lines = ReductionLines(
      data.shape, kept: data.shape.indices.filter { !axes.contains($0) }, gone: axes.sorted())
    let count = data.count
    let result = try step(node, reads: [wide], makes: [wide.info]) { buffers in
      let source = buffers.read(0, as: Double.self, count: count)
      let target = buffers.make(0, as: Double.self, count: count)
      return {
        lines.run { _, places in
          let number = Double(places.count)
          let mean = places.reduce(0) { $0 + source[$1] } / number
          let variance =
            places.reduce(0) { $0 + (source[$1] - mean) * (source[$1] - mean) } / number
          let deviation = variance.squareRoot() + 1e-9
          for place in places { target[place] = (source[place] - mean) / deviation }
        }
      }
    }[0]
    define(node, try cast(node, result, to: data.elementType))
  }
}
