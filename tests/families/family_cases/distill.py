"""Cases of the family distill."""

from __future__ import annotations

from typing import Any

TEACHER = {"teacher": "cyclegan/horse2zebra", "image_size": 32}
SMALL: dict[str, dict[str, Any]] = {"recipe:distill": TEACHER, "recipe:distill-pairs": TEACHER}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("recipe:distill", {**TEACHER, "perceptual_weight": 1.0, "feature_weight": 0.0}),
    ("recipe:distill-pairs", {**TEACHER, "target_weight": 1.0}),
]
PARTS = {
    "generator": {"widths": "4,4,8,4,4", "inner": "8", "blocks": 1},
    "discriminator": {"width": 4, "receptive_field": 16},
}
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "distill": ("distill", PARTS, {**TEACHER, "channels": 3}),
    "distill-pairs": ("distill-pairs", PARTS, {**TEACHER, "channels": 3, "target_weight": 1.0}),
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "recipe:distill": {
        "output_weight": [-1.0],
        "feature_weight": [-0.1],
        "perceptual_weight": [-1.0],
        "enlarge": [0.9],
    },
    "recipe:distill-pairs": {"adversarial_weight": [-1.0], "target_weight": [-1.0], "enlarge": [0.9]},
}
