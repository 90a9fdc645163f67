"""Cases of the family inpaint."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:context-encoder": {"width": 4, "levels": 2},
    "recipe:inpaint": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:context-encoder", {"width": 4, "levels": 3, "in_channels": 1, "out_channels": 1}),
    ("recipe:inpaint", {"image_size": 32, "channels": 1, "masks": "blocks", "overlap": 0}),
    ("recipe:inpaint", {"image_size": 32, "masks": "both"}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "inpaint": (
        "inpaint",
        {"generator": {"width": 4, "levels": 2}, "discriminator": {"width": 4}},
        {"image_size": 32, "channels": 3, "overlap": 3},
    )
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:context-encoder": {"in_channels": [0], "width": [0], "levels": [0], "middle": ["dense"]},
    "recipe:inpaint": {
        "masks": ["round"],
        "overlap": [-1],
        "overlap_weight": [-1.0],
        "reconstruction_weight": [-1.0],
        "adversarial_weight": [-1.0],
        "enlarge": [0.5],
    },
}
