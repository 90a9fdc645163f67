"""Cases of the family lsgan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:lsgan": {"width": 4, "image_size": 16, "latent_dim": 6},
    "discriminator:lsgan": {"width": 4, "image_size": 16},
    "recipe:lsgan": {"image_size": 16},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:lsgan", {"width": 4, "image_size": 56, "channels": 1, "latent_dim": 6}),
    ("discriminator:lsgan", {"width": 4, "image_size": 24, "channels": 1}),
    ("loss:least-squares", {"a": -1.0, "b": 1.0, "c": 0.0}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "lsgan": (
        "lsgan",
        {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}},
        {"image_size": 16, "channels": 1},
    )
}
