"""Cases of the family cgan."""

from __future__ import annotations

import math
from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:cgan": {"width": 4, "image_size": 16, "latent_dim": 6, "classes": 3},
    "discriminator:cgan": {"width": 4, "image_size": 16, "classes": 3},
    "generator:cgan-mlp": {"width": 32, "label_width": 16, "latent_width": 16, "image_size": 8, "classes": 3},
    "discriminator:cgan-mlp": {"width": 16, "label_width": 8, "image_size": 8, "classes": 3},
    "recipe:cgan": {"image_size": 16},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:cgan", {"width": 4, "image_size": 28, "channels": 1}),
    ("discriminator:cgan", {"width": 4, "image_size": 28, "channels": 1, "norm": "spectral"}),
    ("discriminator:cgan", {"width": 3, "image_size": 20, "norm": "none", "classes": 2}),
    ("generator:cgan-mlp", {"width": 8, "label_width": 6, "latent_width": 5, "channels": 3, "dropout": 0.0}),
    ("discriminator:cgan-mlp", {"width": 8, "label_width": 4, "channels": 3, "dropout": 0.0}),
    ("recipe:cgan", {"image_size": 28, "channels": 1, "classes": 10}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "cgan": (
        "cgan",
        {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}},
        {"image_size": 16, "channels": 1, "classes": 3},
    )
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:cgan": {"image_size": [50, 8], "classes": [1], "latent_dim": [0], "width": [0], "channels": [0]},
    "discriminator:cgan": {"image_size": [18], "classes": [0], "width": [0], "norm": ["layer"]},
    "generator:cgan-mlp": {
        "image_size": [3, 257],
        "classes": [1],
        "latent_dim": [0],
        "latent_width": [0],
        "label_width": [0],
        "width": [-1],
        "dropout": [1.0, -0.1, math.nan],
    },
    "discriminator:cgan-mlp": {"image_size": [2], "classes": [-3], "label_width": [0], "width": [0], "dropout": [1.0]},
    "recipe:cgan": {"classes": [1, -1, 2.5]},
}
