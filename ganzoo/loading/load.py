"""Reference -> card -> weights, their hash checked -> network -> engine: `ganzoo.load` and `ganzoo.info`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import catalog
from ganzoo.cards import references
from ganzoo.cards.card import Card
from ganzoo.contracts.entry import Entry
from ganzoo.errors import OptionError, RegistryError, UnknownName, WeightsError
from ganzoo.loading import notices
from ganzoo.weights import model_folder, network_size, weights_file

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ganzoo.inference.workload import Workload
    from ganzoo.loading.model import Model


@dataclass(frozen=True)
class Located:
    """A model's files on this machine.

    weights        None: the model has none
    discriminator  None: it was not saved
    network        with its weights, of another code base's checkpoint; None: it is built from ``weights``
    """

    card: Card
    weights: Path | None
    discriminator: Path | None = None
    network: nn.Module | None = None


def info(ref: str, token: str | None = None) -> Card:
    """Return a model's card, without downloading its weights.

    Args:
        ref: "family/variant", "hf-hub:owner/repo[@revision]", "dir:path" or "file:path".
        token: For private repositories on the Hub.

    Raises:
        UnknownName, ReferenceError, RegistryError, HubError: each says what would be right.
    """
    return look_up(ref, token)[0]


def look_up(ref: str, token: str | None = None) -> tuple[Card, str]:
    """Return what `info` does, and the reference to exactly this model: on the Hub with its commit."""
    reference = references.parse(ref)
    if reference.card:
        return reference.card, str(reference)
    if reference.place == "file":
        from ganzoo.checkpoints.opened import open_checkpoint

        return open_checkpoint(reference.path).card, str(reference)
    folder = _folder(reference, token, files=(model_folder.CONFIG,))
    if reference.place == "hub":
        reference = replace(reference, revision=folder.name)  # a snapshot's folder is named after its commit
    return model_folder.read(folder), str(reference)


def locate(ref: str, token: str | None = None, options: Mapping[str, Any] | None = None) -> Located:
    """Return where a model's files are on this machine, downloaded if need be, their SHA-256 checked.

    ``options``: of a checkpoint, in place of what is assumed of it.
    """
    reference = references.parse(ref)
    if reference.place == "file":
        from ganzoo.checkpoints.opened import open_checkpoint

        opened = open_checkpoint(reference.path, values=options)
        return Located(opened.card, None, network=opened.network)
    if card := reference.card:
        return Located(card, weights_file.locate(card) if card.weights or card.parameters else None)
    folder = _folder(reference, token)
    card = model_folder.read(folder)
    path, discriminator = folder / weights_file.FILE, folder / weights_file.DISCRIMINATOR_FILE
    weights_file.check(path, card, partial(_remedy, reference, path, token), "the folder's config.json")
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
    work: Workload | None = None,
) -> Model:
    """Load a model, ready for use.

    Args:
        ref: "family/variant" from the registry, "hf-hub:owner/repo[@revision]", "dir:path", or "file:path", a
            checkpoint of another code base as `ganzoo import` reads it.
        device: "auto" (CUDA, then MPS, then CPU), "cpu", "cuda", "cuda:1" or "mps".
        dtype: Of the network while it runs; None for float32, or "float16", "bfloat16", "int8" where the engine can.
        engine: "auto", or one that `ganzoo info REF --engines` shows; GANZOO_ENGINE says what "auto" means.
        options: Of its architecture, in place of its card's: those that its weights do not depend on, such as a
            number of steps or the strength of a style (`ganzoo info generator:NAME` lists all).
        token: For private repositories on the Hub; else HF_TOKEN or what `hf auth login` left.
        calibration: Images by which an int8 conversion is made.
        log: Called with a line of text when a generator is converted for an engine.
        work: What it will do, by which "auto" weighs an engine's start against its speed. By default
            a hundred images, which are not certain: nothing is converted that takes long.

    Raises:
        UnknownName, ReferenceError, WeightsError, HashMismatch, HubError, DeviceError: it never falls back on random
            weights, another file or another device.
    """
    from ganzoo.inference import engine_selection
    from ganzoo.loading.model import Model

    known = engine_selection.choose(engine, device, None if dtype is None else str(dtype).removeprefix("torch."))
    located = locate(ref, token, options)
    notices.notify_once(located.card)
    changed = {} if located.network is not None else dict(options or {})
    card = replace(located.card, options={**located.card.options, **changed})
    choices = engine_selection.fitting(known, card.does)
    model = Model(
        located.network or partial(_load_generator, ref, card, located.weights, tuple(changed)),
        card,
        choices[0].device,
        choices[0].dtype,
        located.discriminator,
        choices=choices,
        calibration=calibration,
        log=log,
        work=work,
    )
    if not choices[0].engine.torch_free:
        model.generator  # noqa: B018 - an error in it shows now
    return model


def _folder(reference: references.Reference, token: str | None, files: Iterable[str] | None = None) -> Path:
    if reference.place == "dir":
        return reference.path
    from ganzoo.hub import client

    return client.pull(reference.name, revision=reference.revision or None, token=token, files=files).folder


def _remedy(reference: references.Reference, path: Path, token: str | None, found: str) -> str:
    """Return what to do about weights that are not the card's; ``found``: their SHA-256, "" if there are none."""
    if reference.place == "hub":
        from ganzoo.hub import client

        stated = client.stated_sha256(reference.name, path.name, reference.revision or None, token) if found else ""
        return client.tell_apart(path, found, stated)
    return "Copy, pull or save the model there again; a run's folder is repaired by `ganzoo train --resume`."


def _load_generator(ref: str, card: Card, weights: Path | None, changed: tuple[str, ...]) -> nn.Module:
    """Return the generator with its weights; ``changed``: the options that are not the card's."""
    try:
        if weights is None:
            generator, tensors = _build(ref, card, changed), {}
        else:
            generator = network_size.build_for(
                lambda: _build(ref, card, changed), weights_file.shapes(weights), f"The weights of {ref}"
            )
            tensors = weights_file.read(weights)
        weights_file.load_into(generator, tensors, f"The weights of {ref}")
    except WeightsError as error:
        if not changed:
            raise
        raise OptionError(f"{error} Or omit {', '.join(changed)}: the weights depend on it.") from error
    return generator


def _build(ref: str, card: Card, changed: tuple[str, ...]) -> nn.Module:
    """Return the card's network with random weights. Raises RegistryError where card and network differ."""
    from ganzoo.catalog import building

    entry = _entry(ref, card)
    try:
        generator: nn.Module = building.build(entry.spec, **card.options)
    except OptionError as error:
        if changed:
            raise
        raise RegistryError(f"{ref}: the card's options do not fit: {error}") from error
    _check_facts(ref, card, generator)
    return generator


def _entry(ref: str, card: Card) -> Entry:
    try:
        entry = catalog.find(card.entry)
    except UnknownName as error:
        version = f" {card.plugin_version}" if card.plugin_version else ""
        plugin = f" Install the plugin it was made with: {card.plugin}{version}." if card.plugin else ""
        raise UnknownName(f"{ref} needs the entry '{card.entry}', which no installed plugin has.{plugin}") from error
    if entry.kind != "generator" or entry.task != card.task:
        what = f"{card.entry} ({entry.task})" if entry.task else card.entry
        raise RegistryError(f"{ref}: the card says '{card.task}', but its architecture is {what}. Fix the card.")
    return entry


def _check_facts(ref: str, card: Card, generator: nn.Module) -> None:
    for name in ("in_channels", "out_channels", "latent_dim", "frames", "scale"):
        stated, built = getattr(card, name), getattr(generator, name, None)
        if built is not None and built != stated:
            raise RegistryError(f"{ref}: the card says {name}={stated}, the network has {built}. Fix the card.")
    if "label" in card.does.inputs and len(card.classes) != generator.classes:
        raise RegistryError(
            f"{ref}: the card names {len(card.classes)} classes, the network has {generator.classes}. Fix the card."
        )
