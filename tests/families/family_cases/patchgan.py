"""Cases of the family patchgan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:unet": {"width": 4, "image_size": 32},
    "generator:pixelwise": {"width": 8},
    "discriminator:patchgan": {"width": 4},
    "discriminator:patchgan-multiscale": {"width": 4},
    "recipe:pix2pix": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:unet", {"width": 4, "image_size": 64, "norm": "instance", "out_channels": 1}),
    ("generator:unet", {"width": 4, "image_size": 32, "norm": "none", "dropout": False}),
    ("generator:pixelwise", {"width": 4, "layers": 2, "in_channels": 5, "out_channels": 1}),
    ("discriminator:patchgan", {"width": 4, "receptive_field": 1}),
    ("discriminator:patchgan", {"width": 4, "receptive_field": 16, "norm": "none"}),
    ("discriminator:patchgan", {"width": 4, "receptive_field": 286, "norm": "batch", "in_channels": 6}),
    ("discriminator:patchgan", {"width": 4, "spectral": True, "norm": "none"}),
    ("discriminator:patchgan-multiscale", {"width": 4, "scales": 2, "receptive_field": 16}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "pix2pix": (
        "pix2pix",
        {"generator": {"width": 4, "dropout": False}, "discriminator": {"width": 4}},
        {"image_size": 32, "channels": 3},
    )
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:pixelwise": {"in_channels": [0], "out_channels": [0], "width": [0], "layers": [1, 17]},
}
