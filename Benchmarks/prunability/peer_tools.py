"""Runs one peer of dearc on one network, in the way that removes most.

    python peer_tools.py openvino      NETWORK.onnx TARGET.xml  2,3,128,128
    python peer_tools.py openvino-open NETWORK.onnx TARGET.xml  2,3,128,128
    python peer_tools.py onnxsim       NETWORK.onnx TARGET.onnx 2,3,128,128
    python peer_tools.py torch-pruning NETWORK.pt   TARGET.pt   2,3,128,128 [--heads]

The shape is the input's. OpenVINO and onnxsim remove more once it is fixed in the network, but
what OpenVINO writes then does not always run, so that it is also tried with extents left open.
Nothing is imported that the tool does not need: the whole process is measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

HALF = 0.4999
"""Half of an odd number of channels is rounded down, as it is where slots are zeroed."""
PROJECTIONS = ("q", "k", "v", "kv", "qk", "qv", "qkv", "query", "key", "value", "q_proj", "k_proj", "v_proj",
               "to_q", "to_k", "to_v", "to_kv", "to_qkv")
"""What attention modules call the layers that make queries, keys and values."""
LEAST = 1e-6
"""So small a share that only what is as unimportant as the least important goes."""


def prune_openvino(source: Path, target: Path, shape: list[int] | None) -> None:
    """OpenVINO as its converter runs the pass: after the common optimisations."""
    import openvino
    from openvino._offline_transformations import (
        apply_moc_transformations, apply_pruning_transformation)
    model = openvino.Core().read_model(source)
    if shape:
        model.reshape(shape)
    apply_moc_transformations(model, cf=False)
    apply_pruning_transformation(model)
    openvino.save_model(model, target, compress_to_fp16=False)


def prune_onnxsim(source: Path, target: Path, shape: list[int]) -> None:
    """onnxsim's channel pruning, by the sum of absolute weights, after simplification.

    PyTorch is hidden: onnxsim loads it where it is installed, and has no use for it here.
    """
    sys.modules["torch"] = None
    import onnx
    import onnxsim
    model = onnx.load(source)
    extents = {model.graph.input[0].name: shape}
    model, _ = onnxsim.simplify(model, overwrite_input_shapes=extents)
    onnx.save(onnxsim.apply_structured_pruning(model, HALF, importance_norm="l1"), target)


def prune_torch(source: Path, target: Path, shape: list[int], whole_heads: bool) -> None:
    """Torch-Pruning, told which channels are dead: those that nothing makes."""
    import torch
    import torch_pruning
    model = torch.load(source, weights_only=False).eval()
    heads = attentions(model)
    importance = Makers()
    pruner = torch_pruning.pruner.BasePruner(
        model, torch.randn(shape), importance=importance, global_pruning=True,
        pruning_ratio=LEAST, num_heads={each.qkv: each.num_heads for each in heads},
        ignored_layers=undescribed(model, heads),
        prune_num_heads=whole_heads, prune_head_dims=not whole_heads,
        head_pruning_ratio=LEAST if whole_heads else 0.0)
    for group in pruner.step(interactive=True):
        if importance.found:
            group.prune()
    for each in heads:
        each.num_heads = pruner.num_heads[each.qkv]
        each.head_dim = each.qkv.out_features // (3 * each.num_heads)
        each.attn_dim = each.num_heads * each.head_dim
    model.zero_grad()
    torch.save(model, target)


def attentions(model: Any) -> list[Any]:
    """Modules with one projection to queries, keys and values, as Torch-Pruning's examples have them."""
    from torch import nn
    return [each for each in model.modules() if isinstance(getattr(each, "qkv", None), nn.Linear)
            and isinstance(getattr(each, "num_heads", None), int)]


def undescribed(model: Any, described: list[Any]) -> list[Any]:
    """Projections of other attention modules, which Torch-Pruning would cut without regard to heads."""
    return [child for each in model.modules() if hasattr(each, "num_heads") and each not in described
            for name, child in each.named_children() if name in PROJECTIONS]


class Makers:
    """How much is made of each channel: the sum of absolute weights of all that make it.

    Torch-Pruning's own measures count what reads a channel, too, which says nothing of its being
    dead. Readers, normalisations and depthwise convolutions are left out.
    """

    def __init__(self) -> None:
        self.found = False

    def __call__(self, group: Any) -> Any:
        """One number for each channel of a group, or None if nothing in it makes channels."""
        import torch
        from torch_pruning.pruner import function
        makers = (function.prune_conv_out_channels, function.prune_linear_out_channels)
        members = [(each.dep.target.module, each.idxs, each.root_idxs) for each in group
                   if each.dep.handler in makers]
        if not members:
            return None
        width = 1 + max(max(roots) for _, _, roots in members)
        total = torch.zeros(max(width, len(group[0].idxs)))
        for module, places, roots in members:
            weight = module.weight.detach()
            rows = (weight.transpose(0, 1) if getattr(module, "transposed", False) else weight)
            made = rows[places].abs().flatten(1).sum(1)
            total.scatter_add_(0, torch.tensor(roots), made)
        self.found = self.found or bool((total == 0).any())
        return total


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", choices=(
        "openvino", "openvino-open", "onnxsim", "torch-pruning"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("shape", type=lambda text: [int(each) for each in text.split(",")])
    parser.add_argument("--heads", action="store_true", help="remove whole heads, not features")
    options = parser.parse_args()
    if options.tool.startswith("openvino"):
        shape = options.shape if options.tool == "openvino" else None
        prune_openvino(options.source, options.target, shape)
    elif options.tool == "onnxsim":
        prune_onnxsim(options.source, options.target, options.shape)
    else:
        prune_torch(options.source, options.target, options.shape, options.heads)


if __name__ == "__main__":
    main()
