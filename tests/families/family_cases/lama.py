"""Cases of the family lama."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:lama": {"width": 4, "levels": 2, "blocks": 1},
    "recipe:lama": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:lama", {"width": 2, "levels": 1, "blocks": 2, "in_channels": 1, "out_channels": 1}),
    ("generator:lama", {"width": 2, "levels": 1, "blocks": 1, "global_share": 0.01}),
    ("recipe:lama", {"image_size": 32, "channels": 1, "masks": "strokes"}),
    ("recipe:lama", {"image_size": 32, "masks": "boxes", "matching_weight": 0.0}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "lama": (
        "lama",
        {"generator": {"width": 4, "levels": 2, "blocks": 2}, "discriminator": {"width": 4}},
        {"image_size": 32, "channels": 3},
    )
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:lama": {
        "in_channels": [0],
        "width": [0],
        "levels": [0, 6],
        "blocks": [0],
        "global_share": [0.0, 1.0],
    },
    "recipe:lama": {
        "masks": ["center"],
        "adversarial_weight": [-1.0],
        "perceptual_weight": [-1.0],
        "matching_weight": [-1.0],
        "l1_weight": [-1.0],
        "enlarge": [0.5],
    },
}
