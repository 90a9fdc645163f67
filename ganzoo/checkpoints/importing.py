"""Checkpoints of other code bases -> models: safetensors, a typed config and a card.

What a checkpoint is, entries of the kind "importer" tell from the names and shapes of its tensors. Files of torch.save
are read as tensors alone: one that holds code is refused.
"""

from __future__ import annotations

import dataclasses
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import catalog
from ganzoo.cards.card import Card, TrainingInfo
from ganzoo.catalog import building, discovery, options
from ganzoo.contracts.importer import DetectedCheckpoint, Tensors
from ganzoo.errors import OptionError, RegistryError, WeightsError, suggest
from ganzoo.version import __version__
from ganzoo.weights import model_folder
from ganzoo.weights.weights_file import load_into, unreadable

if TYPE_CHECKING:
    from torch import Tensor, nn

_NAME = re.compile(r"[a-z0-9]+([-._][a-z0-9]+)*/[a-z0-9]+([-._][a-z0-9]+)*")
_BEGINNINGS = (b"PK", *(bytes([0x80, version]) for version in range(2, 6)))  # of torch.save's files: zip, and pickle
_WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and torch.compile


@dataclass(frozen=True)
class Imported:
    """A model that was imported.

    card     of the model, as its folder has it
    said     what to tell the user: how it was recognized, what was taken for granted, what differs
    """

    card: Card
    folder: Path
    said: tuple[str, ...]


def import_checkpoint(
    file: str | Path,
    name: str,
    output: str | Path,
    *,
    key: str = "",
    discriminator: str | Path | None = None,
    values: Mapping[str, Any] | None = None,
    license: str = "unknown",
    summary: str = "",
) -> Imported:
    """Turn a checkpoint of another code base into the model folder ``output``, under the ``name`` "family/variant".

    file      of torch.save, which may hold tensors and plain values only, or a .safetensors file
    key       which of several generators in the file, by its name there
    discriminator   a file to take the discriminator from; by default the same: its only one, or netD_A for netG_A
    values    options that the checkpoint does not show, as ``padding``; also image_size of the card
    Raises WeightsError for what cannot be read or is not recognized, OptionError, RegistryError and OutputError.
    """
    if not _NAME.fullmatch(name):
        raise RegistryError(f"'{name}' is no name of a model. Write family/variant in lower case, as cyclegan/maps.")
    groups = read_groups(Path(file))
    chosen_key, found = _chosen(_recognized(groups, "generator"), groups, key, Path(file))
    asked = dict(values or {})
    image_size = _whole(asked.pop("image_size", found.image_size))
    network, own = _built(found, asked)
    discriminators = _discriminators(groups, discriminator, chosen_key)
    network_d = _built(next(iter(discriminators.values())), {})[0] if len(discriminators) == 1 else None
    card = dataclasses.replace(
        _card(found, own, network, name),
        image_size=image_size,
        license=license,
        summary=summary,
        discriminator=_architecture(network_d) if network_d else {},
    )
    state, discriminator_state = network.state_dict(), network_d.state_dict() if network_d else None

    def write(folder: Path) -> Card:
        return model_folder.write(folder, card, state, discriminator_state)

    model_folder.refuse_another(Path(output), card, partial(model_folder.hash_written, write))
    written = write(Path(output))
    return Imported(written, Path(output), _said(found, own, chosen_key, discriminators, asked, image_size))


# ---- reading ---------------------------------------------------------------------------------------------------------


def read_groups(path: Path) -> dict[str, Tensors]:
    """Return the networks in a file: name -> its tensors, "" for a file that is one network.

    Raises WeightsError for what is no checkpoint, and for a pickle with code in it.
    """
    groups = dict(_groups(_read(path)))
    if not groups:
        raise WeightsError(f"{path} holds no named tensors. Give a file of torch.save(network.state_dict(), FILE).")
    return groups


def _read(path: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    _check_beginning(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(), torch.serialization.safe_globals(_plain_values()):
            warnings.simplefilter("ignore", UserWarning)  # of pickles that it then refuses
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} holds more than tensors{_named_code(error)}: opening it would run that code, so it is refused. "
            "Where you trust it, save its state_dict() alone with torch.save, on a machine you can lose."
        ) from error
    except Exception as error:  # damaged files fail in more ways than the readers document
        raise WeightsError(
            f"{path} cannot be read as a checkpoint: it is damaged, or something else. Download or copy it again."
        ) from error


def _check_beginning(path: Path) -> None:
    """Raise WeightsError for what is no file, cannot be read, or has nothing of torch.save's files."""
    if path.is_dir():
        raise WeightsError(f"{path} is a folder. Give a checkpoint's file.")
    if not path.is_file():
        raise WeightsError(f"There is no file {path}. Check the path.")
    try:
        with path.open("rb") as file:
            begins = file.read(2)
    except OSError as error:
        raise unreadable(path, error) from error
    if path.suffix != ".safetensors" and begins not in _BEGINNINGS:
        raise WeightsError(f"{path} is no checkpoint: neither a file of torch.save nor of safetensors. Check the path.")


def _plain_values() -> list[Any]:
    """Return what trainings keep beside tensors and runs nothing when it is read: arguments, and numbers of NumPy."""
    import argparse

    import numpy as np

    kinds = {type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "?")}
    scalar = np.float64(0).__reduce__()[0]
    old, new = (f"numpy.{core}.multiarray.scalar" for core in ("core", "_core"))
    return [argparse.Namespace, np.dtype, *kinds, (scalar, old), (scalar, new)]


def _named_code(error: Exception) -> str:
    found = re.search(r"GLOBAL ([\w.]+)|class ([\w.]+)", str(error))
    return f" ({next(filter(None, found.groups()))})" if found else ""


def _groups(content: Any, place: str = "") -> Iterator[tuple[str, Tensors]]:
    """Yield every dict of tensors within dicts, under the names that lead there."""
    import torch

    if not isinstance(content, Mapping):
        return
    tensors = {
        str(name): value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
        for name, value in content.items()
        if isinstance(value, torch.Tensor)
    }
    if tensors:
        yield place, _unwrapped(tensors)
    for name, value in content.items():
        yield from _groups(value, f"{place}.{name}" if place else str(name))


def _unwrapped(tensors: Tensors) -> Tensors:
    for prefix in _WRAPPERS:
        if all(name.startswith(prefix) for name in tensors):
            return _unwrapped({name[len(prefix) :]: tensor for name, tensor in tensors.items()})
    return tensors


# ---- recognizing -----------------------------------------------------------------------------------------------------


def _recognized(groups: Mapping[str, Tensors], kind: str) -> dict[str, DetectedCheckpoint]:
    importers = [entry.build(entry.config()) for entry in catalog.entries("importer")]
    found = {}
    for place, tensors in groups.items():
        for each in (importer.recognize(tensors) for importer in importers):
            if each is not None and each.entry.startswith(f"{kind}:"):
                found[place] = each
    return found


def _chosen(
    found: Mapping[str, DetectedCheckpoint], groups: Mapping[str, Tensors], key: str, file: Path
) -> tuple[str, DetectedCheckpoint]:
    """Return the one generator that is meant."""
    if key:
        if key not in found:
            raise OptionError(f"{file} has no generator '{key}'.{suggest(key, found)} It has: {_listed(found)}.")
        return key, found[key]
    if len(found) == 1:
        return next(iter(found.items()))
    if found:
        raise OptionError(f"{file} has several generators: {_listed(found)}. Name one by --key NAME.")
    if _recognized(groups, "discriminator"):
        raise WeightsError(
            f"{file} holds a discriminator and no generator. Give the generator's file, and --discriminator {file}."
        )
    known = "; ".join(entry.summary for entry in catalog.entries("importer"))
    names = [name for tensors in groups.values() for name in tensors][:3]
    raise WeightsError(
        f"{file} is of no code base that is known here (its first tensors: {', '.join(names)}). Known: {known}."
    )


def _listed(found: Mapping[str, Any]) -> str:
    return ", ".join(name or "the file itself" for name in found) or "none"


def _built(found: DetectedCheckpoint, asked: Mapping[str, Any]) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network with its weights, and the options that the user or nobody said."""
    entry = catalog.find(found.entry)
    for name in asked:
        if name not in found.undetermined:
            shown = f" The file shows it: {found.options[name]}." if name in found.options else ""
            free = ", ".join(["image_size", *found.undetermined])
            raise OptionError(
                f"'{name}' is not open here.{shown}{suggest(name, found.undetermined)} To be set: {free}."
            )
    own = {name: _choice(name, choices, asked) for name, choices in found.undetermined.items()}
    config = options.as_dict(options.parse(entry, {**found.options, **own}))
    network: nn.Module = building.build(found.entry, **config)
    _refuse_whole_numbers(network, found.tensors)
    load_into(
        network,
        _completed(network, found.tensors, found.unbiased),
        f"The tensors of {found.source}",
        found.entry,
        "The file is damaged, or of an edition of that code which is not known here.",
    )
    broken = [name for name, tensor in network.state_dict().items() if not bool(tensor.isfinite().all())]
    if broken:
        raise WeightsError(
            f"{broken[0]} holds values that are no numbers: the training broke. Take an earlier checkpoint."
        )
    return network.eval(), own


def _choice(name: str, choices: tuple[Any, ...], asked: Mapping[str, Any]) -> Any:
    """Return what the user wants of an option that the file does not show."""
    if name not in asked:
        return choices[0]
    for choice in choices:
        if str(asked[name]).lower() == str(choice).lower():
            return choice
    right = " or ".join(str(choice).lower() for choice in choices)
    raise OptionError(f"{name}={asked[name]} is not what the file shows: it should be {right}.")


def _completed(network: nn.Module, tensors: Tensors, unbiased: bool) -> dict[str, Tensor]:
    """Return the tensors with what the network has beyond theirs, and which changes nothing.

    A convolution without bias is one with a bias of zeros; PyTorch before 0.4.1 did not count the batches of a norm.
    """
    completed = dict(tensors)
    for name, own in network.state_dict().items():
        module, _, kind = name.rpartition(".")
        weight = completed.get(f"{module}.weight")
        if name not in completed and (
            kind == "num_batches_tracked" or (unbiased and kind == "bias" and weight is not None and weight.dim() > 1)
        ):
            completed[name] = own.new_zeros(own.shape)
    return completed


def _refuse_whole_numbers(network: nn.Module, tensors: Tensors) -> None:
    """Raise WeightsError where whole numbers stand for weights: copying would make floats of them."""
    for name, own in network.state_dict().items():
        if own.is_floating_point() and name in tensors and not tensors[name].is_floating_point():
            kind = str(tensors[name].dtype).removeprefix("torch.")
            raise WeightsError(f"{name} holds {kind}, no weights. Take a file of floats.")


def _discriminators(groups: Mapping[str, Tensors], file: str | Path | None, key: str) -> dict[str, DetectedCheckpoint]:
    """Return the generator's discriminator, none, or several of which none is known to be it."""
    found = _recognized(groups if file is None else read_groups(Path(file)), "discriminator")
    if len(found) > 1 and (partner := key.replace("G", "D")) in found:  # netG_A's pictures are what netD_A judges
        found = {partner: found[partner]}
    if file is not None and len(found) != 1:
        what = f"several: {_listed(found)}. Save one in a file of its own" if found else "none that is known here"
        raise WeightsError(f"{file} should hold a discriminator, and holds {what}.")
    return found


def _architecture(network: Any) -> dict[str, Any]:
    built = network.architecture
    return {"entry": built.entry, "options": dict(built.options)}


def _whole(value: Any) -> int:
    if not str(value).isdecimal() or int(value) < 1:
        raise OptionError(f"image_size={value} is not right: it should be pixels, at least 1.")
    return int(value)


# ---- what becomes of it ----------------------------------------------------------------------------------------------


def _card(found: DetectedCheckpoint, own: Mapping[str, Any], network: Any, name: str) -> Card:
    entry = catalog.find(found.entry)
    return Card(
        name=name,
        entry=entry.spec,
        task=entry.task,
        image_size=int(getattr(network, "image_size", found.image_size)),
        in_channels=int(getattr(network, "in_channels", 0)),
        out_channels=int(network.out_channels),
        latent_dim=int(getattr(network, "latent_dim", 0)),
        options=dict(network.architecture.options),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        paper=entry.paper,
        plugin=discovery.distribution_of(catalog.origin(entry.spec)),
        inference="; ".join(found.notes),
        limits="Imported: data set, training and scores are the other code base's to tell.",
        training=TrainingInfo(recipe="", hardware=f"imported from {found.source}", ganzoo_version=__version__),
    )


def _said(
    found: DetectedCheckpoint,
    own: Mapping[str, Any],
    key: str,
    discriminators: Mapping[str, DetectedCheckpoint],
    asked: Mapping[str, Any],
    image_size: int,
) -> tuple[str, ...]:
    chosen = ", ".join(f"{name}={value}" for name, value in found.options.items())
    said = [f"{f'{key}: ' if key else ''}{found.source}, {found.entry} with {chosen}."]
    guessed = [f"{name}={value}" for name, value in own.items() if name not in asked]
    if guessed:
        said.append(
            f"The file does not say, and this was taken: {', '.join(guessed)}. --set NAME=VALUE says otherwise."
        )
    said.append(f"Taken to be trained at {image_size} pixels (--set image_size=N says otherwise).")
    if len(discriminators) == 1:
        said.append(f"Its discriminator is kept beside it ({next(iter(discriminators.values())).entry}).")
    elif discriminators:
        said.append(
            f"Its discriminators ({', '.join(discriminators)}) are left out: which is this generator's is not known."
        )
    return (*said, *(f"{note}." for note in found.notes))
