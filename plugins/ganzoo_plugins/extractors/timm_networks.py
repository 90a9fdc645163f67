"""Any network of timm as an extractor: the input of its classifier, or one level of its features."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError

from .extractor import ImageExtractor, as_rgb
from .files import hash_tensors, read

MODES = ("bilinear", "bicubic")  # that torch has with antialiasing; any other becomes bicubic


class TimmExtractor(ImageExtractor):
    """Features of images at the network's input size, with timm's normalization.

    Its ``weights_sha256`` comes from `files.hash_tensors`: it is the same for weights from the Hub, a .pth or a
    .safetensors file.
    """

    def __init__(self, network: nn.Module, model: str, layer: int = -1, size: int = 0) -> None:
        super().__init__()
        self.label = f"timm-{model}" + (f"-layer{layer}" if layer >= 0 else "")
        self.weights_sha256 = hash_tensors(network)
        data = timm.data.resolve_model_data_config(network)
        if size:
            data["input_size"] = (3, size, size)
            self.label += f"-{size}"
        self.size, interpolation = tuple(data["input_size"][1:]), data["interpolation"]
        self.mode = interpolation if interpolation in MODES else MODES[1]
        self.mean, self.deviation = data["mean"], data["std"]
        self.resizing = f"{self.mode} with antialias to {self.size[0]}x{self.size[1]}"
        self.network = network.to(memory_format=torch.channels_last)
        self.eval().requires_grad_(False)
        self.feature_dim = self._probe()

    def _probe(self) -> int:
        with torch.inference_mode():
            return self(torch.zeros(1, 3, 8, 8, dtype=torch.uint8)).shape[1]

    def resize(self, images: Tensor) -> Tensor:
        """Turn uint8 images (N, C, H, W) into RGB of the network's own size, normalized."""
        floats = F.interpolate(images.float(), size=self.size, mode=self.mode, antialias=True)
        mean, deviation = (
            torch.tensor(by_channel, device=images.device).view(1, 3, 1, 1)
            for by_channel in (self.mean, self.deviation)
        )
        return (as_rgb(floats.clamp(0, 255)) / 255 - mean) / deviation

    def compute(self, inputs: Tensor) -> Tensor:
        """Return features (N, D) of what `resize` returned: the input of the classifier."""
        return self.network.forward_head(self.network.forward_features(inputs), pre_logits=True).flatten(1)


class TimmClassifier(TimmExtractor):
    """An extractor with a linear classifier."""

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (N, K) of the classes on which the network was trained."""
        return self.network.get_classifier()(features)


class TimmLevel(TimmExtractor):
    """One level of ``features_only``, averaged over the image."""

    def compute(self, inputs: Tensor) -> Tensor:
        """Return features (N, C) of what `resize` returned: the means of one level's map."""
        (level,) = self.network(inputs)
        last = self.network.feature_info.channels()[0]
        return level.mean((1, 2) if level.shape[1] != last else (2, 3))  # some networks have channels last


def build(model: str, weights: str, layer: int, size: int = 0) -> TimmExtractor:
    """Build an extractor from timm's ``model``. Raises GanzooError for a wrong model, weights, layer or size."""
    arguments: dict[str, Any] = {"features_only": True, "out_indices": (layer,)} if layer >= 0 else {}
    config = timm.get_pretrained_cfg(model, allow_unregistered=False) if size and timm.is_model(model) else None
    if config and config.fixed_input_size:  # a transformer, whose positions are resampled
        arguments["img_size"] = size
    network = create(model, weights, layer, arguments)
    if layer >= 0:
        return TimmLevel(network, model, layer, size)
    kind = TimmClassifier if isinstance(network.get_classifier(), nn.Linear) else TimmExtractor
    return kind(network, model, size=size)


def create_levels(model: str, weights: str, in_channels: int = 3) -> nn.Module:
    """Build timm's ``model`` with features_only, all levels. Raises GanzooError as `build` does."""
    return create(model, weights, 0, {"features_only": True, "in_chans": in_channels})


def create(model: str, weights: str, layer: int, arguments: dict[str, Any]) -> nn.Module:
    """Return a network of timm with its own weights, or those in a file. Raises OptionError for another name."""
    if weights:
        config = {"state_dict": read(Path(weights).expanduser()), "custom_load": False}
        arguments = {**arguments, "pretrained_cfg_overlay": config}
    if not timm.is_model(model):
        similar = difflib.get_close_matches(model, timm.list_models() + timm.list_pretrained(), n=1)
        hint = f" Did you mean '{similar[0]}'?" if similar else ""
        raise GanzooError(f"timm has no network '{model}'.{hint} timm.list_pretrained() lists all with weights.")
    try:
        return timm.create_model(model, pretrained=True, **arguments)
    except (IndexError, AssertionError) as error:
        raise GanzooError(f"{model} has no level {layer} ({error}). Choose a smaller layer, from 0 on.") from error
    except (RuntimeError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        if weights:
            raise GanzooError(f"{weights} does not fit timm's {model}: {reason}.") from error
        raise GanzooError(
            f"timm's weights of {model} cannot be downloaded ({reason}). They are on the Hugging Face Hub: check the "
            "network connection, give the path of a copy as weights=PATH, or use efficientnet-lite0, which needs none."
        ) from error
