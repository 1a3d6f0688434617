"""Checks that a safetensors file written by dearc is what others take it for.

Usage: run_safetensors.py ORIGINAL.onnx STORED.safetensors

Opens the tensors with safetensors, extracts the model with onnx-safetensors, and runs original and
extract in onnxruntime on the same random inputs; the outputs must be identical to the bit.
"""

import os
import sys
import tempfile

import numpy
import onnx
import onnxruntime
import onnx_safetensors
import safetensors


def initializers(graph):
    """The initializers of a graph and of the bodies in it, by name."""
    found = {t.name: t for t in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute:
            for body in [attribute.g, *attribute.graphs]:
                found |= initializers(body)
    return found


def outputs(path, seed=1):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    random = numpy.random.default_rng(seed)
    feeds = {}
    for value in session.get_inputs():
        shape = [d if isinstance(d, int) else 2 for d in value.shape]
        feeds[value.name] = random.standard_normal(shape).astype(numpy.float32)
    return session.run(None, feeds)


def main():
    original, stored = sys.argv[1:]
    expected = initializers(onnx.load(original).graph)
    with safetensors.safe_open(stored, framework="numpy") as file:
        for key in file.keys():
            array = onnx.numpy_helper.to_array(expected[key])
            assert file.get_tensor(key).tobytes() == array.tobytes(), key
        assert len(file.keys()) == len(expected)
    # The extract refers to the stored file by name and must lie beside it.
    folder = os.path.dirname(stored)
    with tempfile.NamedTemporaryFile(suffix=".onnx", dir=folder) as extract:
        onnx_safetensors.extract_safetensors_model(stored, extract.name)
        for left, right in zip(outputs(original), outputs(extract.name), strict=True):
            assert left.tobytes() == right.tobytes()


main()
