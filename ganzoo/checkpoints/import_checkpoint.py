"""Turns checkpoints of other code bases into models: safetensors, a typed config and a card.

Entries of the kind "importer" recognize a checkpoint by the names and shapes of its tensors. Files of torch.save are
read as tensors only: one that holds code is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ganzoo.cards.card import Card
from ganzoo.catalog.building import recorded_architecture
from ganzoo.checkpoints.conversion import build_network
from ganzoo.checkpoints.opened import open_checkpoint
from ganzoo.checkpoints.openmodeldb import card_fields
from ganzoo.checkpoints.recognition import find_discriminators
from ganzoo.contracts.importer import DetectedCheckpoint
from ganzoo.errors import RegistryError
from ganzoo.weights import model_folder

_NAME = re.compile(r"[a-z0-9]+([-._][a-z0-9]+)*/[a-z0-9]+([-._][a-z0-9]+)*")


@dataclass(frozen=True)
class ImportResult:
    """An imported model.

    Args:
        card: As written to the model's folder.
        folder: The model's.
        messages: For the user: how the model was recognized, what was assumed, what differs.
    """

    card: Card
    folder: Path
    messages: tuple[str, ...]


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
    checked: bool = True,
    openmodeldb: str | Path | None = None,
) -> ImportResult:
    """Turn a checkpoint of another code base into a model folder.

    Args:
        file: A torch.save file, which may hold only tensors and plain values, or a .safetensors file.
        name: Of the model, "family/variant".
        output: The model's folder.
        key: The generator's name in the file, if it has several.
        discriminator: A file to take the discriminator from. By default it is looked for in ``file``: the only one
            there, or netD_A for netG_A.
        values: Options that the checkpoint does not determine, by name, such as {"padding": "reflect"}. By default
            the importer's first choice is taken. "image_size" sets the size on the card, in pixels.
        license: Of the weights.
        summary: What the model does, in one line.
        checked: Refuse a network for enlargement or restoration that makes of a photograph something far from it.
        openmodeldb: The file's entry in OpenModelDB, a JSON file: license, summary and data set on the card. Its
            SHA-256 must be the file's.

    Raises:
        WeightsError: the file cannot be read or is not recognized.
        OptionError: a value or key is wrong.
        RegistryError: the name is not valid.
        HashMismatch: ``openmodeldb`` is about another file.
        OutputError: the folder cannot be written, or holds another model.
    """
    if not _NAME.fullmatch(name):
        raise RegistryError(
            f"'{name}' is not a valid model name. Write family/variant in lower case, for example cyclegan/maps."
        )
    opened = open_checkpoint(Path(file), name, key, values, checked)
    discriminators = find_discriminators(opened.groups, discriminator, opened.key)
    network_d = build_network(next(iter(discriminators.values())), {})[0] if len(discriminators) == 1 else None
    fields: dict[str, Any] = {"license": "unknown"}
    if openmodeldb is not None and opened.card.weights:
        fields |= card_fields(Path(openmodeldb), opened.card.weights.sha256, Path(file))
    fields |= {"summary": summary} if summary else {}
    fields |= {"license": license} if license != "unknown" else {}
    discriminator_architecture = recorded_architecture(network_d) if network_d else {}
    card = dataclasses.replace(opened.card, **fields, weights=None, discriminator=discriminator_architecture)
    state, discriminator_state = opened.network.state_dict(), network_d.state_dict() if network_d else None

    def write(folder: Path) -> Card:
        return model_folder.write(folder, card, state, discriminator_state)

    model_folder.refuse_another(Path(output), card, partial(model_folder.hash_written, write))
    written = write(Path(output))
    messages = (*opened.messages, *_discriminator_messages(discriminators))
    return ImportResult(written, Path(output), messages)


def _discriminator_messages(discriminators: Mapping[str, DetectedCheckpoint]) -> Iterator[str]:
    if len(discriminators) == 1:
        yield f"Its discriminator is saved next to it ({next(iter(discriminators.values())).entry})."
    elif discriminators:
        names = ", ".join(discriminators)
        yield f"The discriminators ({names}) are left out: it is not clear which belongs to this generator."
