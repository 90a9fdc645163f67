"""lpips: learned perceptual distance of each output and its truth (arXiv:1801.03924)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.contracts.metric import MetricResult, metric
from ganzoo.errors import HashMismatch, OptionError, WeightsError, suggest
from ganzoo.evaluation.metrics.paired_images import check, measure_truths, to_array
from ganzoo.evaluation.metrics.registry import library_versions
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.statistics.moments import Array
from ganzoo.files.regular import require_regular
from ganzoo.weights import weights_file


@metric(needs=("truths",))
def measure_lpips(context: EvalContext) -> MetricResult:
    """Measure the learned perceptual distance to the truths."""
    library, lpips = library_versions("torchmetrics"), fetch_lpips(device=context.device)
    value = measure_truths(context, "lpips", lpips)
    settings = {"network": lpips.network, "sha256": lpips.sha256}
    return MetricResult([replace(value, library=library, settings=settings)])


@dataclass(frozen=True)
class Backbone:
    """A network of torchvision whose features LPIPS compares.

    Attributes:
        url: Its ImageNet weights.
        sha256: Of the file; the first 8 digits, which are all that torchvision states.
        smallest: Pixels on a side that it takes at least.
    """

    url: str
    sha256: str
    smallest: int


BACKBONES = {
    "alex": Backbone("https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", "7be5be79", 31),
    "vgg": Backbone("https://download.pytorch.org/models/vgg16-397923af.pth", "397923af", 16),
    "squeeze": Backbone("https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth", "b8a52dc0", 17),
}


class Lpips:
    """Learned perceptual distance: 0 is equal, rarely above 1; lower is better (arXiv:1801.03924).

    The linear layers, version 0.1, come with torchmetrics; the backbone's weights are torchvision's for ImageNet.
    `fetch_lpips` and `load_lpips` return one.

    Attributes:
        network: "alex", as the authors advise for evaluation, "vgg" or "squeeze".
        sha256: Of the backbone's file, all digits: for the protocol.
    """

    def __init__(self, network: str, module: nn.Module, sha256: str) -> None:
        self.network = network
        self.sha256 = sha256
        self._module = module

    @torch.inference_mode()
    def __call__(self, outputs: Tensor, targets: Tensor) -> Array:
        """Return the distance of each pair, float64 (N,); gray images are repeated to three channels."""
        check(outputs, targets, smallest=BACKBONES[self.network].smallest)
        device = next(self._module.parameters()).device
        sides = (side.to(device).expand(-1, 3, -1, -1).float() / 127.5 - 1 for side in (outputs, targets))
        return to_array(self._module(*sides).flatten().double())


def fetch_lpips(network: str = "alex", device: str | torch.device = "cpu") -> Lpips:
    """Return LPIPS with torchvision's weights, from the cache or the network.

    Raises OptionError for an unknown network, HubUnreachable, HashMismatch.
    """
    from ganzoo.hub.known_files import fetch_file

    backbone = find_backbone(network)
    path = fetch_file(backbone.url, backbone.sha256, otherwise="Omit lpips.")
    return load_lpips(path, network, device=device)


def load_lpips(path: Path, network: str = "alex", *, sha256: str = "", device: str | torch.device = "cpu") -> Lpips:
    """Return LPIPS with the backbone's weights from a file as torchvision saves it.

    Its SHA-256 must begin with ``sha256`` (default: torchvision's); with other weights the value is not LPIPS.
    Raises OptionError for an unknown network, WeightsError, HashMismatch.
    """
    backbone = find_backbone(network)
    digest = _check_hash(path, sha256 or backbone.sha256, backbone)
    return Lpips(network, _load_weights(_build(network), path, backbone).to(device), digest)


def find_backbone(network: str) -> Backbone:
    """Return the backbone of that name. Raises OptionError."""
    if network not in BACKBONES:
        raise OptionError(f"LPIPS has no network '{network}'.{suggest(network, BACKBONES)} Use {', '.join(BACKBONES)}.")
    return BACKBONES[network]


def _check_hash(path: Path, expected: str, backbone: Backbone) -> str:
    """Return the SHA-256 of a file. Raises WeightsError, and HashMismatch if it does not begin with ``expected``."""
    digest = weights_file.sha256(path)
    if not digest.startswith(expected):
        raise HashMismatch(
            f"{path}: the file's SHA-256 begins {digest[:8]}, LPIPS needs {expected[:8]}. "
            f"Get the file from {backbone.url}."
        )
    return digest


def _build(network: Any) -> nn.Module:
    """Return LPIPS with its linear layers and a backbone without weights."""
    # The public class always downloads the backbone's weights by itself.
    from torchmetrics.functional.image.lpips import _NoTrainLpips

    with torch.random.fork_rng(devices=[]):  # torchvision draws random weights: a training run's state must not change
        module: nn.Module = _NoTrainLpips(net=network, pnet_rand=True)
    return module


def _load_weights(module: Any, path: Path, backbone: Backbone) -> nn.Module:
    try:
        require_regular(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        # "slice2.3.weight" and "slices.1.3.squeeze.weight" are "features.3..." in torchvision's own network.
        names = {name: "features." + re.sub(r"^slices?\.?\d+\.", "", name) for name in module.net.state_dict()}
        module.net.load_state_dict({name: state[source] for name, source in names.items()})
    except Exception as error:  # torch has many, from a damaged zip to a tensor of another shape
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} does not fit LPIPS: {reason}. Get the file from {backbone.url}.") from error
    loaded: nn.Module = module
    return loaded
