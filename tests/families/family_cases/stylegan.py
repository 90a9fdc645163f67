"""Cases of the family stylegan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:stylegan": {"width": 4, "widest": 8, "image_size": 16, "latent_dim": 6, "depth": 2},
    "discriminator:stylegan": {"width": 4, "widest": 8, "image_size": 16},
    "recipe:stylegan": {"image_size": 16},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:stylegan", {"width": 4, "image_size": 8, "channels": 1, "latent_dim": 6, "truncation": 0.5}),
    ("generator:stylegan", {"width": 4, "image_size": 8, "channels": 1, "latent_dim": 6, "mixing": 0.9}),
    ("discriminator:stylegan", {"width": 4, "widest": 4, "image_size": 32, "channels": 1}),
    ("recipe:stylegan", {"image_size": 8, "channels": 1, "mixing": 0.0, "path_length": 0.0}),
    ("recipe:stylegan", {"image_size": 16, "channels": 1, "r1": 0.0, "path_every": 1}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "stylegan": (
        "stylegan",
        {
            "generator": {"width": 4, "widest": 8, "latent_dim": 6, "depth": 2},
            "discriminator": {"width": 4, "widest": 8},
        },
        {"image_size": 16, "channels": 1, "path_every": 1, "r1_every": 1},
    )
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:stylegan": {
        "image_size": [28, 4, 2048],
        "width": [0],
        "widest": [0],
        "latent_dim": [0],
        "depth": [0],
        "truncation": [-1.5, 1.1, float("nan")],
        "mixing": [-0.1, 1.1],
        "channels": [0],
    },
    "discriminator:stylegan": {"image_size": [28], "width": [0], "widest": [-1], "channels": [0]},
    "recipe:stylegan": {"mixing": [-0.1, 1.1], "path_length": [-1.0, float("nan")], "path_every": [0]},
}
