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
