"""The generator of BasicSR's SRGAN and SRResNet (its arch MSRResNet), and the importer of its checkpoints.

Residual blocks without norms around a bilinear enlargement of the image (arXiv:1609.04802 with the changes of
1809.00219), with images in [0, 1] inside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import DetectedCheckpoint, Importer

BLOCK = re.compile(r"body\.(\d+)\.conv1\.weight")
USED = re.compile(r"(conv_first|conv_hr|conv_last|upconv[12]|body\.\d+\.conv[12])\.(weight|bias)")


class PlainBlock(nn.Module):
    """Two convolutions with ReLU between them, and a shortcut; (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the same shape."""
        return features + self.conv2(torch.relu(self.conv1(features)))


class MSRResNet(nn.Module):
    """A convolution, ``blocks`` residual blocks, a pixel shuffle for each factor, two convolutions."""

    stride = 1

    def __init__(
        self, in_channels: int = 3, out_channels: int = 3, width: int = 64, blocks: int = 16, scale: int = 4
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.scale = in_channels, out_channels, scale
        self.conv_first = nn.Conv2d(in_channels, width, 3, padding=1)
        self.body = nn.Sequential(*(PlainBlock(width) for _ in range(blocks)))
        self.factor = 3 if scale == 3 else 2
        self.upconv1 = nn.Conv2d(width, width * self.factor**2, 3, padding=1)
        self.upconv2 = nn.Conv2d(width, width * 4, 3, padding=1) if scale == 4 else None
        self.conv_hr = nn.Conv2d(width, width, 3, padding=1)
        self.conv_last = nn.Conv2d(width, out_channels, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge images (N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale H, scale W)."""
        images = images * 0.5 + 0.5
        features = self.body(F.leaky_relu(self.conv_first(images), 0.1))
        features = F.leaky_relu(F.pixel_shuffle(self.upconv1(features), self.factor), 0.1)
        if self.upconv2 is not None:
            features = F.leaky_relu(F.pixel_shuffle(self.upconv2(features), 2), 0.1)
        enlarged = F.interpolate(images, scale_factor=self.scale, mode="bilinear", align_corners=False)
        output = (self.conv_last(F.leaky_relu(self.conv_hr(features), 0.1)) + enlarged) * 2 - 1
        return output if self.training else output.clamp(-1, 1)


class MSRResNetImporter(Importer):
    """Detects channels, width, blocks and scale."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the generator that these tensors are, by the names and shapes of its layers; None for any others."""
        blocks = [int(found[1]) for name in tensors if (found := BLOCK.fullmatch(name))]
        if not blocks or not all(USED.fullmatch(name) for name in tensors):
            return None
        first, last, up = (tensors.get(f"{name}.weight") for name in ("conv_first", "conv_last", "upconv1"))
        if first is None or last is None or up is None or first.shape[2:] != (3, 3):
            return None
        scale = 4 if "upconv2.weight" in tensors else 3 if len(up) == 9 * len(first) else 2
        return DetectedCheckpoint(
            source="BasicSR's SRGAN (MSRResNet)",
            entry="generator:msrresnet",
            options={
                "in_channels": first.shape[1],
                "out_channels": len(last),
                "width": len(first),
                "blocks": max(blocks) + 1,
                "scale": scale,
            },
            tensors=tensors,
            image_size=128,
        )
