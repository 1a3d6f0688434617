"""Exports a network of torchvision with random weights, as PyTorch's TorchScript exporter writes it.

    python export_torchvision.py swin_t -o swin_t.onnx

Fresh networks are full of zeros and ones, which optimisers remove: every parameter is drawn anew
where it is constant.
"""

import argparse
import warnings

import torch
import torchvision


def randomise(model: torch.nn.Module) -> None:
    """Gives biases, scales, statistics and parameters that are all alike numbers of their own."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if not tensor.is_floating_point():
            continue
        noise = torch.randn_like(tensor)
        with torch.no_grad():
            if name.endswith("running_var"):
                tensor.copy_(1 + noise.clamp(-2, 2) / 4)
            elif name.endswith("weight") and tensor.ndim == 1:
                tensor.copy_(1 + noise / 10)
            elif tensor.ndim == 1 or tensor.numel() > 1 and bool((tensor == tensor.flatten()[0]).all()):
                tensor.add_(noise / 50)


def main() -> None:
    """Exports one network for one picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("-o", "--output", required=True)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    model = torchvision.models.get_model(arguments.name, weights=None).eval()
    randomise(model)
    torch.onnx.export(
        model, (torch.randn(1, 3, 224, 224),), arguments.output, opset_version=17, dynamo=False,
        input_names=["input"], output_names=["output"])


if __name__ == "__main__":
    main()
