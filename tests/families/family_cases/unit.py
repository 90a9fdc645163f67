"""Cases of the family unit."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:unit": {"width": 4, "blocks": 1},
    "discriminator:unit": {"width": 4, "layers": 3},
    "recipe:unit": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:unit", {"width": 4, "blocks": 0, "shared_blocks": 2, "in_channels": 1}),
    ("generator:unit", {"width": 4, "blocks": 1, "global_skip": True}),
    ("discriminator:unit", {"width": 4, "layers": 1, "in_channels": 1}),
    ("recipe:unit", {"image_size": 16, "channels": 1, "kl_weight": 0.0, "cycle_kl_weight": 0.0}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "unit": (
        "unit",
        {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "layers": 3}},
        {"image_size": 16, "channels": 3},
    )
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "discriminator:unit": {"in_channels": [0], "width": [0], "layers": [0]},
    "generator:unit": {"in_channels": [0], "width": [0], "blocks": [-1], "shared_blocks": [-1]},
    "recipe:unit": {
        "enlarge": [0.5],
        "gan_weight": [-1.0],
        "kl_weight": [-1.0],
        "reconstruction_weight": [-1.0],
        "cycle_kl_weight": [-1.0],
        "cycle_weight": [-1.0],
    },
}
