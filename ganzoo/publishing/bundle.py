"""A model put into a plugin package: its weights and a card in the package's registry, so that it ships with it."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cards import registry
from ganzoo.cards.card import Card, Weights, card_to_dict
from ganzoo.errors import OptionError, OutputError
from ganzoo.files.atomic import replacing
from ganzoo.loading.model import Model
from ganzoo.weights import weights_file

REGISTRY, WEIGHTS = "registry.json", "weights"
HOOK = '''from pathlib import Path

from ganzoo import hookimpl


@hookimpl
def ganzoo_cards() -> Path:
    return Path(__file__).parent / "registry.json"'''


@dataclass(frozen=True)
class Bundled:
    """What was written.

    Attributes:
        card: The model's, under its name in the package.
        weights: The weights file.
        registry: The registry file.
        hook: Python code that the package still lacks; "" if it shows its registry already.
    """

    card: Card
    weights: Path
    registry: Path
    hook: str


def bundle(model: Model, package: Path, name: str = "", dtype: str = "float32", **facts: str) -> Bundled:
    """Write a model's weights and card into a plugin package; a card of the same name is replaced.

    Args:
        model: The model; its scores come along, unless ``dtype`` changes its weights.
        package: The package's folder, or the project's, with a pyproject.toml that has an entry point of ganzoo.
        name: "family/variant"; by default the card's.
        dtype: Of the stored weights: "float32" or "float16".
        **facts: Fields of the card to set: license, summary, limits.

    Raises:
        OptionError: The package is not found, or the name is not valid.
        OutputError: It cannot be written.
    """
    folder, name = find_module(package), name or model.card.name
    if not registry.is_name(name):
        raise OptionError(f"'{name}' is not a model's name. Give FAMILY/VARIANT in lower case, such as mine/faces.")
    relative = f"{WEIGHTS}/{name.replace('/', '-')}.safetensors"
    path = folder / relative
    weights_file.write(path, model.generator.state_dict(), dtype)
    weights = Weights(relative, weights_file.sha256(path), path.stat().st_size, dtype)
    kept = bool(model.card.weights and model.card.weights.dtype == dtype)
    card = dataclasses.replace(
        model.card, name=name, weights=weights, discriminator={}, scores=model.card.scores if kept else ()
    )
    changes: dict[str, Any] = {key: value for key, value in facts.items() if value}
    card = dataclasses.replace(card, **changes)
    _write_registry(folder / REGISTRY, card)
    shown = "ganzoo_cards" in (folder / "__init__.py").read_text(encoding="utf-8")
    return Bundled(card, path, folder / REGISTRY, "" if shown else HOOK)


def find_module(package: Path) -> Path:
    """Return the folder of a plugin's Python package. Raises OptionError where there is none."""
    if (package / "__init__.py").is_file():
        return package
    try:
        project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))
        points: Any = project["project"]["entry-points"]["ganzoo"]
        names = [re.split(r"[.:]", str(value))[0] for value in points.values()]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise OptionError(
            f"{package} is not a plugin: it has no __init__.py, and no pyproject.toml with entry points. "
            "Make one: ganzoo new-plugin NAME."
        ) from error
    for name in names:
        for folder in (package / name, package / "src" / name):
            if (folder / "__init__.py").is_file():
                return folder
    raise OptionError(f"{package} has no Python package '{names[0] if names else ''}'. Give its folder.")


def _write_registry(path: Path, card: Card) -> None:
    cards = [one for one in registry.read_registry(path) if one.name != card.name] if path.exists() else []
    ordered = sorted([*cards, card], key=lambda one: one.name)
    content = {"format": registry.FORMAT, "cards": [card_to_dict(one) for one in ordered]}
    try:
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
