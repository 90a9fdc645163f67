"""A model as a folder, on disk and on the Hub alike: config.json, model.safetensors, README.md.

config.json has four parts: ``architecture`` (an entry), its ``options``, ``preprocessing``, and the ``card``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import modelcard, weights
from ganzoo.errors import RegistryError
from ganzoo.files import replacing
from ganzoo.registry import Card, Weights, card_from_dict, card_to_dict

if TYPE_CHECKING:
    from torch import Tensor

CONFIG = "config.json"
README = "README.md"
FORMAT = 1
_PREPROCESSING = ("image_size", "in_channels", "out_channels", "latent_dim", "value_range")


def write(
    folder: Path,
    card: Card,
    tensors: Mapping[str, Tensor],
    discriminator: Mapping[str, Tensor] | None = None,
) -> Card:
    """Write a model folder and return its card, with the new file's hash and length.

    Each file appears whole or not at all; config.json comes last, so that a folder with one is complete.
    Raises OutputError when the folder cannot be written.
    """
    dtype = card.weights.dtype if card.weights else "float32"
    path = folder / weights.FILE
    weights.write(path, tensors, dtype)
    if discriminator is not None:
        weights.write(folder / weights.DISCRIMINATOR_FILE, discriminator, dtype)
    stated = Weights(weights.FILE, weights.sha256(path), path.stat().st_size, dtype)
    card = dataclasses.replace(card, weights=stated)
    with replacing(folder / README) as temporary:
        temporary.write_text(modelcard.text(card), encoding="utf-8")
    with replacing(folder / CONFIG) as temporary:
        temporary.write_text(json.dumps(to_config(card), indent=2) + "\n", encoding="utf-8")
    return card


def read(folder: Path) -> Card:
    """Return the card of a model folder. Raises RegistryError that says what is missing or wrong."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if not folder.exists():
            raise RegistryError(f"There is no folder {folder}.") from error
        raise RegistryError(
            f"{folder} is no model: it has no {CONFIG}. `ganzoo train -o`, `ganzoo pull -o` and model.save make one."
        ) from error
    except (OSError, ValueError) as error:
        raise RegistryError(f"{path} cannot be read as JSON: {error}.") from error
    return from_config(config, str(path))


def to_config(card: Card) -> dict[str, Any]:
    """Return config.json's content for a card."""
    values = card_to_dict(card)
    return {
        "format": FORMAT,
        "library": "ganzoo",
        "architecture": values.pop("entry"),
        "options": values.pop("options"),
        "preprocessing": {name: values.pop(name) for name in _PREPROCESSING},
        "card": values,
    }


def from_config(config: Any, where: str) -> Card:
    """Return the card in config.json's content. Raises RegistryError that names what is wrong."""
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise RegistryError(
            f"{where} is no ganzoo config of format {FORMAT}. Was the folder made by ganzoo, and by this version?"
        )
    parts = {name: config.get(name) for name in ("options", "preprocessing", "card")}
    for name, part in parts.items():
        if not isinstance(part, dict):
            raise RegistryError(f"{where}: '{name}' should be a JSON object.")
    return card_from_dict(
        {
            **parts["card"],  # type: ignore[dict-item]
            **parts["preprocessing"],  # type: ignore[dict-item]
            "entry": config.get("architecture"),
            "options": parts["options"],
        },
        where,
    )
