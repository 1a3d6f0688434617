"""Makes the models that the tests of reading and writing need.

Usage: make_models.py KIND OUTPUT
"""

import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def small_network():
    """A convolutional network with an If whose branches have initializers."""
    random = numpy.random.default_rng(7)

    def weight(name, *shape, dtype=numpy.float32):
        return numpy_helper.from_array(random.standard_normal(shape).astype(dtype), name)

    def branch(name, scale):
        node = helper.make_node("Mul", ["features", scale], [name + "_out"])
        return helper.make_graph(
            [node], name, [], [helper.make_tensor_value_info(name + "_out", 1, None)],
            [numpy_helper.from_array(numpy.float32(len(name)), scale)])

    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("Cast", ["h"], ["h32"], to=1),
        helper.make_node("Mul", ["r", "h32"], ["features"]),
        helper.make_node("ReduceSum", ["features"], ["sum"], keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["condition"]),
        helper.make_node(
            "If", ["condition"], ["y"], then_branch=branch("positive", "scale_p"),
            else_branch=branch("negative", "scale_n")),
    ]
    graph = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("x", 1, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("y", 1, None)],
        [weight("w", 4, 3, 3, 3), weight("b", 4), weight("h", 1, dtype=numpy.float16),
         numpy_helper.from_array(numpy.float32(0), "zero")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def everything():
    """One of each thing that backend models do not have."""
    T = TensorProto
    types = [
        T.FLOAT, T.UINT8, T.INT8, T.UINT16, T.INT16, T.INT32, T.INT64, T.BOOL, T.FLOAT16, T.DOUBLE,
        T.UINT32, T.UINT64, T.COMPLEX64, T.COMPLEX128, T.BFLOAT16, T.FLOAT8E4M3FN,
        T.FLOAT8E4M3FNUZ, T.FLOAT8E5M2, T.FLOAT8E5M2FNUZ, T.UINT4, T.INT4, T.FLOAT4E2M1,
        T.FLOAT8E8M0, T.UINT2, T.INT2,
    ]
    tensors = []
    for code in types:
        name = T.DataType.Name(code).lower()
        for shape in ([3], [], [0, 2], [2, 3]):
            values = [(i + 1) % 2 for i in range(int(numpy.prod(shape)))]
            tensors.append(helper.make_tensor(f"{name}_{len(shape)}_{len(values)}", code, shape, values))
    tensors.append(helper.make_tensor("text", T.STRING, [2], [b"\xff\x00a", b""]))
    tensors[0].doc_string = "documented"
    tensors[0].metadata_props.add(key="a", value="b")
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"], domain="")], "all",
        [helper.make_tensor_value_info("x", 1, ["n", None, 3])],
        [helper.make_tensor_value_info("y", 1, ["n", None, 3])], tensors)
    graph.input[0].type.denotation = "IMAGE"
    graph.input[0].type.tensor_type.shape.dim[1].denotation = "DATA_CHANNEL"
    graph.input[0].metadata_props.add(key="k", value="v")
    node = graph.node[0]
    node.doc_string = "node"
    node.metadata_props.add(key="k", value="v")
    node.device_configurations.add(configuration_id="gpus", pipeline_stage=1)
    node.attribute.append(helper.make_attribute("types", [helper.make_tensor_type_proto(1, [2])]))
    node.attribute.append(helper.make_attribute("words", ["a", b"\xff"]))
    node.attribute.append(helper.make_attribute("nan", float("nan")))
    node.attribute.append(helper.make_attribute("small", 1e-45))
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("sparse", T.FLOAT, [2], [1, 2]),
        helper.make_tensor("", T.INT64, [2], [1, 5]), [2, 3])
    graph.sparse_initializer.append(sparse)
    annotation = graph.quantization_annotation.add(tensor_name="y")
    annotation.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="float_0_1")
    function = helper.make_function(
        "local", "twice", ["a"], ["b"],
        [helper.make_node("Mul", ["a", "a"], ["b"])], [helper.make_opsetid("", 21)], ["alpha"],
        [helper.make_attribute("beta", 2.0)], overload="v1",
        value_info=[helper.make_tensor_value_info("b", 1, None)])
    model = helper.make_model(
        graph, functions=[function], producer_name="p", producer_version="1", domain="d",
        model_version=3, doc_string="model",
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("local", 1)],
        ir_version=13)
    model.metadata_props.add(key="m", value="ünï")
    model.configuration.add(name="gpus", num_devices=2)
    training = model.training_info.add()
    training.algorithm.name = "step"
    return model


def main():
    kind, output = sys.argv[1:]
    onnx.save({"small": small_network, "everything": everything}[kind](), output)


main()
