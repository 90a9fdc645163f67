"""Reference -> `Model`: card, weights with their hash checked, network, engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import catalog, folders, references, registry, weights
from ganzoo.errors import UnknownName
from ganzoo.registry import Card

if TYPE_CHECKING:
    import torch

    from ganzoo.model import Model


@dataclass(frozen=True)
class Located:
    """A model's card, its weights on this machine, and the discriminator's where it was saved too."""

    card: Card
    weights: Path
    discriminator: Path | None = None


def info(ref: str) -> Card:
    """Return the card of "family/variant", "hf-hub:owner/repo[@revision]" or "dir:path".

    Raises UnknownName, ReferenceError, RegistryError or HubError, each saying what would be right.
    """
    reference = references.parse(ref)
    if reference.place == "registry":
        return registry.find(reference.name)
    return folders.read(_folder(reference))


def locate(ref: str, token: str | None = None) -> Located:
    """Return where a model's files are on this machine, downloaded if need be, their SHA-256 checked."""
    reference = references.parse(ref)
    if reference.place == "registry":
        card = registry.find(reference.name)
        return Located(card, weights.locate(card))
    folder = _folder(reference, token)
    card = folders.read(folder)
    path, discriminator = folder / weights.FILE, folder / weights.DISCRIMINATOR_FILE
    weights.check(path, card)
    return Located(card, path, discriminator if discriminator.is_file() else None)


def load(
    ref: str,
    device: str = "auto",
    dtype: str | torch.dtype | None = None,
    engine: str = "auto",
    *,
    token: str | None = None,
) -> Model:
    """Return the model that ``ref`` names, ready for use.

    ref      "family/variant" from the registry, "hf-hub:owner/repo[@revision]", or "dir:path"
    device   "auto" (CUDA, then MPS, then CPU), "cpu", "cuda", "cuda:1", "mps"
    dtype    of the network while it runs: None for float32, or "float16", "bfloat16"
    engine   "auto" or "torch"
    token    for private repositories on the Hub; else HF_TOKEN or what `hf auth login` left
    Raises UnknownName, ReferenceError, WeightsError, HashMismatch, HubError or DeviceError. Never falls back on
    random weights, another file or another device.
    """
    from ganzoo import devices, model
    from ganzoo.inference import engines

    chosen_device, chosen_dtype = devices.choose(device), devices.choose_dtype(dtype)
    engines.check(engine)
    located = locate(ref, token)
    generator = _build(located.card, ref)
    weights.load_into(generator, weights.read(located.weights), f"The weights of {ref}")
    return model.Model(generator, located.card, chosen_device, chosen_dtype, discriminator=located.discriminator)


def _folder(reference: references.Reference, token: str | None = None) -> Path:
    if reference.place == "dir":
        return reference.path
    from ganzoo import hub

    return hub.pull(reference.name, revision=reference.revision or None, token=token).folder


def _build(card: Card, ref: str) -> torch.nn.Module:
    from ganzoo import building

    try:
        catalog.find(card.entry)
    except UnknownName as error:
        plugin = f" Install the plugin it was made with: {card.plugin}." if card.plugin else ""
        raise UnknownName(f"{ref} needs the entry '{card.entry}', which no installed plugin has.{plugin}") from error
    built: torch.nn.Module = building.build(card.entry, **card.options)
    return built
