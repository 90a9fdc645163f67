"""Style transfer by optimizing the image itself (Gatys, Ecker, Bethge 2015, arXiv:1508.06576)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import Config, Entry
from ganzoo_plugins.style.options import require_at_least


@dataclass(frozen=True)
class GatysConfig(Config):
    """How an image is painted. Every option changes the result; nothing is learned.

    Attributes:
        steps: Evaluations of the losses, divided among three sizes.
        style_weight: Weight of the style loss relative to the content loss, beta / alpha of equation 7.
        variation_weight: Weight of total variation, against noise.
        features: The network that compares images: "efficientnet-lite0", or "timm" for the paper's VGG-19, which is
            downloaded.
        model: Option of those features, a name of timm; "" is their default.
        weights: Option of those features, a path; "" is their default.
        content_reduction: Content is compared in the deepest feature map with at most this many pixels a step (8: VGG's
            conv4_4).
        style_scale: Shorter side of the style image relative to that of the photograph: the size of the brush strokes.
        start: "content": the photograph in the colors of the style; "noise": white noise, as in the paper.
        seed: Seed of that noise.
    """

    steps: int = 150
    style_weight: float = 1.0
    variation_weight: float = 0.1
    features: str = "efficientnet-lite0"
    model: str = ""
    weights: str = ""
    content_reduction: int = 8
    style_scale: float = 1.0
    start: Literal["content", "noise"] = "content"
    seed: int = 0

    def __post_init__(self) -> None:
        require_at_least(0, self, "style_weight", "variation_weight")
        require_at_least(1, self, "steps", "content_reduction")
        if not 0.1 <= self.style_scale <= 10:
            raise ValueError(f"style_scale={self.style_scale} should be from 0.1 to 10")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed={self.seed} should be from 0 to 2**63 - 1")


def build_generator(config: GatysConfig):
    from ganzoo import build

    from .transfer import GatysTransfer

    values = dict(vars(config))
    feature_options = {name: value for name in ("model", "weights") if (value := values.pop(name))}
    return GatysTransfer(build(f"features:{values.pop('features')}", **feature_options), **values)


ENTRIES = [
    Entry(
        kind="generator",
        name="gatys",
        config=GatysConfig,
        build=build_generator,
        task="style-transfer",
        summary="Optimizes the image itself toward any style; nothing is learned",
        paper="arXiv:1508.06576",
    )
]
