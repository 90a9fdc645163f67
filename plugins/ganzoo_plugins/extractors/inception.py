"""Inception v3 of 2015 (arXiv:1512.00567), the network of FID, KID and the Inception score, as in torch-fidelity.

The layers are torch-fidelity's, with batch norms folded and in channels_last. Its class is not used: it can only be
built from a pickle that is opened in a way that can run code.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ganzoo import GanzooError, fetch_file
from ganzoo.errors import MissingPackage

from .extractor import ImageExtractor, as_rgb
from .files import read, sha256
from .folding import fold

SIZE = 299  # pixels a side
# Of torch-fidelity's file weights-inception-2015-12-05-6726825d.pth, 95,628,359 bytes. The first eight digits are in
# its name. The file could not be downloaded here: all 64 digits are as stated by other projects.
OFFICIAL = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
TENSORFLOW = f"bilinear to {SIZE}x{SIZE} as TensorFlow 1 does"
CLEAN = f"bicubic with antialias to {SIZE}x{SIZE}, each channel in float32, as clean-fid does"
OTHERWISE = (
    "Give the path of a copy, --set weights=PATH, or use an extractor without download, "
    "--extractor efficientnet-lite0: its distance is called fd and cannot be compared with FID."
)


class InceptionExtractor(ImageExtractor):
    """Pooled features, (N, 2048), of images at 299x299, equal to torch-fidelity's "2048"."""

    resizing = TENSORFLOW
    feature_dim = 2048

    def __init__(self, network: nn.Module, digest: str, clean: bool = False) -> None:
        """Take the result of `network` with its weights.

        Args:
            network: With weights.
            digest: The SHA-256 of their file.
            clean: Resize as clean-fid does (arXiv:2104.11222), not as TensorFlow 1.
        """
        super().__init__()
        self.label = "inception" if digest == OFFICIAL else f"inception-{digest[:8]}"
        self.clean = clean
        if clean:
            self.label, self.resizing = f"{self.label}-clean", CLEAN
        self.weights_sha256 = digest
        self.layers = fold(network).to(memory_format=torch.channels_last)
        self.fc = self.layers.fc
        del self.layers.fc
        self.eval().requires_grad_(False)

    def resize(self, images: Tensor) -> Tensor:
        """Turn uint8 images (N, C, H, W) into (N, 3, 299, 299) in [-1, 1), as torch-fidelity or clean-fid does."""
        resized = as_rgb(resize_like_clean_fid(images)) if self.clean else resize_like_fidelity(as_rgb(images))
        return (resized - 128) / 128

    def compute(self, inputs: Tensor) -> Tensor:
        """Return features (N, 2048) of what `resize` returned."""
        hidden = inputs.contiguous(memory_format=torch.channels_last)
        for layer in self.layers.children():
            hidden = layer(hidden)
        return hidden.flatten(1)

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (N, 1008) without the bias, for the Inception score: torch-fidelity's "logits_unbiased"."""
        return features @ self.fc.weight.T


def build(weights: str, resizing: str = "tensorflow") -> InceptionExtractor:
    """Build the extractor with the weights at a path, or torch-fidelity's, downloaded if necessary."""
    url, empty = load_layers()
    path = Path(weights).expanduser() if weights else fetch_file(url, OFFICIAL, otherwise=OTHERWISE)
    digest, tensors = sha256(path), read(path)
    try:
        empty.load_state_dict(tensors, assign=True)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise GanzooError(
            f"The tensors of {path} are not those of torch-fidelity's Inception network. Give a copy of {url}."
        ) from error
    return InceptionExtractor(empty.float(), digest, resizing == "clean")


def load_layers() -> tuple[str, nn.Module]:
    """Return the URL of torch-fidelity's weights, and `network` without weights."""
    try:
        from torch_fidelity import feature_extractor_inceptionv3 as fidelity
    except ImportError as error:
        raise MissingPackage.of("extractor:inception", "torch-fidelity", "eval") from error
    with torch.device("meta"):
        return fidelity.URL_INCEPTION_V3, network(fidelity)


def network(fidelity) -> nn.Module:
    """Build the layers in the order in which they run, from torch-fidelity's module, named as in the weights.

    The input is (N, 3, 299, 299) in [-1, 1]. The last layer, ``fc``, is the classifier.
    """
    conv, pool = fidelity.BasicConv2d, nn.MaxPool2d
    layers = {
        "Conv2d_1a_3x3": conv(3, 32, kernel_size=3, stride=2),
        "Conv2d_2a_3x3": conv(32, 32, kernel_size=3),
        "Conv2d_2b_3x3": conv(32, 64, kernel_size=3, padding=1),
        "MaxPool_1": pool(3, stride=2),  # 73x73
        "Conv2d_3b_1x1": conv(64, 80, kernel_size=1),
        "Conv2d_4a_3x3": conv(80, 192, kernel_size=3),
        "MaxPool_2": pool(3, stride=2),  # 35x35
        "Mixed_5b": fidelity.InceptionA(192, pool_features=32),
        "Mixed_5c": fidelity.InceptionA(256, pool_features=64),
        "Mixed_5d": fidelity.InceptionA(288, pool_features=64),
        "Mixed_6a": fidelity.InceptionB(288),  # 17x17
        "Mixed_6b": fidelity.InceptionC(768, channels_7x7=128),
        "Mixed_6c": fidelity.InceptionC(768, channels_7x7=160),
        "Mixed_6d": fidelity.InceptionC(768, channels_7x7=160),
        "Mixed_6e": fidelity.InceptionC(768, channels_7x7=192),
        "Mixed_7a": fidelity.InceptionD(768),  # 8x8
        "Mixed_7b": fidelity.InceptionE_1(1280),
        "Mixed_7c": fidelity.InceptionE_2(2048),
        "AvgPool": nn.AdaptiveAvgPool2d((1, 1)),
        "fc": nn.Linear(2048, 1008),
    }
    module = nn.Module()
    for name, layer in layers.items():
        module.add_module(name, layer)
    return module


def resize_like_fidelity(images: Tensor) -> Tensor:
    """Resize uint8 images to float32 (N, C, 299, 299) in [0, 255], bit for bit like torch-fidelity.

    It resizes one axis after the other, which is a quarter of the work for small images.
    """
    left, right, part = _neighbors(images.shape[3], images.device)
    images = images.float()
    first = images[:, :, :, left]
    images = first + (images[:, :, :, right] - first) * part
    upper, lower, part = _neighbors(images.shape[2], images.device)
    first = images[:, :, upper]
    return first + (images[:, :, lower] - first) * part[:, None]


def resize_like_clean_fid(images: Tensor) -> Tensor:
    """Resize uint8 images to float32 (N, C, 299, 299) in [0, 255] as clean-fid does (arXiv:2104.11222).

    Pillow's bicubic filter with antialiasing, channel by channel in float32: nothing is rounded to 8 bits. What
    overshoots is clipped.
    """
    planes = [
        np.asarray(Image.fromarray(plane).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
        for plane in images.flatten(0, 1).float().cpu().numpy()
    ]
    resized = torch.from_numpy(np.stack(planes)).clamp_(0, 255)
    return resized.view(*images.shape[:2], SIZE, SIZE).to(images.device)


def _neighbors(length: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return the two source pixels of each pixel of a resized axis, and the distance from the first one in [0, 1)."""
    position = torch.arange(SIZE, dtype=torch.float32, device=device) * torch.tensor(length / SIZE, dtype=torch.float32)
    first = position.long()
    return first, (first + 1).clamp_max(length - 1), position - first
