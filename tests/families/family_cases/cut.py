"""Cases of the family cut."""

from __future__ import annotations

from typing import Any

LAYERS = "input,layers.4,layers.8,layers.13"  # the small generator has two residual blocks

SMALL: dict[str, dict[str, Any]] = {
    "recipe:cut": {"image_size": 32, "patches": 16, "layers": LAYERS},
    "recipe:fastcut": {"image_size": 32, "patches": 16, "layers": LAYERS},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("recipe:cut", {"image_size": 32, "channels": 1, "flip_equivariance": True, "layers": "input"}),
    ("recipe:fastcut", {"image_size": 32, "layers": "layers.8,layers.12", "head_width": 8}),
]
PARTS = {"generator": {"width": 4, "blocks": 5}, "discriminator": {"width": 4, "receptive_field": 16}}
OPTIONS = {"image_size": 16, "channels": 3, "patches": 12, "head_width": 8}
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "cut": ("cut", PARTS, OPTIONS),
    "fastcut": ("fastcut", PARTS, OPTIONS),
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "recipe:cut": {
        "enlarge": [0.5],
        "nce_weight": [-1.0],
        "identity_weight": [-1.0],
        "layers": ["input,"],
        "patches": [0],
        "temperature": [0.0],
        "head_width": [0],
    },
    "recipe:fastcut": {
        "enlarge": [0.5],
        "nce_weight": [-1.0],
        "identity_weight": [-1.0],
        "patches": [0],
        "temperature": [0.0],
    },
}
