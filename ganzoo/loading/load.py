"""Reference -> `Model`: card, weights with their hash checked, network, engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import catalog
from ganzoo.cards import references, registry
from ganzoo.cards.card import Card
from ganzoo.errors import OptionError, RegistryError, UnknownName, WeightsError
from ganzoo.loading import notices
from ganzoo.weights import model_folder, weights_file

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ganzoo.loading.model import Model


@dataclass(frozen=True)
class Located:
    """A model's card, its weights on this machine (None: it has none), and the discriminator's where that was saved."""

    card: Card
    weights: Path | None
    discriminator: Path | None = None


def info(ref: str, token: str | None = None) -> Card:
    """Return the card of "family/variant", "hf-hub:owner/repo[@revision]" or "dir:path", without its weights.

    Raises UnknownName, ReferenceError, RegistryError or HubError, each saying what would be right.
    """
    return look_up(ref, token)[0]


def look_up(ref: str, token: str | None = None) -> tuple[Card, str]:
    """Return what `info` does, and the reference that means exactly this model: a Hub's with its commit."""
    reference = references.parse(ref)
    if reference.place == "registry":
        return registry.find(reference.name), str(reference)
    folder = _folder(reference, token, files=(model_folder.CONFIG,))
    if reference.place == "hub":
        reference = replace(reference, revision=folder.name)  # a snapshot's folder is called after its commit
    return model_folder.read(folder), str(reference)


def locate(ref: str, token: str | None = None) -> Located:
    """Return where a model's files are on this machine, downloaded if need be, their SHA-256 checked."""
    reference = references.parse(ref)
    if reference.place == "registry":
        card = registry.find(reference.name)
        return Located(card, weights_file.locate(card) if card.weights or card.parameters else None)
    folder = _folder(reference, token)
    card = model_folder.read(folder)
    path, discriminator = folder / weights_file.FILE, folder / weights_file.DISCRIMINATOR_FILE
    weights_file.check(path, card, _remedy(reference, path), "the folder's config.json")
    return Located(card, path, discriminator if discriminator.is_file() else None)


def load(
    ref: str,
    device: str = "auto",
    dtype: str | torch.dtype | None = None,
    engine: str = "auto",
    *,
    options: Mapping[str, Any] | None = None,
    token: str | None = None,
    calibration: Iterable[Any] = (),
    log: Callable[[str], None] | None = None,
) -> Model:
    """Return the model that ``ref`` names, ready for use.

    ref      "family/variant" from the registry, "hf-hub:owner/repo[@revision]", or "dir:path"
    device   "auto" (CUDA, then MPS, then CPU), "cpu", "cuda", "cuda:1", "mps"
    dtype    of the network while it runs: None for float32, or "float16", "bfloat16", "int8", as the engine can
    engine   "auto", or one that `ganzoo info REF --engines` shows; GANZOO_ENGINE says what "auto" is to mean
    options  of its architecture, other than its card has them: those that its weights do not depend on, as a number
             of steps or the strength of a style (`ganzoo info generator:NAME` lists all)
    token    for private repositories on the Hub; else HF_TOKEN or what `hf auth login` left
    calibration   pictures by which an int8 conversion is made
    told     called with a line of text when a generator is converted for an engine
    Raises UnknownName, ReferenceError, WeightsError, HashMismatch, HubError or DeviceError. Never falls back on
    random weights, another file or another device.
    """
    from ganzoo.inference import engines
    from ganzoo.loading import model

    number_type = None if dtype is None else str(dtype).removeprefix("torch.")
    known = engines.choose(engine, device, number_type)
    located = locate(ref, token)
    notices.tell(located.card)
    card = replace(located.card, options={**located.card.options, **(options or {})})
    choices = engines.fitting(known, card.does)

    def generator() -> nn.Module:
        built = _build(card, ref, options or {})
        tensors = {} if located.weights is None else weights_file.read(located.weights)
        try:
            weights_file.load_into(built, tensors, f"The weights of {ref}")
        except WeightsError as error:
            if not options:
                raise
            raise OptionError(f"{error} Or leave away {', '.join(options)}: weights depend on it.") from error
        return built

    chosen = choices[0]
    made = model.Model(
        generator,
        card,
        chosen.device,
        chosen.dtype,
        located.discriminator,
        choices=choices,
        calibration=calibration,
        log=log,
    )
    if not chosen.engine.torch_free:
        made.generator  # noqa: B018 - what is wrong with it shows now
    return made


def _folder(reference: references.Reference, token: str | None, files: Iterable[str] | None = None) -> Path:
    if reference.place == "dir":
        return reference.path
    from ganzoo.hub import client

    return client.pull(reference.name, revision=reference.revision or None, token=token, files=files).folder


def _remedy(reference: references.Reference, path: Path) -> str:
    if reference.place == "hub":
        return f"Delete {path.resolve()} and try again; if it stays so, tell the repository's owner."
    return "Copy, pull or save the model there again; a run's folder is mended by `ganzoo train --resume`."


def _build(card: Card, ref: str, asked: Mapping[str, Any]) -> torch.nn.Module:
    from ganzoo.catalog import building

    try:
        entry = catalog.find(card.entry)
    except UnknownName as error:
        plugin = f" Install the plugin it was made with: {card.plugin}." if card.plugin else ""
        raise UnknownName(f"{ref} needs the entry '{card.entry}', which no installed plugin has.{plugin}") from error
    if entry.kind != "generator" or entry.task != card.task:
        what = f"{card.entry} ({entry.task})" if entry.task else card.entry
        raise RegistryError(f"{ref}: the card says '{card.task}', but its architecture is {what}. Mend the card.")
    try:
        generator: torch.nn.Module = building.build(card.entry, **card.options)
    except OptionError as error:
        if asked:
            raise
        raise RegistryError(f"{ref}: the card's options do not fit: {error}") from error
    for name in ("in_channels", "out_channels", "latent_dim", "frames", "scale"):
        stated, built = getattr(card, name), getattr(generator, name, None)
        if built is not None and built != stated:
            raise RegistryError(f"{ref}: the card says {name}={stated}, the network has {built}. Mend the card.")
    if "label" in card.does.inputs and len(card.classes) != generator.classes:
        raise RegistryError(
            f"{ref}: the card names {len(card.classes)} classes, the network has {generator.classes}. Mend the card."
        )
    return generator
