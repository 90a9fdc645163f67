"""Cases of the family restore: networks of spandrel."""

from __future__ import annotations

from typing import Any

LAMA: dict[str, Any] = {"in_nc": 4}
SMALL: dict[str, dict[str, Any]] = {
    "generator:spandrel": {"hyperparameters": {"num_feat": 4, "num_conv": 2, "upscale": 2}},
    "generator:spandrel-restoration": {"hyperparameters": {"in_nc": 3, "out_nc": 3, "nc": 4, "nb": 3}},
    "generator:spandrel-inpainting": {"hyperparameters": LAMA},
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:spandrel": {"hyperparameters": ["text"]},
}
