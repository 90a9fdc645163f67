"""Recognizes networks of other code bases by the names and shapes of their tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ganzoo import catalog
from ganzoo.checkpoints.reading import read_groups
from ganzoo.contracts.importer import DetectedCheckpoint, Importer, Tensors
from ganzoo.errors import OptionError, WeightsError, suggest
from ganzoo.files.terminal import clean
from ganzoo.weights import network_size
from ganzoo.weights.weights_file import NAME_LENGTH

# Averaged weights, and those that they replace in the same file.
AVERAGED = (("params_ema", "params"), ("params-ema", "params"), ("g_ema", "g"), ("state_dict_ema", "state_dict"))


def recognize(groups: Mapping[str, Tensors], kind: str) -> dict[str, DetectedCheckpoint]:
    """Return the networks of a kind, "generator" or "discriminator", among groups of tensors, by name.

    Raises:
        WeightsError: The only group of tensors looks like a network that it then is not.
    """
    importers = [importer for importer in _importers() if not importer.missing()]
    found: dict[str, DetectedCheckpoint] = {}
    refusals: list[WeightsError] = []
    for place, tensors in groups.items():
        for importer in importers:
            if place in found or (importer.general and kind != "generator"):
                continue
            try:
                detected = _recognized(importer, tensors)
            except WeightsError as error:
                refusals.append(error)
                continue
            if detected is not None and detected.entry.startswith(f"{kind}:"):
                found[place] = detected
    if refusals and not found:
        raise refusals[0]
    return found


def _importers() -> list[Importer]:
    """Return the importers, those that know many code bases last."""
    built: list[Importer] = [entry.build(entry.config()) for entry in catalog.entries("importer")]
    return sorted(built, key=lambda importer: importer.general)


def _recognized(importer: Importer, tensors: Tensors) -> DetectedCheckpoint | None:
    if not importer.general:
        return importer.recognize(tensors)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return network_size.build_for(lambda: importer.recognize(tensors), shapes, "The file's tensors")


def _without_replaced(groups: Mapping[str, Tensors]) -> Mapping[str, Tensors]:
    """Return the groups but for weights of which the file has averages too."""
    replaced = {plain for averaged, plain in AVERAGED if averaged in groups}
    return {place: tensors for place, tensors in groups.items() if place not in replaced}


def choose_generator(groups: Mapping[str, Tensors], key: str, file: Path) -> tuple[str, DetectedCheckpoint]:
    """Return name and network of the file's generator, or of the one named ``key``.

    Raises:
        OptionError: there are several generators, or none is named ``key``.
        WeightsError: no generator is recognized.
    """
    found = recognize(groups if key else _without_replaced(groups), "generator")
    if key:
        if key not in found:
            raise OptionError(f"{file} has no generator '{key}'.{suggest(key, found)} It has: {_listed(found)}.")
        return key, found[key]
    if len(found) == 1:
        return next(iter(found.items()))
    if found:
        raise OptionError(f"{file} has several generators: {_listed(found)}. Choose one with --key NAME.")
    if recognize(groups, "discriminator"):
        raise WeightsError(
            f"{file} holds a discriminator but no generator. Give the generator's file and --discriminator {file}."
        )
    known = "; ".join(entry.summary for entry in catalog.entries("importer"))
    first = [name for tensors in groups.values() for name in tensors][:3]
    names = ", ".join(clean(name, NAME_LENGTH) for name in first)
    raise WeightsError(
        f"{file} is not from a supported code base (its first tensors: {names}).{_not_asked()} Supported: {known}."
    )


def _not_asked() -> str:
    """Return which importers need a package that is not installed, "" for none."""
    extras = {importer.extra: importer.missing() for importer in _importers() if importer.missing()}
    return "".join(
        f" {' and '.join(missing)} could not be asked: pip install 'ganzoo-core[{extra}]'."
        for extra, missing in extras.items()
    )


def _listed(found: Iterable[str]) -> str:
    return ", ".join(name or "the file itself" for name in found) or "none"


def find_discriminators(
    groups: Mapping[str, Tensors], file: str | Path | None, key: str
) -> dict[str, DetectedCheckpoint]:
    """Return the discriminator of the generator ``key``, none, or several if it is not clear which one is its own.

    Args:
        groups: of the generator's file.
        file: another file to search instead; it must hold one discriminator.
        key: the generator's name in its file, such as "netG_A".
    """
    found = recognize(groups if file is None else read_groups(Path(file)), "discriminator")
    if len(found) > 1 and (partner := key.replace("G", "D")) in found:  # netD_A evaluates the images of netG_A
        found = {partner: found[partner]}
    if file is not None and len(found) != 1:
        what = f"several: {_listed(found)}. Save one in a separate file" if found else "none that is supported"
        raise WeightsError(f"{file} should hold one discriminator, but holds {what}.")
    return found
