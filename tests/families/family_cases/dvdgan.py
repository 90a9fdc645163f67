"""Cases of the family dvdgan."""

from __future__ import annotations

from typing import Any

_GENERATOR = {"width": 4, "image_size": 16, "frames": 4, "latent_dim": 6}

SMALL: dict[str, dict[str, Any]] = {
    "generator:dvdgan": {**_GENERATOR, "classes": 3},
    "generator:dvdgan-unconditional": _GENERATOR,
    "discriminator:dvdgan-spatial": {"width": 4, "image_size": 16},
    "discriminator:dvdgan-temporal": {"width": 4, "image_size": 16, "frames": 4},
    "recipe:dvdgan": {"image_size": 16},
    "recipe:dvdgan-unconditional": {"image_size": 16},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:dvdgan", {**_GENERATOR, "image_size": 28, "channels": 1, "recurrent": 1}),
    ("discriminator:dvdgan-spatial", {"width": 4, "image_size": 28, "channels": 1, "classes": 3}),
    ("discriminator:dvdgan-temporal", {"width": 4, "image_size": 32, "frames": 5, "classes": 3}),
    ("recipe:dvdgan", {"image_size": 28, "channels": 1, "frames": 3, "spatial_frames": 8}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "dvdgan": (
        "dvdgan",
        {"generator": {"width": 4, "latent_dim": 6}, "spatial": {"width": 4}, "temporal": {"width": 4}},
        {"image_size": 16, "channels": 1, "frames": 4, "classes": 2},
    )
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "discriminator:dvdgan-spatial": {"channels": [0], "width": [0], "image_size": [-1]},
    "discriminator:dvdgan-temporal": {"channels": [0], "width": [0], "frames": [0]},
    "generator:dvdgan": {"channels": [0], "frames": [0], "latent_dim": [0], "width": [0], "classes": [-1]},
    "generator:dvdgan-unconditional": {"channels": [0], "frames": [0], "latent_dim": [0], "width": [0]},
    "recipe:dvdgan": {
        "frames": [-1],
        "frame_stride": [0],
        "spatial_frames": [0],
        "motion": ["jump"],
        "item_size": [-1],
        "speed": [-1.0],
    },
    "recipe:dvdgan-unconditional": {"frames": [-1], "frame_stride": [0], "spatial_frames": [0], "motion": ["jump"]},
}
