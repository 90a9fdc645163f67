"""A model as a folder, on disk and on the Hub alike: config.json, model.safetensors, README.md.

config.json has four parts: ``architecture`` (an entry), its ``options``, ``preprocessing``, and the ``card``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.cards.card import Card, Weights, card_from_dict, card_to_dict
from ganzoo.errors import OutputError, RegistryError
from ganzoo.files.atomic import replacing
from ganzoo.files.regular import read_text
from ganzoo.weights import readme, weights_file

if TYPE_CHECKING:
    from torch import Tensor

CONFIG = "config.json"
README = "README.md"
RUN = "run.json"  # what training keeps next to its model
FORMAT = 1
_PREPROCESSING = (
    *("image_size", "image_width", "in_channels", "out_channels", "latent_dim", "value_range"),
    *("classes", "frames", "scale", "input_channels", "output_channels"),
)


def write(
    folder: Path,
    card: Card,
    tensors: Mapping[str, Tensor],
    discriminator: Mapping[str, Tensor] | None = None,
    ref: str = "dir:FOLDER",
) -> Card:
    """Write a model folder and return its card, with the new file's hash and length.

    Everything is written under temporary names first: when something fails, the folder is what it was before.
    A discriminator that an earlier model left there is removed. ``ref`` is the reference that its README gives.
    Raises OutputError when the folder cannot be written.
    """
    dtype = card.weights.dtype if card.weights else "float32"
    contents = {weights_file.FILE: tensors, weights_file.DISCRIMINATOR_FILE: discriminator}
    puts = {
        name: partial(weights_file.put, tensors=part, dtype=dtype)
        for name, part in contents.items()
        if part is not None
    }
    return _write(folder, card, puts, ref)


def copy(folder: Path, card: Card, file: Path, discriminator: Path | None = None, ref: str = "dir:FOLDER") -> Card:
    """Write a model folder out of weights files, byte for byte, as `write` does; imports no torch."""
    sources = {weights_file.FILE: file, weights_file.DISCRIMINATOR_FILE: discriminator}
    puts = {name: partial(shutil.copyfile, source) for name, source in sources.items() if source is not None}
    return _write(folder, card, puts, ref)


def _write(folder: Path, card: Card, puts: Mapping[str, Callable[[Path], object]], ref: str) -> Card:
    """Write the files of ``puts``, then README.md and config.json."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"Cannot write the model to {folder}: it is a file. Name a folder.")
    with ExitStack() as stack:  # renamed from the last to the first: config.json, which states the hash, comes last
        names = (CONFIG, README, *puts)
        paths = {name: stack.enter_context(replacing(folder / name)) for name in names}
        for name, put in puts.items():
            put(paths[name])
        path = paths[weights_file.FILE]
        dtype = card.weights.dtype if card.weights else "float32"
        card = replace(card, weights=Weights(weights_file.FILE, weights_file.sha256(path), path.stat().st_size, dtype))
        paths[README].write_text(readme.text(card, ref), encoding="utf-8", errors="replace")
        paths[CONFIG].write_text(json.dumps(to_config(card), indent=2) + "\n", encoding="utf-8")
    if weights_file.DISCRIMINATOR_FILE not in puts:
        with suppress(OSError):
            (folder / weights_file.DISCRIMINATOR_FILE).unlink()
    return card


def update_card(folder: Path, card: Card, ref: str = "dir:FOLDER") -> None:
    """Write another card of the same model into its folder: README.md and config.json; the weights stay."""
    with replacing(folder / CONFIG) as config, replacing(folder / README) as text:
        text.write_text(readme.text(card, ref), encoding="utf-8", errors="replace")
        config.write_text(json.dumps(to_config(card), indent=2) + "\n", encoding="utf-8")


def hash_written(write: Callable[[Path], Card]) -> str:
    """Return the hash that the weights have when ``write`` writes them, into a folder that is then thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        written = write(Path(folder)).weights
    return written.sha256 if written else ""


def refuse_another(folder: Path, card: Card, sha256: Callable[[], str]) -> None:
    """Raise OutputError if ``folder`` holds a training run, or a model that is not ``card`` with these weights.

    ``sha256`` tells the hash of the weights to be written; called only where a model of that name is there.
    For saving at a user's request; training writes into its own run and does not check.
    """
    held = ""
    if (folder / RUN).exists():
        held = f"a training run ({RUN})"
    elif (folder / CONFIG).exists():
        held = f"a {CONFIG} that is not a ganzoo model's"
    with suppress(RegistryError):
        there = read(folder)
        if there.name == card.name and there.weights and there.weights.sha256 == sha256():
            return
        other = "with other weights" if there.name == card.name else ""
        held = held if (folder / RUN).exists() else f"the model {there.name} {other}".rstrip()
    if held:
        raise OutputError(f"{folder} holds {held}, which {card.name} would overwrite. Name another folder.")


def read(folder: Path) -> Card:
    """Return the card of a model folder. Raises RegistryError that says what is missing or wrong."""
    path = folder / CONFIG
    try:
        config = json.loads(read_text(path, RegistryError))
    except FileNotFoundError as error:
        if not folder.exists():
            raise RegistryError(f"There is no folder {folder}. Check the path.") from error
        raise RegistryError(
            f"{folder} is not a model: it has no {CONFIG}. `ganzoo train -o`, `ganzoo pull -o` and model.save make one."
        ) from error
    except NotADirectoryError as error:
        raise RegistryError(f"{folder} is a file. A model is a folder with a {CONFIG}: give that.") from error
    except RegistryError:  # also a ValueError
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise RegistryError(
            f"{path} cannot be read as JSON: {error}. Pull or save the model again into another folder; a run's "
            "is repaired by `ganzoo train --resume`."
        ) from error
    return from_config(config, str(path))


def to_config(card: Card) -> dict[str, Any]:
    """Return config.json's content for a card."""
    values = card_to_dict(card)
    return {
        "format": FORMAT,
        "library": "ganzoo",
        "architecture": values.pop("entry"),
        "options": values.pop("options"),
        "preprocessing": {name: values.pop(name) for name in _PREPROCESSING if name in values},
        "card": values,
    }


def from_config(config: Any, where: str) -> Card:
    """Return the card in config.json's content. Raises RegistryError that names what is wrong."""
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise RegistryError(
            f"{where} is not a ganzoo config of format {FORMAT}. Was the folder made by ganzoo, and by this version?"
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
