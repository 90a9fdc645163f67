"""How near made pictures are to their truth, one value a picture: l1, psnr, ssim and lpips.

Both sides are uint8 (N, C, H, W), C = 1 or 3, of one shape; values come back as float64 (N,).
cycle-psnr is `psnr` of pictures that went there and back, identity `l1` of pictures that were of the target kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import DataError, HashMismatch, OptionError, WeightsError, suggest
from ganzoo.evaluation.moments import Array
from ganzoo.weights import weights_file

WINDOW, SIGMA = 11, 1.5  # pixels, of the Gaussian that weighs a neighborhood in SSIM
CONSTANTS = ((0.01 * 255) ** 2, (0.03 * 255) ** 2)  # keep SSIM's quotients finite, as the paper sets them


@dataclass(frozen=True)
class Backbone:
    """A network of torchvision that LPIPS looks through: where its ImageNet weights are, and what it can take.

    sha256    of the file; the first 8 digits, which are all that torchvision states
    smallest  pixels on a side that it takes at least
    """

    url: str
    sha256: str
    smallest: int


BACKBONES = {
    "alex": Backbone("https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", "7be5be79", 31),
    "vgg": Backbone("https://download.pytorch.org/models/vgg16-397923af.pth", "397923af", 16),
    "squeeze": Backbone("https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth", "b8a52dc0", 17),
}


def l1(made: Tensor, truth: Tensor) -> Array:
    """Return the mean absolute difference as a share of the range: 0 is equal, 1 black for white; lower is better."""
    check(made, truth)
    return _array((made.short() - truth.short()).abs().double().mean((1, 2, 3)) / 255)


def psnr(made: Tensor, truth: Tensor) -> Array:
    """Return 10 log10(255**2 / mean squared error) in dB; higher is better, 20 to 30 is common.

    Equal pictures have no error, and libraries give them infinity, which makes a mean infinite too. Here they count
    as if a single value were off by one step (101 dB for 256x256 RGB): the best that an unequal picture can have, so
    the order of pictures stays, and no other value changes.
    """
    check(made, truth)
    squared = (made.double() - truth.double()).square().sum((1, 2, 3)).clamp_min(1)
    return _array(10 * torch.log10(255**2 * truth[0].numel() / squared))


def ssim(made: Tensor, truth: Tensor) -> Array:
    """Return the structural similarity: 1 is equal, 0 unrelated, below 0 inverted; higher is better.

    As the authors define it: Gaussian windows of 11x11 pixels that lie wholly inside the picture, the mean over windows
    and channels. scikit-image does the same. torchmetrics takes windows over mirrored borders as well, differs by
    1e-3 on flat pictures in float32, and takes 170 times as long in float64: hence this is written out.
    Raises DataError for pictures below 11x11. Source: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    check(made, truth, smallest=WINDOW)
    each = zip(made, truth, strict=True)  # one at a time: ten planes of float64 each
    return _array(torch.cat([_ssim(a[None].double(), b[None].double()) for a, b in each]))


class Lpips:
    """Learned perceptual distance: 0 is equal, seldom above 1; lower is better (arXiv:1801.03924).

    The linear layers, version 0.1, come with torchmetrics; the backbone's weights are torchvision's for ImageNet.

    network  "alex", as the authors advise for judging, "vgg" or "squeeze"
    sha256   of the backbone's file, whole: for the protocol

    `fetch_lpips` and `load_lpips` return one.
    """

    def __init__(self, network: str, module: nn.Module, sha256: str) -> None:
        self.network = network
        self.sha256 = sha256
        self._module = module

    @torch.inference_mode()
    def __call__(self, made: Tensor, truth: Tensor) -> Array:
        """Return the distance of each pair, float64 (N,); gray pictures are repeated to three channels."""
        check(made, truth, smallest=BACKBONES[self.network].smallest)
        device = next(self._module.parameters()).device
        sides = (side.to(device).expand(-1, 3, -1, -1).float() / 127.5 - 1 for side in (made, truth))
        return _array(self._module(*sides).flatten().double())


def fetch_lpips(network: str = "alex", device: str | torch.device = "cpu") -> Lpips:
    """Return LPIPS with torchvision's weights, from the cache or the network.

    Raises OptionError for an unknown network, HubUnreachable, HashMismatch.
    """
    from ganzoo.hub.client import fetch_file

    backbone = find_backbone(network)
    path = fetch_file(backbone.url, backbone.sha256, otherwise="Leave lpips out.")
    return load_lpips(path, network, device=device)


def load_lpips(path: Path, network: str = "alex", *, sha256: str = "", device: str | torch.device = "cpu") -> Lpips:
    """Return LPIPS with the backbone's weights from a file as torchvision saves it.

    Its SHA-256 must begin with ``sha256``, which is torchvision's where none is given: with other weights the value is
    not LPIPS. Raises OptionError for an unknown network, WeightsError, HashMismatch.
    """
    backbone = find_backbone(network)
    found = _checked(path, sha256 or backbone.sha256, backbone)
    return Lpips(network, _with_weights(_build(network), path, backbone).to(device), found)


def find_backbone(network: str) -> Backbone:
    """Return the backbone of that name. Raises OptionError."""
    if network not in BACKBONES:
        raise OptionError(f"LPIPS has no network '{network}'.{suggest(network, BACKBONES)} Use {', '.join(BACKBONES)}.")
    return BACKBONES[network]


def check(made: Tensor, truth: Tensor, smallest: int = 1) -> None:
    """Raise DataError unless both are uint8 (N, C, H, W) of one shape, C 1 or 3, N and sides large enough."""
    for side in (made, truth):
        if side.dtype != torch.uint8 or side.ndim != 4 or side.shape[1] not in (1, 3):
            raise DataError(
                f"Pictures of shape {tuple(side.shape)}, {side.dtype}, cannot be compared as pairs. "
                "Give uint8 (N, C, H, W) with 1 or 3 channels."
            )
    if made.shape != truth.shape or not len(made):
        raise DataError(
            f"Pictures of shapes {tuple(made.shape)} and {tuple(truth.shape)} are no pairs. "
            "Give as many of one side as of the other, at least one, all of one size."
        )
    if min(made.shape[2:]) < smallest:
        raise DataError(
            f"Pictures of {made.shape[3]}x{made.shape[2]} pixels are too small for this measure. "
            f"Give pictures of at least {smallest}x{smallest}, or leave the measure out."
        )


def _array(values: Tensor) -> Array:
    found: Array = values.cpu().numpy()
    return found


def _ssim(made: Tensor, truth: Tensor) -> Tensor:
    mean, other = _weighed(made), _weighed(truth)
    spread, other_spread = _weighed(made * made) - mean * mean, _weighed(truth * truth) - other * other
    forward_batched = _weighed(made * truth) - mean * other
    brightness = (2 * mean * other + CONSTANTS[0]) / (mean * mean + other * other + CONSTANTS[0])
    structure = (2 * forward_batched + CONSTANTS[1]) / (spread + other_spread + CONSTANTS[1])
    return (brightness * structure).mean((1, 2, 3))


def _weighed(planes: Tensor) -> Tensor:
    """Return the Gaussian mean of every whole window: (N, C, H - 10, W - 10)."""
    places = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    shares = (-0.5 * (places / SIGMA) ** 2).exp()
    for axis in (2, 3):
        side = planes.shape[axis] - WINDOW + 1
        weighed = torch.zeros_like(planes.narrow(axis, 0, side))
        for place, share in enumerate((shares / shares.sum()).tolist()):
            weighed.add_(planes.narrow(axis, place, side), alpha=share)  # a float64 conv2d takes 100 times as long
        planes = weighed
    return planes


def _checked(path: Path, stated: str, backbone: Backbone) -> str:
    """Return the SHA-256 of a file. Raises WeightsError, and HashMismatch where it does not begin as ``stated``."""
    found = weights_file.sha256(path)
    if not found.startswith(stated):
        raise HashMismatch(
            f"{path}: the file's SHA-256 begins {found[:8]}, LPIPS needs {stated[:8]}. "
            f"Get the file from {backbone.url}."
        )
    return found


def _build(network: Any) -> nn.Module:
    """Return LPIPS with its linear layers and a backbone without weights."""
    # The public class has no way but to download the backbone's weights by itself.
    from torchmetrics.functional.image.lpips import _NoTrainLpips

    with torch.random.fork_rng(devices=[]):  # torchvision draws random weights: a training run's must not move
        module: nn.Module = _NoTrainLpips(net=network, pnet_rand=True)
    return module


def _with_weights(module: Any, path: Path, backbone: Backbone) -> nn.Module:
    try:
        given = torch.load(path, map_location="cpu", weights_only=True)
        # "slice2.3.weight" and "slices.1.3.squeeze.weight" are "features.3..." in torchvision's own network.
        names = {name: "features." + re.sub(r"^slices?\.?\d+\.", "", name) for name in module.net.state_dict()}
        module.net.load_state_dict({name: given[source] for name, source in names.items()})
    except Exception as error:  # torch has many, from a damaged zip to a tensor of another shape
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} does not fit LPIPS: {reason}. Get the file from {backbone.url}.") from error
    found: nn.Module = module
    return found
