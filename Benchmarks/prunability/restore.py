"""Puts the weights of a zeroed ONNX file back into the PyTorch network that it was exported from.

Torch-Pruning works on modules. A network and its random weights can be made again, but slots were
set to zero in the file, where exporters have renamed, transposed and folded weights. Those that
kept their name are taken by it, the others by value. Whether that came out right is not argued
but tried: the network has to answer as the file does.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from interpreter import session  # noqa: F401  onnxruntime before torch, as elsewhere
from onnx import numpy_helper
from randomise import randomise
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from zoo import construct

AGREEMENT = 1e-4
ENOUGH = 6
"""So many weights of either sign are hardly like those of another tensor by chance."""


class NotApplicable(Exception):
    """Why a network cannot be put before a tool."""


def restore(stem: Path, target: Path) -> str:
    """Writes the zeroed network as a module. Gives the reason if that is impossible, else nothing."""
    torch.set_num_threads(1)
    case = json.loads(Path(f"{stem}.json").read_text())
    try:
        model = remade(case["model"])
        put_back(model, onnx.load(f"{stem}.onnx"), torch.randn(case["shapes"][0]))
        require_agreement(model, stem)
        torch.save(model, target)
    except NotApplicable as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001  networks need not bear hooks or copying
        return f"{type(error).__name__}: {str(error)[:200]}"
    return ""


def remade(name: str) -> nn.Module:
    """The network as it was before its export; the same seeds are drawn in the same order."""
    model, size = construct(name)
    randomise(model, torch.randn(4, 3, size, size))
    return model


@torch.no_grad()
def put_back(model: nn.Module, network: onnx.ModelProto, pictures: torch.Tensor) -> None:
    """Copies every stored weight to the tensor that it came from."""
    tensors = {name: each for name, each in [*model.named_parameters(), *model.named_buffers()]
               if each.is_floating_point()}
    arrays = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy())
              for each in network.graph.initializer
              if each.data_type == onnx.TensorProto.FLOAT}
    origin = {name: name for name, array in arrays.items()
              if name in tensors and tensors[name].shape == array.shape}
    free = set(tensors) - set(origin.values())
    followers = normalisations(model, pictures)
    for name, array in arrays.items():
        if name in origin:
            tensors[name].copy_(array)
            continue
        for own in sorted(free):
            same = aligned(array, tensors[own])
            if same is not None:
                origin[name] = own
                free.discard(own)
                tensors[own].copy_(same)
                break
    for node in network.graph.node:
        weight, bias = (list(node.input) + [""] * 3)[1:3]
        if node.op_type in ("Conv", "ConvTranspose") and weight in origin and (
                bias in arrays and bias not in origin):
            set_bias(model.get_submodule(origin[weight].rpartition(".")[0]), arrays[bias], followers)


def aligned(array: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor | None:
    """Stored numbers in the order of the tensor that they come from, or None if it is another.

    MatMul stores the transpose of what Linear does.
    """
    if array.numel() != tensor.numel() or array.numel() < 2:
        return None
    orders = [array, array.T] if array.ndim == 2 else [array]
    return next((each.reshape(tensor.shape) for each in orders
                 if like(each.reshape(-1), tensor.reshape(-1), each.shape == tensor.shape)), None)


def like(array: torch.Tensor, tensor: torch.Tensor, scaled: bool) -> bool:
    """Whether numbers are another's, but for zeros and, if they may be `scaled`, positive factors.

    Those keep signs; without the same shape that is no proof, as a filter of one weight has the sign
    of the mean of what it makes.
    """
    alive = array != 0
    array, tensor = array[alive], tensor[alive]
    if torch.allclose(array, tensor, rtol=1e-3, atol=0):
        return True
    mixed = scaled and ENOUGH <= int((array > 0).sum()) <= len(array) - ENOUGH
    return mixed and bool((torch.sign(array) == torch.sign(tensor)).all())


def normalisations(model: nn.Module, pictures: torch.Tensor) -> dict[nn.Module, _BatchNorm]:
    """The batch normalisation that directly reads a convolution's result, by convolution."""
    makers: dict[int, tuple[nn.Module, torch.Tensor]] = {}
    found: dict[nn.Module, _BatchNorm] = {}

    def note_result(module: nn.Module, _: tuple, result: torch.Tensor) -> None:
        makers[id(result)] = module, result

    def note_reader(module: nn.Module, operands: tuple) -> None:
        if operands and id(operands[0]) in makers:
            found[makers[id(operands[0])][0]] = module

    hooks = []
    for each in model.modules():
        if isinstance(each, (nn.modules.conv._ConvNd, nn.Linear)):
            hooks.append(each.register_forward_hook(note_result))
        elif isinstance(each, _BatchNorm):
            hooks.append(each.register_forward_pre_hook(note_reader))
    model(pictures)
    for hook in hooks:
        hook.remove()
    return found


def set_bias(module: nn.Module, bias: torch.Tensor,
             followers: dict[nn.Module, _BatchNorm]) -> None:
    """Gives a convolution the bias into which its normalisation was folded.

    Where there was one it stays, as a shift alone, so that the network keeps its structure.
    """
    if module not in followers:
        if module.bias is None:
            raise NotApplicable("a bias has nowhere to go")
        module.bias.copy_(bias)
        return
    normalisation = followers[module]
    normalisation.weight.fill_(1)
    normalisation.bias.copy_(bias)
    normalisation.running_mean.zero_()
    normalisation.running_var.fill_(1 - normalisation.eps)
    if module.bias is not None:
        module.bias.zero_()


@torch.no_grad()
def require_agreement(model: nn.Module, stem: Path) -> None:
    """Refuses a network that does not answer as its file does."""
    stored = np.load(f"{stem}.npz")
    found = model(torch.from_numpy(stored["arr_0"]))
    found = (found[0] if isinstance(found, (tuple, list)) else found).numpy()
    apart = float(np.abs(found - stored["arr_1"]).max() / np.abs(stored["arr_1"]).max())
    if not apart <= AGREEMENT:
        raise NotApplicable(f"the zeroed weights could not be put back: answers are {apart:.1e} apart")
