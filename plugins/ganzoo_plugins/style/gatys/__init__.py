"""Style transfer by optimizing the image itself (Gatys, Ecker, Bethge 2015, arXiv:1508.06576)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from ganzoo import Config, Family, NonNegativeFloat, PositiveInt

family = Family(__name__)


def build_generator(config: GatysConfig):
    """Return the method on the network of features that the options name."""
    from ganzoo import build

    from .transfer import GatysTransfer

    values = dict(vars(config))
    feature_options = {name: value for name in ("model", "weights") if (value := values.pop(name))}
    return GatysTransfer(build(f"features:{values.pop('features')}", **feature_options), **values)


@family.generator("gatys", build_generator, task="style-transfer", paper="arXiv:1508.06576")
@dataclass(frozen=True)
class GatysConfig(Config):
    """Optimizes the image itself toward any style; nothing is learned.

    How an image is painted. Every option changes the result; nothing is learned.

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

    steps: PositiveInt = 150
    style_weight: NonNegativeFloat = 1.0
    variation_weight: NonNegativeFloat = 0.1
    features: str = "efficientnet-lite0"
    model: str = ""
    weights: str = ""
    content_reduction: PositiveInt = 8
    style_scale: Annotated[float, Interval(ge=0.1, le=10)] = 1.0
    start: Literal["content", "noise"] = "content"
    seed: Annotated[int, Interval(ge=0, lt=2**63)] = 0
