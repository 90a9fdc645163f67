"""Cases of the family r3gan."""

from __future__ import annotations

import math
from typing import Any

_SMALL = {"width": 4, "widest": 8, "blocks": 1, "group_size": 4}

SMALL: dict[str, dict[str, Any]] = {
    "generator:r3gan": {**_SMALL, "image_size": 16, "latent_dim": 6},
    "discriminator:r3gan": {**_SMALL, "image_size": 16},
    "recipe:r3gan": {"image_size": 16},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:r3gan", {"width": 8, "widest": 8, "image_size": 28, "channels": 1, "latent_dim": 6}),
    ("discriminator:r3gan", {"width": 8, "widest": 8, "image_size": 28, "channels": 1, "blocks": 1}),
    ("recipe:r3gan", {"image_size": 16, "channels": 1, "r1_every": 2, "burn_in": 0.0}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "r3gan": (
        "r3gan",
        {"generator": {**_SMALL, "latent_dim": 6}, "discriminator": _SMALL},
        {"image_size": 16, "channels": 1},
    )
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:r3gan": {
        "image_size": [50, 8],
        "width": [0],
        "widest": [0],
        "blocks": [0],
        "group_size": [0],
        "latent_dim": [0],
        "channels": [0],
    },
    "discriminator:r3gan": {
        "image_size": [18],
        "width": [0],
        "widest": [0],
        "blocks": [0],
        "group_size": [0],
        "channels": [0],
    },
    "recipe:r3gan": {
        "r1_end": [-1.0, math.nan],
        "learning_rate_end": [0.0, 1.5],
        "beta2_end": [1.0, -0.1],
        "burn_in": [-0.1, 1.1],
    },
}
