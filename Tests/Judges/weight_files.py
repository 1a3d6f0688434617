"""Files of weights for a model, and what becomes of the model with them.

usage: weight_files.py write MODEL FOLDER
       weight_files.py types MODEL
       weight_files.py twins FOLDER
       weight_files.py check MODEL FILE.h5

`write` gives every initializer of floats other elements, and writes them

  wrapped.safetensors   under the names that PyTorch's wrappers give them, with its counters
  half.safetensors      the same in half precision
  nested.h5             with the parts of names as groups
  head.h5               the last layer alone
  other.safetensors     with a tensor that no initializer is called after
  wide.safetensors      with one of other extents

with all.onnx, half.onnx and head.onnx, the model with them. `types` writes a model with a tensor of every
type that HDF5 can hold. `twins` writes a model in which names differ by little, exact.safetensors and
exact.onnx, the model with it, and alike.safetensors, whose name could be either. `check` compares the
datasets of a file with the initializers of a model, bit by bit.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import h5py
import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file


def write(path: Path, folder: Path) -> None:
    model = onnx.load(path)
    rng = np.random.default_rng(7)
    tensors = {}
    for each in model.graph.initializer:
        array = numpy_helper.to_array(each)
        if array.dtype == np.float32 and array.size > 1:
            tensors[each.name] = (array * rng.uniform(0.9, 1.1, array.shape)).astype(np.float32)
    halves = {name: each.astype(np.float16) for name, each in tensors.items()}
    save(model, tensors, folder / "all.onnx")
    save(model, {name: each.astype(np.float32) for name, each in halves.items()}, folder / "half.onnx")
    counters = {"module.bn.num_batches_tracked": np.array(7, np.int64)}
    save_file({f"module.{name}": each for name, each in tensors.items()} | counters,
              folder / "wrapped.safetensors")
    save_file(halves, folder / "half.safetensors")
    with h5py.File(folder / "nested.h5", "w") as file:
        for name, each in tensors.items():
            file[name.replace(".", "/")] = each
    head = {name: each for name, each in tensors.items() if name.startswith("fc.")}
    with h5py.File(folder / "head.h5", "w") as file:
        for name, each in head.items():
            file[name] = each
    save(model, head, folder / "head.onnx")
    save_file(tensors | {"nobody": np.ones(3, np.float32)}, folder / "other.safetensors")
    name = next(name for name, each in tensors.items() if each.ndim == 4)
    save_file(tensors | {name: tensors[name][:-1].copy()}, folder / "wide.safetensors")


def save(model: onnx.ModelProto, tensors: dict[str, np.ndarray], path: Path) -> None:
    changed = copy.deepcopy(model)
    for each in changed.graph.initializer:
        if each.name in tensors:
            each.CopyFrom(numpy_helper.from_array(tensors[each.name], each.name))
    onnx.save(changed, path)


def types(path: Path) -> None:
    from onnx import TensorProto, helper
    numbers = np.array([[0, 1, 2], [3, 100, 127]])
    stored = {name: getattr(TensorProto, name) for name in (
        "FLOAT16", "BFLOAT16", "FLOAT", "DOUBLE", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16",
        "UINT32", "UINT64", "BOOL")}
    tensors = [helper.make_tensor(name, kind, numbers.shape, (numbers != 0 if name == "BOOL" else
                                                             numbers).ravel().tolist())
               for name, kind in stored.items()]
    tensors += [helper.make_tensor("deep/er/scalar", TensorProto.FLOAT, [], [2.5]),
                helper.make_tensor("deep/empty", TensorProto.FLOAT, [0, 4], [])]
    outputs = [helper.make_tensor_value_info(f"y{each.name}", each.data_type, list(each.dims))
               for each in tensors]
    nodes = [helper.make_node("Identity", [each.name], [f"y{each.name}"]) for each in tensors]
    graph = helper.make_graph(nodes, "types", [], outputs, tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def twins(folder: Path) -> None:
    from onnx import TensorProto, helper
    rng = np.random.default_rng(3)
    names = ["a/b", "a.b", "caf\u00e9", "cafe\u0301"]
    model, exact = ({name: rng.normal(0, 1, 3).astype(np.float32) for name in names} for _ in range(2))
    nodes = [helper.make_node("Mul" if place % 2 else "Add", [f"x{place}" if place else "x", name],
                              [f"x{place + 1}"]) for place, name in enumerate(names)]
    graph = helper.make_graph(
        nodes, "twins", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor_value_info(f"x{len(names)}", TensorProto.FLOAT, [2, 3])],
        [numpy_helper.from_array(each, name) for name, each in model.items()])
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(written, folder / "twins.onnx")
    save(written, exact, folder / "exact.onnx")
    save_file(exact, folder / "exact.safetensors")
    save_file({"a//b": exact["a.b"]}, folder / "alike.safetensors")


def check(path: Path, weights: Path) -> None:
    initializers = {each.name: numpy_helper.to_array(each)
                    for each in onnx.load(path).graph.initializer}
    found, brains = {}, set()
    with h5py.File(weights) as file:
        file.visititems(lambda name, each: found.update({name: each[()]})
                        if isinstance(each, h5py.Dataset) else None)
        brains = {name for name in found if file[name].attrs.get("dtype") == "bfloat16"}
        if "dearc.provenance" not in file.attrs:
            raise ValueError("the file does not say how it was made")
    if found.keys() != {name.strip("/") for name in initializers}:
        raise ValueError(f"names differ: {found.keys() ^ initializers.keys()}")
    for name, array in initializers.items():
        stored = found[name.strip("/")]
        same = stored.dtype == (np.uint16 if name in brains else array.dtype)
        if not same or stored.shape != array.shape or stored.tobytes() != array.tobytes():
            raise ValueError(f"'{name}' differs")


if __name__ == "__main__":
    {"write": write, "types": types, "twins": twins, "check": check}[sys.argv[1]](*map(Path, sys.argv[2:]))
