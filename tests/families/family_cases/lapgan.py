"""Cases of the family lapgan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:lapgan": {"image_size": 16, "levels": 2, "width": 4, "hidden": 8, "coarse_latent_dim": 6},
    "discriminator:lapgan-dense": {"image_size": 4, "hidden": 8},
    "discriminator:lapgan": {"image_size": 16, "width": 4},
    "recipe:lapgan": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:lapgan", {"image_size": 28, "levels": 1, "channels": 1, "width": 4, "hidden": 8, "kernel_size": 3}),
    ("generator:lapgan", {"image_size": 8, "levels": 0, "hidden": 8}),
    ("generator:lapgan", {"image_size": 16, "levels": 1, "width": 4, "hidden": 8, "norm": "batch", "depth": 5}),
    ("discriminator:lapgan", {"image_size": 14, "width": 4, "channels": 1, "depth": 3, "dropout": 0.0}),
    ("recipe:lapgan", {"image_size": 16, "channels": 1}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "lapgan": (
        "lapgan",
        {
            "generator": {"levels": 1, "width": 4, "hidden": 8, "coarse_latent_dim": 6, "kernel_size": 3},
            # Without dropout, whose draws differ between versions of torch.
            "coarse_discriminator": {"hidden": 8, "dropout": 0.0},
            "discriminator": {"width": 4, "dropout": 0.0},
        },
        {"image_size": 16, "channels": 1},
    )
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "discriminator:lapgan": {"channels": [0], "width": [0], "depth": [0], "dropout": [-0.1, 1.0]},
    "discriminator:lapgan-dense": {"channels": [0], "hidden": [0], "dropout": [-0.1, 1.0]},
    "generator:lapgan": {
        "image_size": [65],
        "channels": [0],
        "levels": [-1],
        "coarse_latent_dim": [0],
        "hidden": [0],
        "width": [0],
        "depth": [0],
        "kernel_size": [2],
        "norm": ["layer"],
    },
    "recipe:lapgan": {"enlarge": [0.5], "coarse_steps": [0]},
}
