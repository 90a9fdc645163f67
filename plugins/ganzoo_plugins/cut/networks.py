"""Features of the generator's encoder, and the projection heads that embed them (arXiv:2007.15651)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, at_least_float32

PIXELS = "input"  # name of the layer that is the image itself


class EncoderDone(Exception):
    """The last layer of the encoder has run: the rest of the generator is skipped."""


class Encoder:
    """The encoder half of a generator, as outputs of its modules.

    Args:
        generator: The generator.
        layers: Names of its modules from shallow to deep; "input" is the image.

    Raises:
        GanzooError: If the generator has no such module.
    """

    def __init__(self, generator: nn.Module, layers: Sequence[str]) -> None:
        self.generator, self.layers = generator, tuple(layers)
        known = dict(generator.named_modules())
        for name in layers:
            if name != PIXELS and name not in known:
                raise GanzooError(f"The generator has no module '{name}' to contrast. {suggest_layers(known)}")
        self.modules = {name: known[name] for name in layers if name != PIXELS}

    def features(self, images: Tensor) -> list[Tensor]:
        """Return the layers' outputs, (N, C, H, W) each; modules after the last of them are not run."""
        found: dict[str, Tensor] = {PIXELS: images}
        if self.modules:
            with self.recording(found), suppress(EncoderDone):
                self.generator.forward(images)  # not a call: compiled modules ignore hooks
        return [found[name] for name in self.layers]

    @contextmanager
    def recording(self, found: dict[str, Tensor]) -> Iterator[None]:
        """Record the modules' outputs in ``found`` within the block; raises EncoderDone when all are there."""

        def record(name: str, output: Tensor) -> None:
            found[name] = output
            if all(each in found for each in self.modules):
                raise EncoderDone

        hooks = [
            module.register_forward_hook(lambda module, inputs, output, name=name: record(name, output))
            for name, module in self.modules.items()
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def channels(self, images: Tensor) -> list[int]:
        """Return the layers' channels, measured on ``images``. Raises GanzooError unless they form an encoder."""
        features = dict(zip(self.layers, self.features(images), strict=True))
        known = dict(self.generator.named_modules())
        height = images.shape[2]
        for name, each in features.items():
            if not isinstance(each, Tensor) or each.dim() != 4 or each.shape[2] > height:
                raise GanzooError(
                    f"The module '{name}' of the generator is not in its encoder half: its output is not a feature map "
                    f"of at most {height} pixels a side, like the layer before it. {suggest_layers(known)}"
                )
            height = each.shape[2]
        return [each.shape[1] for each in features.values()]


def suggest_layers(modules: Mapping[str, nn.Module]) -> str:
    """Return the modules to choose from, the outer ones only: all would be a hundred."""
    outer = [name for name in modules if name and name.count(".") < 2]
    return (
        f"Set layers to some in its encoder half, from shallow to deep, separated by commas: {', '.join(outer)}; "
        f"or {PIXELS}."
    )


class Heads(nn.ModuleList):
    """One perceptron for each layer, C to ``width`` to ``width``.

    Weights are 0.02 times Glorot's with ``init`` "xavier", as in the authors' code, else from N(0, 0.02).
    """

    def __init__(self, channels: Sequence[int], width: int, init: str = "xavier") -> None:
        super().__init__(nn.Sequential(nn.Linear(each, width), nn.ReLU(), nn.Linear(width, width)) for each in channels)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                if init == "xavier":
                    nn.init.xavier_normal_(module.weight, 0.02)
                else:
                    nn.init.normal_(module.weight, 0.0, 0.02)
                nn.init.zeros_(module.bias)


def embed(head: nn.Module, features: Tensor, positions: Tensor) -> Tensor:
    """Return unit vectors (N, S, width) of features (N, C, H, W) at positions (N, S) in [0, H * W)."""
    flat = at_least_float32(features.flatten(2))
    chosen = flat.gather(2, positions[:, None].expand(-1, flat.shape[1], -1)).transpose(1, 2)
    return F.normalize(head(chosen), dim=2)
