"""What CUT contrasts: features of the generator's encoder half, and the heads that embed them (arXiv:2007.15651)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError

PIXELS = "input"  # the name of the layer that is the picture itself


class Reached(Exception):
    """The last layer of the encoder half has run: the rest of the generator need not."""


class Encoder:
    """The first half of a generator, by the names of its modules, from shallow to deep; "input" is the picture.

    Raises GanzooError for a module that the generator has not.
    """

    def __init__(self, generator: nn.Module, layers: Sequence[str]) -> None:
        self.generator, self.layers = generator, tuple(layers)
        known = dict(generator.named_modules())
        for name in layers:
            if name != PIXELS and name not in known:
                raise GanzooError(f"The generator has no module '{name}' to contrast. {advice(known)}")
        self.modules = {name: known[name] for name in layers if name != PIXELS}

    def features(self, images: Tensor) -> list[Tensor]:
        """Return the layers' outputs, (N, C, H, W) each, for images; what comes after the last of them is not run."""
        found: dict[str, Tensor] = {PIXELS: images}
        if self.modules:
            with self.listening(found), suppress(Reached):
                self.generator.forward(images)  # not a call: a compiled module would not see the hooks
        return [found[name] for name in self.layers]

    @contextmanager
    def listening(self, found: dict[str, Tensor]) -> Iterator[None]:
        """Within the block, what modules return goes to ``found``; raises Reached when it has all of them."""

        def keep(name: str, output: Tensor) -> None:
            found[name] = output
            if all(each in found for each in self.modules):
                raise Reached

        hooks = [
            module.register_forward_hook(lambda module, inputs, output, name=name: keep(name, output))
            for name, module in self.modules.items()
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def channels(self, images: Tensor) -> list[int]:
        """Return the layers' channels, seen on ``images``. Raises GanzooError where they are no encoder's."""
        features = dict(zip(self.layers, self.features(images), strict=True))
        known = dict(self.generator.named_modules())
        height = images.shape[2]
        for name, each in features.items():
            if not isinstance(each, Tensor) or each.dim() != 4 or each.shape[2] > height:
                raise GanzooError(
                    f"The module '{name}' of the generator is none of its encoder half: it makes no pictures' features "
                    f"of at most {height} pixels a side, as the layer before it. {advice(known)}"
                )
            height = each.shape[2]
        return [each.shape[1] for each in features.values()]


def advice(modules: Mapping[str, nn.Module]) -> str:
    """Return which modules there are to choose from: the outer ones, of which there may be a hundred in all."""
    outer = [name for name in modules if name and name.count(".") < 2]
    return (
        f"Set layers to some of its encoder half, from shallow to deep, with commas: {', '.join(outer)}; or {PIXELS}."
    )


class Heads(nn.ModuleList):
    """One perceptron a layer, C to ``width`` to ``width``; weights from N(0, 0.02) as CycleGAN's (section 4.1)."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__(nn.Sequential(nn.Linear(each, width), nn.ReLU(), nn.Linear(width, width)) for each in channels)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.02)
                nn.init.zeros_(module.bias)


def embed(head: nn.Module, features: Tensor, places: Tensor) -> Tensor:
    """Return unit vectors (N, S, width) of features (N, C, H, W) at places (N, S), numbers below H * W."""
    flat = features.flatten(2).float()
    chosen = flat.gather(2, places[:, None].expand(-1, flat.shape[1], -1)).transpose(1, 2)
    return F.normalize(head(chosen), dim=2)
