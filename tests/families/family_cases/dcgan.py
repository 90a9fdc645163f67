"""Cases of the family dcgan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:dcgan": {"width": 4, "image_size": 16, "latent_dim": 6},
    "discriminator:dcgan": {"width": 4, "image_size": 16},
    "recipe:dcgan": {"image_size": 16},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:dcgan", {"width": 4, "image_size": 28, "channels": 1, "norm": "spectral"}),
    ("generator:dcgan", {"width": 4, "image_size": 48, "norm": "none"}),
    ("discriminator:dcgan", {"width": 4, "image_size": 28, "channels": 1, "norm": "spectral"}),
    ("discriminator:dcgan", {"width": 4, "image_size": 20, "norm": "none"}),
    ("loss:non-saturating", {"real_label": 0.9}),
    ("recipe:dcgan", {"image_size": 28, "channels": 1}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "dcgan": (
        "dcgan",
        {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}},
        {"image_size": 16, "channels": 1},
    )
}
