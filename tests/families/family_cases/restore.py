"""Cases of the family restore: networks of spandrel."""

from __future__ import annotations

from typing import Any

LAMA: dict[str, Any] = {"in_nc": 4}
SMALL: dict[str, dict[str, Any]] = {
    "generator:spandrel": {"hyperparameters": {"num_feat": 4, "num_conv": 2, "upscale": 2}},
    "generator:spandrel-restoration": {"hyperparameters": {"in_nc": 3, "out_nc": 3, "nc": 4, "nb": 3}},
    "generator:spandrel-inpainting": {"hyperparameters": LAMA},
}
SMALL["generator:msrresnet"] = {"width": 4, "blocks": 2, "scale": 2}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:msrresnet", {"width": 4, "blocks": 1, "scale": 3, "in_channels": 1, "out_channels": 3}),
    ("generator:msrresnet", {"width": 4, "blocks": 1, "scale": 4}),
]
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:msrresnet": {"in_channels": [0], "out_channels": [0], "width": [0], "blocks": [0], "scale": [5]},
    "generator:spandrel": {"hyperparameters": ["text"]},
    "generator:spandrel-restoration": {"hyperparameters": ["text"]},
    "generator:spandrel-inpainting": {"hyperparameters": ["text"]},
}
