"""Cases of the family dualgan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {"recipe:dualgan": {"image_size": 32, "discriminator_steps": 1}}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("recipe:dualgan", {"image_size": 32, "channels": 1, "discriminator_steps": 1, "weight_clip": 0.0}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "dualgan": (
        "dualgan",
        {"generator": {"width": 4, "dropout": False}, "discriminator": {"width": 4, "receptive_field": 16}},
        {"image_size": 32, "channels": 3, "discriminator_steps": 1},
    )
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "recipe:dualgan": {
        "enlarge": [0.5],
        "reconstruction_weight_a": [-1.0],
        "reconstruction_weight_b": [-1.0],
        "weight_clip": [-1.0],
    }
}
