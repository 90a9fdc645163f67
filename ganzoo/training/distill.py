"""A small network that learns what a published one does: `ganzoo.distill`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import catalog
from ganzoo.cards import references
from ganzoo.cards.card import Card
from ganzoo.catalog import options as catalog_options
from ganzoo.contracts.config import Config
from ganzoo.errors import OptionError, UnknownName
from ganzoo.loading import load
from ganzoo.training import budget
from ganzoo.training.reporter import Reporter
from ganzoo.training.train import train

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ganzoo.training.run_options import RunOptions

STUDENT = "generator:mobile-resnet"
RECIPES = {"unpaired": "distill", "paired": "distill-pairs"}


def distill(
    ref: str,
    data: Any,
    output: str | Path,
    *,
    into: str = STUDENT,
    macs: str | int | None = None,
    pairs: bool | None = None,
    reporter: Reporter | None = None,
    **values: Unpack[RunOptions],
) -> Path:
    """Train a small network to do what a model does, and return the run's folder, which ``ganzoo.load`` loads.

    It is a run of the recipe "distill", or "distill-pairs" on pairs: `ganzoo.resume` continues it. Images have the
    teacher's channels, and by default its size.

    Args:
        ref: The teacher, a model that translates photographs: "cyclegan/horse2zebra", or any other reference.
        data: As for `ganzoo.train`: the teacher's inputs and images like its outputs, or pairs of both.
        output: The run's folder.
        into: The student, an entry of the teacher's task.
        macs: Multiply-adds that an image of the teacher's size may take, as "1.0G" or a number. The student's widths
            are chosen to fit; without it, they are its defaults.
        pairs: Whether the data are pairs; by default, whether the teacher learned from pairs.
        reporter: Shows the progress.
        values: As for `ganzoo.train`.

    Raises:
        OptionError, UnknownName, DataError: before anything is written.
        TrainingError: as `ganzoo.train`.
    """
    found = plan(ref, into, macs, pairs, values)
    return train(found.recipe, data, output, reporter=reporter, **found.settings)


@dataclass(frozen=True)
class DistillationPlan:
    """What a distillation would train.

    Attributes:
        recipe: The recipe's name.
        settings: Of the run, as `ganzoo.train` takes them.
        multiply_adds: Of the student, for one image.
        teacher_multiply_adds: Of the teacher.
        image_size: Side of that image, in pixels.
    """

    recipe: str
    settings: dict[str, Any]
    multiply_adds: int
    teacher_multiply_adds: int
    image_size: int


def plan(
    ref: str, into: str, macs: str | int | None, pairs: bool | None, values: Mapping[str, Any]
) -> DistillationPlan:
    """Return what `distill` would do, without reading data. Arguments are as for `distill`.

    Raises:
        OptionError, UnknownName: the teacher, the student or the budget does not fit.
    """
    card, ref = load.look_up(references.locate_anywhere(ref))
    _check(card, ref)
    spec = into if ":" in into else f"generator:{into}"
    entry = catalog.find(spec)
    if entry.kind != "generator" or entry.task != card.task:
        raise OptionError(f"{spec} is not a generator for {card.task}, as {ref} is. See `ganzoo list --entries`.")
    chosen = dict(values)
    own, by_role = _split(chosen.pop("options", None) or {}, chosen.pop("part_options", None) or {})
    parts = {**_kept_discriminator(ref, card), **dict(chosen.pop("parts", None) or {}), "generator": spec}
    if parts.get("discriminator") and parts["discriminator"] == card.discriminator.get("entry"):
        by_role["discriminator"] = {**card.discriminator["options"], **by_role.get("discriminator", {})}
    student = {**_facts(card, catalog_options.names(entry)), **by_role.get("generator", {})}
    if macs is not None:
        count = budget.parse(macs) if isinstance(macs, str) else macs
        student = budget.fit(spec, student, count, card.image_size)
    own = {"image_size": card.image_size, **own, "teacher": ref}
    own |= {"in_channels": card.in_channels, "channels": card.out_channels}
    by_role["generator"] = student
    return DistillationPlan(
        RECIPES["paired"] if (_learned_from_pairs(card) if pairs is None else pairs) else RECIPES["unpaired"],
        {**chosen, "options": own, "parts": parts, "part_options": by_role},
        budget.multiply_adds(entry, student, card.image_size),
        budget.multiply_adds(catalog.find(card.entry), card.options, card.image_size),
        card.image_size,
    )


def _learned_from_pairs(card: Card) -> bool:
    """Tell whether a model was trained by a recipe on pairs; False where that is not known."""
    with suppress(UnknownName):
        return card.training is not None and catalog.find(f"recipe:{card.training.recipe}").data == "paired"
    return False


def _facts(card: Card, names: Collection[str]) -> dict[str, Any]:
    """Return those options of a student that follow from its teacher: channels, size, and norms that fold away."""
    known = {
        "in_channels": card.in_channels,
        "out_channels": card.out_channels,
        "image_size": card.image_size,
        "global_skip": bool(card.options.get("global_skip", False)),
        "norm": "batch",
        "separable_norm": "batch",
    }
    return {name: value for name, value in known.items() if name in names}


def _check(card: Card, ref: str) -> None:
    """Raise OptionError for a model that cannot be a teacher."""
    if card.task != "image-to-image":
        raise OptionError(f"{ref} is for {card.task}. Only models that translate images can be distilled.")
    if card.uses_rasters:
        raise OptionError(
            f"{ref} takes channels with ranges of their own. Only models of 8-bit gray or RGB can be distilled."
        )


def _kept_discriminator(ref: str, card: Card) -> dict[str, str]:
    """Return the part that continues the teacher's discriminator, where it was kept."""
    if not card.discriminator or load.locate(ref).discriminator is None:
        return {}
    return {"discriminator": card.discriminator["entry"]}


def _split(given: Any, part_options: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the recipe's own options and those of its parts, where "ROLE.KEY" among the former is the part's."""
    if isinstance(given, Config):
        given = catalog_options.changed(given)
    own: dict[str, Any] = {}
    by_role = {
        role: dict(catalog_options.changed(found) if isinstance(found, Config) else found)
        for role, found in part_options.items()
    }
    for name, value in given.items():
        role, dot, key = name.partition(".")
        if dot:
            by_role.setdefault(role, {})[key] = value
        else:
            own[name] = value
    return own, by_role
