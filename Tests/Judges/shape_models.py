"""Writes models of the ONNX backend suite in dearc's text form, with the types and values they
should get, for ShapeBackendTests.

usage: shape_models.py node|real OUTPUT

  node   one-node models without the types of their results. Each is written twice: as it is, and
         with its small inputs replaced by the values of its first data set. Expected are the
         declared results, and in the second form also the elements of small ones.
  real   whole networks. Expected is what onnx.shape_inference says of every value.
"""

import glob
import os
import struct
import sys

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper, shape_inference

ELEMENTS = {
    1: "f32", 2: "u8", 3: "i8", 4: "u16", 5: "i16", 6: "i32", 7: "i64", 8: "string", 9: "bool",
    10: "f16", 11: "f64", 12: "u32", 13: "u64", 14: "c64", 15: "c128", 16: "bf16", 17: "f8e4m3fn",
    18: "f8e4m3fnuz", 19: "f8e5m2", 20: "f8e5m2fnuz", 21: "u4", 22: "i4", 23: "f4e2m1",
    24: "f8e8m0", 25: "u2", 26: "i2",
}
# What is stored element by element; larger constants only have a shape.
LIMIT = 128


def quoted(data):
    if isinstance(data, str):
        data = data.encode()
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in data)
    return '"' + "".join(plain) + '"'


def value(name):
    return "%" + quoted(name) if name else "_"


def dimension(d):
    if d.HasField("dim_value"):
        return str(d.dim_value)
    return quoted(d.dim_param) if d.dim_param else "?"


def tensor_type(t):
    element = ELEMENTS.get(t.elem_type, "?")
    if not t.HasField("shape"):
        return element + "[*]"
    return element + "[" + ", ".join(dimension(d) for d in t.shape.dim) + "]"


def type_text(t):
    kind = t.WhichOneof("value")
    if kind == "tensor_type":
        return tensor_type(t.tensor_type)
    if kind == "sparse_tensor_type":
        return f"sparse({tensor_type(t.sparse_tensor_type)})"
    if kind == "sequence_type":
        return f"sequence({type_text(t.sequence_type.elem_type)})"
    if kind == "optional_type":
        return f"optional({type_text(t.optional_type.elem_type)})"
    if kind == "map_type":
        return f"map({ELEMENTS[t.map_type.key_type]}, {type_text(t.map_type.value_type)})"
    return "?"


def constant(t):
    element = ELEMENTS[t.data_type]
    shape = f"{element}[" + ", ".join(str(d) for d in t.dims) + "]"
    count = int(np.prod(t.dims, dtype=np.int64))
    if count > LIMIT or element not in ("f32", "f64", "i64", "i32", "bool"):
        zero = '""' if element == "string" else "false" if element == "bool" else "#0"
        return f"{shape} splat {zero}" if count else f"{shape} dense []"
    return f"{shape} raw {quoted(numpy_helper.to_array(t).tobytes())}"


def number(f):
    return "#%08x" % struct.unpack("<I", struct.pack("<f", f))[0]


def attribute(a):
    kinds = AttributeProto
    if a.ref_attr_name:
        return f"ref {quoted(a.ref_attr_name)} kind {a.type}"
    if a.type == kinds.INT:
        return str(a.i)
    if a.type == kinds.FLOAT:
        return number(a.f)
    if a.type == kinds.STRING:
        return quoted(a.s)
    if a.type == kinds.INTS:
        return "ints [" + ", ".join(map(str, a.ints)) + "]"
    if a.type == kinds.FLOATS:
        return "floats [" + ", ".join(map(number, a.floats)) + "]"
    if a.type == kinds.STRINGS:
        return "strings [" + ", ".join(map(quoted, a.strings)) + "]"
    if a.type == kinds.TENSOR:
        return "tensor " + constant(a.t)
    if a.type == kinds.GRAPH:
        return "graph " + body(a.g, set(), {})
    if a.type == kinds.TYPE_PROTO:
        return "type " + type_text(a.tp)
    if a.type == kinds.SPARSE_TENSOR:
        dims = ", ".join(str(d) for d in a.sparse_tensor.dims)
        element = ELEMENTS[a.sparse_tensor.values.data_type]
        return (f"tensor {element}[{dims}] sparse {constant(a.sparse_tensor.values)}"
                f" at {constant(a.sparse_tensor.indices)}")
    raise NotImplementedError(f"attribute type {a.type}")


def node_text(node, types):
    operator = ("" if node.domain in ("", "ai.onnx") else quoted(node.domain) + "::")
    operator += quoted(node.op_type) if operator else node.op_type
    results = ", ".join(value(o) for o in node.output) if node.output else "()"
    text = f"  {results} = {operator}({', '.join(value(i) for i in node.input)})"
    if node.attribute:
        text += " {" + ", ".join(f"{a.name} = {attribute(a)}" for a in node.attribute) + "}"
    stated = [f": {types[o]}" if o in types else "_" for o in node.output]
    if any(s != "_" for s in stated):
        text += " " + ", ".join(stated)
    return text


def body(graph, stripped, replaced):
    """The statements of a graph, without the types of the values in `stripped`."""
    lines = []
    stored = {t.name for t in graph.initializer}
    for i in graph.input:
        if i.name in replaced:
            lines.append(f"  const {value(i.name)} = {constant(replaced[i.name])}")
        elif i.name not in stored:
            stated = type_text(i.type)
            lines.append(f"  input {value(i.name)}" + (f" : {stated}" if stated != "?" else ""))
    for t in graph.initializer:
        lines.append(f"  const {value(t.name)} = {constant(t)}")
    types = {}
    for v in list(graph.value_info) + list(graph.output):
        stated = type_text(v.type)
        if v.name not in stripped and stated != "?":
            types[v.name] = stated
    lines += [node_text(node, types) for node in graph.node]
    lines += [f"  output {value(o.name)}" for o in graph.output]
    return "{\n" + "\n".join(lines) + "\n}"


def graph_text(model, stripped, replaced):
    sets = ", ".join(
        (quoted(s.domain) + " " if s.domain not in ("", "ai.onnx") else "") + str(s.version)
        for s in model.opset_import)
    return f"graph opset {sets} {body(model.graph, stripped, replaced)}"


def write(out, name, text, expected, values=()):
    out.write(f"=== {name}\n")
    for v in expected:
        tensor = v.type.tensor_type
        if v.type.WhichOneof("value") == "tensor_type":
            dims = [str(d.dim_value) if d.HasField("dim_value") else "?" for d in tensor.shape.dim]
            shape = " ".join(dims) if tensor.HasField("shape") else "*"
            out.write(f"type\t{v.name}\t{ELEMENTS.get(tensor.elem_type, '?')}\t{shape}\n")
    for name, array in values:
        numbers = " ".join(repr(x) for x in array.astype(np.float64).reshape(-1).tolist())
        out.write(f"values\t{name}\t{numbers}\n")
    out.write("graph\n" + text + "\n")


def load_tensor(path, declared):
    """A stored operand or result, if it is small and of a type that shape arithmetic follows."""
    if declared.type.tensor_type.elem_type not in (1, 6, 7, 9, 11) or not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        tensor = TensorProto.FromString(file.read())
    return tensor if np.prod(tensor.dims, dtype=np.int64) <= LIMIT else None


def models(data, suite):
    """Paths of the suite's models, each with a name."""
    for path in sorted(glob.glob(f"{data}/{suite}/**/*.onnx", recursive=True)):
        name = os.path.relpath(path, data)
        yield path, name.removesuffix("/model.onnx").removesuffix(".onnx")


def write_nodes(data, out):
    for path, name in models(data, "node"):
        model = onnx.load(path)
        results = {o.name for o in model.graph.output} | {v.name for v in model.graph.value_info}
        write(out, name, graph_text(model, results, {}), model.graph.output)
        data_set = os.path.join(os.path.dirname(path), "test_data_set_0")
        replaced = {}
        for index, operand in enumerate(model.graph.input):
            tensor = load_tensor(f"{data_set}/input_{index}.pb", operand)
            if tensor:
                replaced[operand.name] = tensor
        values = []
        for index, result in enumerate(model.graph.output):
            tensor = load_tensor(f"{data_set}/output_{index}.pb", result)
            if tensor:
                values.append((result.name, numpy_helper.to_array(tensor)))
        if replaced:
            text = graph_text(model, results, replaced)
            write(out, name + "+values", text, model.graph.output, values)


def write_networks(data, out):
    suites = ["simple", "light", "pytorch-converted", "pytorch-operator"]
    for path, name in (pair for suite in suites for pair in models(data, suite)):
        model = onnx.load(path)
        # Only what follows from the inputs is expected, not what the model declares.
        model.graph.ClearField("value_info")
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
        inferred = shape_inference.infer_shapes(model, data_prop=True)
        expected = list(inferred.graph.value_info) + list(inferred.graph.output)
        stripped = {v.name for v in expected}
        write(out, name, graph_text(model, stripped, {}), expected)


def main():
    data = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data")
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        (write_nodes if sys.argv[1] == "node" else write_networks)(data, out)


if __name__ == "__main__":
    main()
