"""Judges what a peer of dearc made of a network, by the rules that hold for dearc."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from interpreter import session
from judge import TOLERANCE, Verdict, apart, nudge
from weights import MOVES, elements

OPENVINO_OPERANDS = {
    "Convolution": (1,), "GroupConvolution": (1,), "ConvolutionBackpropData": (1,),
    "GroupConvolutionBackpropData": (1,), "MatMul": (0, 1), "Einsum": (0, 1)}
OPENVINO_MOVES = (*MOVES, "Convert", "VariadicSplit", "StridedSlice", "Broadcast")
FIXED = ("openvino", "onnxsim")
"""Tools that are given the extents of the input, and whose files take no others."""


@dataclass
class PeerVerdict(Verdict):
    """What a tool made of one case, and what that took."""

    tool: str = ""
    peak: int | None = None
    excuse: str = ""

    @property
    def outcome(self) -> str:
        """The word for it; `n/a` where the network could not be put before the tool."""
        return "n/a" if self.excuse else super().outcome


def verdict(tool: str, stem: Path) -> PeerVerdict:
    """A verdict that says nothing yet."""
    case = json.loads(Path(f"{stem}.json").read_text())
    return PeerVerdict(case["model"], case["exporter"], case["mode"], case["elements"], case["ideal"],
                       zeroed=case["zeroed"], tool=tool)


def excused(tool: str, stem: Path, reason: str) -> str:
    """The line for a network that could not be put before a tool."""
    result = verdict(tool, stem)
    result.excuse = result.message = reason
    return result.line()


def judge(tool: str, stem: Path, source: Path, target: Path,
          usage: tuple[float, int, str | None]) -> str:
    """The line for one run: its outcome, sizes and errors."""
    result = verdict(tool, stem)
    seconds, result.peak, failure = usage
    result.seconds, result.status = round(seconds, 2), 0 if failure is None else 1
    if failure is not None:
        result.message = failure
        return result.line()
    try:
        result.achieved = left(tool, source, target, result.elements)
        compare(result, stem, source, target)
    except Exception as error:  # noqa: BLE001  a file that does not run is the tool's fault
        result.message = f"{type(error).__name__}: {str(error)[:300]}"
        result.achieved = result.elements if result.achieved is None else result.achieved
    return result.line()


def left(tool: str, source: Path, target: Path, before: int) -> int:
    """The elements of linear weights in a tool's result.

    Other formats arrange some weights otherwise, so there what was removed is counted.
    """
    if target.suffix == ".onnx":
        return elements(onnx.load(target))
    count = torch_elements if tool == "torch-pruning" else openvino_elements
    return before - count(source) + count(target)


def openvino_elements(path: Path) -> int:
    """The constants behind operands of linear operators, each counted once."""
    import openvino
    sizes = {}
    for node in openvino.Core().read_model(path).get_ops():
        for place in OPENVINO_OPERANDS.get(node.get_type_name(), ()):
            operand = node.input_value(place).get_node()
            while operand.get_type_name() in OPENVINO_MOVES:
                operand = operand.input_value(0).get_node()
            if operand.get_type_name() == "Constant":
                sizes[operand.get_friendly_name()] = int(np.prod(operand.get_output_shape(0)))
    return sum(sizes.values())


def torch_elements(path: Path) -> int:
    """The weights of convolutions and fully connected layers, those inside attention too."""
    import torch
    from torch import nn
    kinds = (nn.modules.conv._ConvNd, nn.Linear)
    tensors = {}
    for module in torch.load(path, weights_only=False).modules():
        weights = [module.weight] if isinstance(module, kinds) else []
        if isinstance(module, nn.MultiheadAttention) and module.in_proj_weight is not None:
            weights.append(module.in_proj_weight)
        tensors.update({id(each): each.numel() for each in weights})
    return sum(tensors.values())


def compare(result: PeerVerdict, stem: Path, source: Path, target: Path) -> None:
    """The difference from the zeroed network's answers.

    Where they differ, the tool is held to what its own runtime answers for the zeroed network, so
    that no runtime's way of rounding counts against it.
    """
    stored = np.load(f"{stem}.npz")
    pairs = [(stored[f"arr_{place}"], stored[f"arr_{place + 1}"])
             for place in range(0, len(stored.files), 2)]
    if result.tool in FIXED:
        pairs = pairs[:1]
    pictures = [each for each, _ in pairs]
    answers = RUNTIMES[target.suffix]
    found = answers(target, pictures)
    result.difference = largest(found, [each for _, each in pairs])
    if result.difference > TOLERANCE and target.suffix != ".onnx":
        result.difference = min(result.difference, largest(found, answers(source, pictures)))
    if result.difference > TOLERANCE:
        result.nudge = nudge(stem, pairs)


def largest(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    """The largest difference in several answers."""
    return max(apart(*pair) for pair in zip(found, expected, strict=True))


def onnx_answers(path: Path, pictures: list[np.ndarray]) -> list[np.ndarray]:
    """What onnxruntime answers."""
    runtime = session(str(path))
    return [runtime.run(None, {"input": each})[0] for each in pictures]


def openvino_answers(path: Path, pictures: list[np.ndarray]) -> list[np.ndarray]:
    """What OpenVINO answers in full precision, for its own files or ONNX."""
    import openvino
    model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [model(each)[0].copy() for each in pictures]


def torch_answers(path: Path, pictures: list[np.ndarray]) -> list[np.ndarray]:
    """What PyTorch answers."""
    import torch
    model = torch.load(path, weights_only=False).eval()
    with torch.no_grad():
        results = [model(torch.from_numpy(each)) for each in pictures]
    return [(each[0] if isinstance(each, (tuple, list)) else each).numpy() for each in results]


RUNTIMES = {".onnx": onnx_answers, ".xml": openvino_answers, ".pt": torch_answers}
