"""Cases of the family acgan."""

from __future__ import annotations

import math
from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:acgan": {"width": 4, "image_size": 16, "latent_dim": 6, "classes": 3},
    "discriminator:acgan": {"width": 4, "image_size": 16, "classes": 3},
    "recipe:acgan": {"image_size": 16},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:acgan", {"width": 4, "image_size": 28, "channels": 1}),
    ("discriminator:acgan", {"width": 2, "image_size": 28, "channels": 1, "norm": "spectral"}),
    ("discriminator:acgan", {"width": 2, "image_size": 20, "norm": "none", "dropout": 0.0, "classes": 2}),
    ("recipe:acgan", {"image_size": 28, "channels": 1, "classes": 10, "class_weight": 0.5}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "acgan": (
        "acgan",
        {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 2, "dropout": 0.0}},
        {"image_size": 16, "channels": 1, "classes": 3},
    )
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:acgan": {"image_size": [50, 8], "classes": [1], "latent_dim": [0], "width": [0], "channels": [0]},
    "discriminator:acgan": {
        "image_size": [18],
        "classes": [0],
        "width": [0],
        "norm": ["layer"],
        "dropout": [1.0, -0.1, math.nan],
    },
    "recipe:acgan": {"classes": [1, -1, 2.5], "class_weight": [-1.0, math.nan, math.inf]},
}
