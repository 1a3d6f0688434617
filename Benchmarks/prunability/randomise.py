"""Gives a network random weights that hide no mistake: no scale is 1, and no shift is 0."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

NORMALISATIONS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d)


def uniform(like: torch.Tensor, low: float = 0.5, high: float = 1.5) -> torch.Tensor:
    """Numbers between two bounds."""
    return torch.empty_like(like).uniform_(low, high)


@torch.no_grad()
def randomise(model: nn.Module, pictures: torch.Tensor, seed: int = 0) -> None:
    """Replaces every default, and fits batch statistics so that activations stay in range."""
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, NORMALISATIONS) and module.weight is not None:
            module.weight.copy_(uniform(module.weight))
            if module.bias is not None:
                module.bias.normal_(0, 0.1)
    for parameter in model.parameters():
        if parameter.is_floating_point() and parameter.numel():
            replace_default(parameter)
    fit_statistics(model, pictures)
    model.eval()


def replace_default(parameter: torch.Tensor) -> None:
    """A parameter that is one number all over has not been initialised at random."""
    first = float(parameter.reshape(-1)[0])
    if not bool((parameter == first).all()):
        return
    if first == 0 and parameter.numel() > 1:
        parameter.normal_(0, 0.1 if parameter.ndim == 1 else 0.02)
    elif abs(first) < 1e-2:
        parameter.copy_(0.3 * uniform(parameter))
    else:
        parameter.copy_(first * uniform(parameter))


def fit_statistics(model: nn.Module, pictures: torch.Tensor) -> None:
    """Sets the mean and variance of batch normalisations near what they will see."""
    model.eval()
    layers = [each for each in model.modules() if isinstance(each, _BatchNorm)]
    layers = [each for each in layers if each.running_mean is not None]
    if not layers:
        return
    for layer in layers:
        layer.train()
        layer.momentum = 1.0
    try:
        model(pictures)
    except ValueError:
        # One value per channel has no variance; what was fitted before stays.
        pass
    for layer in layers:
        layer.eval()
        layer.running_var.nan_to_num_(1.0).clamp_(min=1e-6).mul_(uniform(layer.running_var, 0.8, 1.25))
        spread = layer.running_var.sqrt()
        layer.running_mean.nan_to_num_(0.0).add_(0.05 * spread * torch.randn_like(spread))
