"""The same networks in PyTorch: eager, channels last, and in bfloat16 if Lookbook computes in it.

A network is translated from the Keras model, layer by layer, so that both are the same.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from cases import Case, images_and_labels, spec_of
from contenders import Settings

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


def ready(case: Case, settings: Settings, *, compiled: bool = False) -> tuple[Callable[[int], None], dict[str, Any]]:
    """Return a function that trains a number of steps, and a dictionary of facts; ``compiled`` uses torch.compile."""
    # Keras only builds the model to translate.
    os.environ["KERAS_BACKEND"] = "torch"
    from lookbook import models

    torch.manual_seed(0)
    torch.set_num_threads(settings.threads)
    device = torch.device("cuda" if settings.gpu and torch.cuda.is_available() else "cpu")
    spec = spec_of(case, settings.backend)
    pixels, labels = images_and_labels()
    network = Network(models.build(spec["model"], pixels.shape[1:], 10, spec["rescaling"]))
    network = network.to(device).to(memory_format=torch.channels_last)
    optimizer = _optimizer(spec["optimizer"], network)
    call = torch.compile(network) if compiled else network
    images = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))).to(device)
    target = torch.from_numpy(labels.astype(np.int64)).to(device)
    half = settings.precision == "mixed_bfloat16"

    def train(steps: int) -> None:
        order = torch.randperm(len(images), device=device)
        for rows in order[: steps * case.batch_size].split(case.batch_size):
            batch = images[rows].float().contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                logits = call(batch)
            nn.functional.cross_entropy(logits.float(), target[rows]).backward()
            optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    statistics = [buffer for name, buffer in network.named_buffers() if "running" in name]
    return train, {
        "precision": "mixed_bfloat16" if half else "float32",
        "versions": {"torch": torch.__version__},
        "parameters": sum(tensor.numel() for tensor in [*network.parameters(), *statistics]),
    }


class Network(nn.Module):
    """A Keras network as a torch module, from float32 (B, C, H, W) to logits (B, classes)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        described = list(_layers(model))
        self.wiring = [(layer.name, sources) for layer, sources in described]
        self.parts = nn.ModuleList([_translated(layer) for layer, _ in described])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        known: dict[str, torch.Tensor] = {}
        for (name, sources), part in zip(self.wiring, self.parts, strict=True):
            x = known[name] = part(*[known[source] for source in sources] if sources else [x])
        return x


class Apply(nn.Module):
    """A module that calls a function without weights."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *x: torch.Tensor) -> torch.Tensor:
        """Return the function's result."""
        return self.function(*x)


def _layers(model: Any) -> Iterator[tuple[Any, list[str]]]:
    """Yield every layer in order with the names of its inputs; nested models are flattened."""
    for layer in model.layers:
        sources = _sources(layer)
        if hasattr(layer, "layers"):
            # The input of a nested model is the input of the call.
            yield from ((inner, names or sources) for inner, names in _layers(layer))
        else:
            yield layer, sources


def _sources(layer: Any) -> list[str]:
    if type(layer).__name__ == "InputLayer":
        return []
    parents = layer._inbound_nodes[-1].parent_nodes
    return [parent.operation.name for parent in parents]


def _translated(layer: Any) -> nn.Module:
    channels = layer.input.shape[-1] if not isinstance(layer.input, list) else None
    match type(layer).__name__:
        case "InputLayer":
            return nn.Identity()
        case "Rescaling":
            return Apply(lambda x: x * layer.scale + layer.offset)
        case "Conv2D":
            size, strides = layer.kernel_size[0], layer.strides[0]
            # The padding of a strided convolution is shifted by a pixel from Keras's, which costs the same.
            padding = (size - 1) // 2 if layer.padding == "same" else 0
            return _activated(nn.Conv2d(channels, layer.filters, size, strides, padding, bias=layer.use_bias), layer)
        case "Dense":
            return _activated(nn.Linear(channels, layer.units), layer)
        case "BatchNormalization":
            kind = nn.BatchNorm2d if len(layer.input.shape) == 4 else nn.BatchNorm1d
            return kind(channels, layer.epsilon, 1 - layer.momentum)
        case "ReLU":
            return nn.ReLU()
        case "MaxPooling2D":
            return nn.MaxPool2d(layer.pool_size, layer.strides)
        case "Dropout":
            return nn.Dropout(layer.rate)
        case "GlobalAveragePooling2D":
            return Apply(lambda x: x.mean((2, 3)))
        case "Flatten":
            return nn.Flatten()
        case "Add":
            return Apply(lambda *x: sum(x))
        case kind:
            raise ValueError(f"{__file__} has no translation of the Keras layer {kind}; add one")


def _activated(module: nn.Module, layer: Any) -> nn.Module:
    # Keras's penalty l2 * |w|^2 has the gradient of a weight decay of 2 * l2.
    penalty = getattr(layer, "kernel_regularizer", None)
    module.weight.weight_decay = 2 * float(penalty.l2) if penalty else 0.0
    name = layer.activation.__name__
    return module if name == "linear" else nn.Sequential(module, ACTIVATIONS[name]())


def _optimizer(entry: dict[str, Any], network: nn.Module) -> torch.optim.Optimizer:
    groups: dict[float, list[nn.Parameter]] = {}
    for parameter in network.parameters():
        groups.setdefault(getattr(parameter, "weight_decay", 0.0), []).append(parameter)
    decays = [{"params": parameters, "weight_decay": decay} for decay, parameters in groups.items()]
    rate = entry["config"]["learning_rate"]
    rate = rate if isinstance(rate, float) else rate["config"]["maximal_learning_rate"]
    momentum = {"momentum": entry["config"].get("momentum", 0.0)} if entry["class_name"] == "SGD" else {}
    return getattr(torch.optim, entry["class_name"])(decays, lr=rate, **momentum)
