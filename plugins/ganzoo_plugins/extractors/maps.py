"""Feature maps of images at several depths, for perceptual losses, style losses and encoders."""

from __future__ import annotations

from abc import ABC, abstractmethod

import timm
import torch
from torch import Tensor, nn

from ganzoo import GanzooError

from . import lite, timm_networks
from .extractor import as_rgb
from .files import hash_tensors, read, sha256
from .folding import fold

PROBE = 64  # pixels, side of the image with which the maps' sizes are measured


class FeatureMaps(nn.Module, ABC):
    """Base of networks of feature maps: frozen, in evaluation mode, with the channels and reductions of its maps.

    A subclass sets ``label`` and ``weights_sha256`` and implements `normalize` and `compute`.
    """

    label: str
    weights_sha256: str
    in_channels = 3

    def finish(self) -> FeatureMaps:
        """Freeze the network and measure its maps."""
        self.eval().requires_grad_(False)
        with torch.no_grad():
            maps = self(torch.zeros(1, self.in_channels, PROBE, PROBE))
        self.channels = tuple(each.shape[1] for each in maps)
        self.reductions = tuple(PROBE // each.shape[2] for each in maps)
        return self

    @abstractmethod
    def normalize(self, images: Tensor) -> Tensor:
        """Convert images of ``in_channels`` in [-1, 1], RGB where these are 3, to the network's input."""

    @abstractmethod
    def compute(self, inputs: Tensor) -> list[Tensor]:
        """Compute the maps of the result of `normalize`."""

    def forward(self, images: Tensor) -> list[Tensor]:
        """Compute maps (N, C_k, H_k, W_k), shallow to deep, of images (N, in_channels, H, W) in [-1, 1].

        Gray images are repeated where the network takes RGB. Gradients flow back to the images.

        Raises:
            GanzooError: For another number of channels.
        """
        taken = (1, 3) if self.in_channels == 3 else (self.in_channels,)
        if images.ndim != 4 or images.shape[1] not in taken:
            numbers = " or ".join(map(str, taken))
            raise GanzooError(
                f"Feature maps need images (N, C, H, W) with {numbers} channels, not the shape {tuple(images.shape)}."
            )
        return self.compute(self.normalize(as_rgb(images) if self.in_channels == 3 else images))

    def train(self, mode: bool = True) -> FeatureMaps:
        """Stay in evaluation mode."""
        return super().train(False)


class LiteMaps(FeatureMaps):
    """EfficientNet-Lite0 after its first convolution and after each of its seven stages; batch norms folded."""

    label = "efficientnet-lite0"

    def __init__(self, network: nn.Module, digest: str) -> None:
        super().__init__()
        self.weights_sha256 = digest
        network.reset_classifier(0)
        whole = fold(network)
        self.stem = nn.Sequential(whole.conv_stem, whole.bn1)
        self.stages = whole.blocks
        self.finish()

    def normalize(self, images: Tensor) -> Tensor:
        """Turn RGB images in [-1, 1] into what the network was trained on."""
        return (127.5 * images + 0.5) / 128

    def compute(self, inputs: Tensor) -> list[Tensor]:
        """Return maps (N, C, h, w), from the largest to the smallest."""
        maps = [self.stem(inputs)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps


class TimmMaps(FeatureMaps):
    """The levels of a network of timm, from ``features_only``."""

    def __init__(self, network: nn.Module, model: str, in_channels: int = 3) -> None:
        super().__init__()
        self.label, self.weights_sha256 = f"timm-{model}", hash_tensors(network)
        self.in_channels = in_channels
        data = timm.data.resolve_data_config(model=network)
        for name in ("mean", "std"):
            values = torch.tensor(data[name])
            values = values if in_channels == 3 else values.mean().repeat(in_channels)
            self.register_buffer(name, values.view(1, in_channels, 1, 1))
        self.network = network
        self.last = network.feature_info.channels()
        self.finish()

    def normalize(self, images: Tensor) -> Tensor:
        """Turn images in [-1, 1] into what the network was trained on."""
        return ((images + 1) / 2 - self.mean) / self.std

    def compute(self, inputs: Tensor) -> list[Tensor]:
        """Return maps (N, C, h, w), from the largest to the smallest."""
        levels = zip(self.network(inputs), self.last, strict=True)  # some networks have channels last
        return [one if one.shape[1] == channels else one.permute(0, 3, 1, 2) for one, channels in levels]


def build_lite() -> LiteMaps:
    """Return the maps of EfficientNet-Lite0 with its ImageNet weights."""
    path = lite.weights_file()
    return LiteMaps(lite.network(read(path)), sha256(path))


def build_timm(model: str, weights: str, in_channels: int) -> TimmMaps:
    """Build the maps of timm's ``model``. Raises GanzooError for a wrong name or wrong weights."""
    return TimmMaps(timm_networks.create_levels(model, weights, in_channels), model, in_channels)
