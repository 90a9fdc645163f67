"""Cases of the family cyclegan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:resnet": {"width": 4, "blocks": 2},
    "recipe:cyclegan": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:resnet", {"width": 4, "blocks": 1, "global_skip": True}),
    ("generator:resnet", {"width": 4, "blocks": 1, "norm": "batch", "dropout": True, "in_channels": 1}),
    ("generator:resnet", {"width": 4, "blocks": 1, "padding": "zero", "antialias": True}),
    ("recipe:cyclegan", {"image_size": 32, "channels": 1, "identity_weight": 0.5, "pool_size": 1}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "cyclegan": (
        "cyclegan",
        {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "receptive_field": 16}},
        {"image_size": 16, "channels": 3, "identity_weight": 0.5, "pool_size": 1},
    )
}
