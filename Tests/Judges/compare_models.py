"""Compares ONNX models field by field, leaving out order and forms that have no meaning.

Reads lines "before<TAB>after" from standard input and prints one line for every pair that differs
or that onnx.checker refuses although it accepts the original. Exits with 1 if there was one.

What is held to be without meaning:
- which field of a TensorProto holds the elements, and whether an empty one has a field at all;
- the order of initializers, attributes, value_info, metadata, quantization annotations;
- whether a field is absent or has its default value;
- the domain "ai.onnx" and the empty one, which are the same;
- in value_info, what is said again about inputs and outputs;
- fields of Attribute that are not of its type.
Everything else must be equal, unknown fields included.
"""

import sys

import numpy
import onnx
from google.protobuf import unknown_fields
from onnx import numpy_helper


def tensor(t, folder):
    if t.data_location == onnx.TensorProto.EXTERNAL:
        t = onnx.TensorProto.FromString(t.SerializeToString())
        onnx.external_data_helper.load_external_data_for_tensor(t, folder)
    if t.data_type == onnx.TensorProto.STRING:
        elements = tuple(t.string_data)
    else:
        elements = bits(t)
    return (t.name, t.data_type, tuple(t.dims), elements, t.doc_string, pairs(t.metadata_props))


def bits(t):
    """The elements as raw_data would hold them, exact to the bit."""
    if t.HasField("raw_data"):
        return t.raw_data
    array = numpy_helper.to_array(t)
    width = {21: 4, 22: 4, 23: 4, 25: 2, 26: 2}.get(t.data_type)
    if width is None:
        return array.tobytes()
    flat = array.astype(numpy.uint8) if t.data_type != 23 else array.view(numpy.uint8)
    flat = flat.reshape(-1) & ((1 << width) - 1)
    per = 8 // width
    flat = numpy.concatenate([flat, numpy.zeros(-len(flat) % per, numpy.uint8)])
    packed = numpy.zeros(len(flat) // per, numpy.uint8)
    for i in range(per):
        packed |= flat[i::per] << (width * i)
    return packed.tobytes()


def pairs(entries):
    return sorted((e.key, e.value) for e in entries)


def other(message):
    """Fields the schema of the onnx package does not have."""
    return sorted((f.field_number, repr(f.data)) for f in unknown_fields.UnknownFieldSet(message))


def value_type(t):
    kind = t.WhichOneof("value")
    body = ()
    if kind in ("tensor_type", "sparse_tensor_type"):
        inner = getattr(t, kind)
        shape = None
        if inner.HasField("shape"):
            shape = tuple(
                (d.dim_value if d.HasField("dim_value") else d.dim_param, d.denotation)
                for d in inner.shape.dim)
        body = (inner.elem_type, shape)
    elif kind in ("sequence_type", "optional_type"):
        body = value_type(getattr(t, kind).elem_type)
    elif kind == "map_type":
        body = (t.map_type.key_type, value_type(t.map_type.value_type))
    return (kind, body, t.denotation)


def info(v):
    return (v.name, value_type(v.type), v.doc_string, pairs(v.metadata_props), other(v))


def attribute(a, folder):
    A = onnx.AttributeProto
    value = {
        A.FLOAT: lambda: numpy.float32(a.f).tobytes(),
        A.INT: lambda: a.i,
        A.STRING: lambda: a.s,
        A.TENSOR: lambda: tensor(a.t, folder),
        A.GRAPH: lambda: graph(a.g, folder),
        A.SPARSE_TENSOR: lambda: sparse(a.sparse_tensor, folder),
        A.TYPE_PROTO: lambda: value_type(a.tp),
        A.FLOATS: lambda: numpy.array(a.floats, numpy.float32).tobytes(),
        A.INTS: lambda: tuple(a.ints),
        A.STRINGS: lambda: tuple(a.strings),
        A.TENSORS: lambda: [tensor(t, folder) for t in a.tensors],
        A.GRAPHS: lambda: [graph(g, folder) for g in a.graphs],
        A.SPARSE_TENSORS: lambda: [sparse(t, folder) for t in a.sparse_tensors],
        A.TYPE_PROTOS: lambda: [value_type(t) for t in a.type_protos],
    }
    content = value[a.type]() if not a.ref_attr_name else None
    return (a.name, a.type, a.ref_attr_name, a.doc_string, content, other(a))


def sparse(s, folder):
    return (tensor(s.values, folder), tensor(s.indices, folder)[1:], tuple(s.dims))


def domain(name):
    return "" if name == "ai.onnx" else name


def node(n, folder):
    return (
        n.op_type, domain(n.domain), n.overload, n.name, tuple(n.input), tuple(n.output),
        sorted((attribute(a, folder) for a in n.attribute), key=lambda a: a[0]), n.doc_string,
        pairs(n.metadata_props), other(n),
        [d.SerializeToString() for d in n.device_configurations])


def graph(g, folder):
    ports = {v.name for v in g.input} | {v.name for v in g.output}
    return {
        "name": g.name,
        "node": [node(n, folder) for n in g.node],
        "input": [info(v) for v in g.input],
        "output": [info(v) for v in g.output],
        "value_info": sorted((info(v) for v in g.value_info if v.name not in ports), key=repr),
        "initializer": sorted((tensor(t, folder) for t in g.initializer), key=lambda t: t[0]),
        "sparse_initializer": sorted(
            (sparse(t, folder) for t in g.sparse_initializer), key=lambda t: t[0][0]),
        "quantization": sorted(
            (q.tensor_name, pairs(q.quant_parameter_tensor_names))
            for q in g.quantization_annotation),
        "doc": (g.doc_string, pairs(g.metadata_props), other(g)),
    }


def function(f, folder):
    return {
        "head": (f.name, domain(f.domain), f.overload, tuple(f.input), tuple(f.output)),
        "node": [node(n, folder) for n in f.node],
        "attribute": tuple(f.attribute),
        "default": [attribute(a, folder) for a in f.attribute_proto],
        "value_info": sorted((info(v) for v in f.value_info), key=repr),
        "opset": operator_sets(f.opset_import),
        "doc": (f.doc_string, pairs(f.metadata_props), other(f)),
    }


def operator_sets(sets):
    return sorted((domain(s.domain), s.version) for s in sets)


def model(m, folder):
    return {
        "head": (
            m.ir_version, m.producer_name, m.producer_version, m.domain, m.model_version,
            m.doc_string),
        "opset": operator_sets(m.opset_import),
        "metadata": pairs(m.metadata_props),
        "graph": graph(m.graph, folder),
        "functions": [function(f, folder) for f in m.functions],
        "rest": (
            other(m), [t.SerializeToString() for t in m.training_info],
            [c.SerializeToString() for c in m.configuration]),
    }


def difference(a, b, path=""):
    """The first place where two normal forms differ, or None."""
    if isinstance(a, dict):
        for key in a:
            found = difference(a[key], b[key], f"{path}.{key}")
            if found:
                return found
        return None
    if isinstance(a, (list, tuple)) and type(a) is type(b):
        if len(a) != len(b):
            return f"{path}: {len(a)} entries, then {len(b)}"
        for index, (left, right) in enumerate(zip(a, b)):
            found = difference(left, right, f"{path}[{index}]")
            if found:
                return found
        return None
    return None if a == b else f"{path}: {a!r:.80}, then {b!r:.80}"


def folder_of(path):
    return path.rsplit("/", 1)[0] if "/" in path else "."


def accepted(path):
    try:
        onnx.checker.check_model(path)
        return None
    except Exception as error:
        return str(error).strip().splitlines()[0]


def compare(before, after):
    one, two = (onnx.load(p, load_external_data=False) for p in (before, after))
    found = difference(model(one, folder_of(before)), model(two, folder_of(after)))
    if found:
        return found
    refused = accepted(after)
    if refused and not accepted(before):
        return "onnx.checker: " + refused
    return None


def main():
    count = failures = 0
    for line in sys.stdin:
        before, after = line.rstrip("\n").split("\t")
        count += 1
        try:
            found = compare(before, after)
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        if found:
            failures += 1
            print(f"{before}: {found}")
    print(f"{count} pairs compared, {failures} differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
