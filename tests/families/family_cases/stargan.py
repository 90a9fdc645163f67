"""Cases of the family stargan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:stargan": {"width": 4, "blocks": 1},
    "discriminator:stargan": {"width": 4, "image_size": 32},
    "recipe:stargan": {"image_size": 16, "discriminator_steps": 1},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:stargan", {"width": 4, "blocks": 0, "classes": 2, "channels": 1, "global_skip": True}),
    ("discriminator:stargan", {"width": 4, "image_size": 128, "classes": 2, "channels": 1}),
    ("discriminator:stargan", {"width": 4, "image_size": 24}),
    ("recipe:stargan", {"image_size": 8, "channels": 1, "classes": 4, "discriminator_steps": 1}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "stargan": (
        "stargan",
        {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4}},
        {"image_size": 16, "channels": 3, "classes": 3, "discriminator_steps": 1},
    )
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "discriminator:stargan": {"channels": [0], "classes": [0], "width": [0]},
    "generator:stargan": {"channels": [0], "classes": [0], "width": [0], "blocks": [-1]},
    "recipe:stargan": {"classes": [-1], "class_weight": [-1.0], "reconstruction_weight": [-1.0]},
}
