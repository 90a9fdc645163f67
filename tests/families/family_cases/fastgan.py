"""Cases of the family fastgan."""

from __future__ import annotations

import math
from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:fastgan": {"width": 2, "image_size": 128, "latent_dim": 6},
    "discriminator:fastgan": {"width": 2, "image_size": 64},
    "recipe:fastgan": {"image_size": 32, "decoder_width": 4},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:fastgan", {"width": 2, "image_size": 64, "channels": 1, "latent_dim": 6}),
    ("discriminator:fastgan", {"width": 2, "image_size": 128, "channels": 1}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "fastgan": (
        "fastgan",
        {"generator": {"width": 2, "latent_dim": 6}, "discriminator": {"width": 2}},
        {"image_size": 64, "channels": 3, "decoder_width": 2},
    )
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:fastgan": {"image_size": [16, 96], "width": [0], "channels": [0], "latent_dim": [0]},
    "discriminator:fastgan": {"image_size": [16], "width": [0], "channels": [0]},
    "recipe:fastgan": {"reconstruction_weight": [-1.0, math.nan], "decoder_width": [0]},
}
