"""Cases of the family wgan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "discriminator:wgan": {"width": 4, "image_size": 16},
    "recipe:wgan": {"image_size": 16},
    "recipe:wgan-gp": {"image_size": 16},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("discriminator:wgan", {"width": 4, "image_size": 28, "channels": 1, "norm": "none"}),
    ("recipe:wgan", {"image_size": 28, "channels": 1, "discriminator_steps": 1}),
    ("recipe:wgan-gp", {"image_size": 28, "channels": 1, "discriminator_steps": 1}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "wgan": (
        "wgan",
        {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}},
        {"image_size": 16, "channels": 1, "discriminator_steps": 1, "clip": 0.2, "learning_rate": 1e-3},
    ),
    "wgan-gp": (
        "wgan-gp",
        {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}},
        {"image_size": 16, "channels": 1, "discriminator_steps": 1},
    ),
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "discriminator:wgan": {"image_size": [7, 257], "width": [0], "channels": [0], "norm": ["batch"]},
    "recipe:wgan": {"clip": [0.0, -0.01, float("inf"), float("nan")]},
    "recipe:wgan-gp": {},
}
