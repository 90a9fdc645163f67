"""Models that learned from two sets without pairs: how the values of translations are distributed, in units.

No pixel of a translation has a true value here, so nothing is compared pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo import catalog
from ganzoo.cards.protocol import Protocol, Sample, Score
from ganzoo.data.config import DataConfig
from ganzoo.data.rasters.choosing import parse_options
from ganzoo.data.rasters.items import Item, make_items
from ganzoo.data.rasters.open_rasters import RasterRequest, open_files, split_items
from ganzoo.errors import DataError, GanzooError, OptionError
from ganzoo.evaluation.samples.features import Progress
from ganzoo.evaluation.samples.results import Evaluation
from ganzoo.evaluation.units import pictures
from ganzoo.evaluation.units.composite_windows import CompositeWindows
from ganzoo.evaluation.units.distributions import INTERVAL, NAMES, compare, intervals
from ganzoo.evaluation.units.image_pairs import Array, read_item, translate
from ganzoo.loading.model import Model
from ganzoo.rasters.channel import Channel
from ganzoo.version import __version__

VALUES = 100_000  # of a channel of an image, evenly spaced
EXAMPLES = 4


def is_unpaired(model: Model) -> bool:
    """Tell whether the model's recipe trains on two sets without pairs."""
    training = model.card.training
    try:
        return training is not None and catalog.find(f"recipe:{training.recipe}").data == "unpaired"
    except GanzooError:  # of a plugin that is not here
        return False


@dataclass(frozen=True)
class UnpairedRequest:
    """What is evaluated: see `evaluate_rasters`."""

    model: Model
    name: str
    sides: Sequence[str]
    options: Mapping[str, Any]
    share: float
    metrics: Sequence[str] = ()
    baselines: Sequence[str] = ()
    seed: int = 0
    windows: CompositeWindows | None = None


@dataclass
class _Measured:
    """Values of images by group, (C, n) for each image, and images to show.

    Attributes:
        inputs: Of inputs.
        made: Of translations.
        real: Of the second set.
        shown: Name, input, translation, and where both are valid.
        others: Name, image of the second set, and where it is valid.
    """

    inputs: dict[str, list[Array]] = field(default_factory=dict)
    made: dict[str, list[Array]] = field(default_factory=dict)
    real: dict[str, list[Array]] = field(default_factory=dict)
    shown: list[tuple[str, Array, Array, Array]] = field(default_factory=list)
    others: list[tuple[str, Array, Array]] = field(default_factory=list)


def evaluate_unpaired(asked: UnpairedRequest, on_progress: Progress, on_remaining: Progress) -> Evaluation:
    """Compare the values of translations with those of the second set, channel by channel.

    Raises:
        DataError: Images are missing or do not fit the model.
        OptionError: A metric or baseline needs pairs.
    """
    _check(asked)
    card = asked.model.card
    config = DataConfig(image_size=card.image_size)
    request = open_files(asked.sides, "unpaired", config, parse_options(asked.options), asked.share)
    first, second = (_evaluated(request, number) for number in (0, 1))
    on_remaining(len(first))
    found = _measure(asked, first, second, on_progress)
    made, real = _joined(found.made), _joined(found.real)
    bounds = intervals(made, real, asked.seed)
    shared = _describe(asked, request, len(first), len(second)) | {"interval": INTERVAL if bounds else ""}
    words = f"{len(first):,} and {len(second):,} images, {_split_words(asked, request)}"
    result = Evaluation(asked.name, words, _scores(asked, compare(_all(made), _all(real)), shared, bounds))
    if asked.baselines:
        copied = _scores(asked, compare(_all(_joined(found.inputs)), _all(real)), shared)
        result.baselines = {"copy": {score.metric: score.value for score in copied}}
        result.notes.append("Baseline copy: the inputs themselves.")
    if not bounds:
        result.notes.append("All images of a set are of one group: there are no intervals.")
    result.notes.append("The sets are not paired: distributions of values are compared, not pixels.")
    samples = result.report_samples
    samples.best = pictures.unpaired_examples(found.shown, found.others, card.channels_in, card.channels_out)
    samples.ordered_by = "order of the files"
    return result


def _measure(asked: UnpairedRequest, first: Sequence[Item], second: Sequence[Item], on_progress: Progress) -> _Measured:
    """Return values of both sets. Raises DataError where one has no valid pixel."""
    card, found = asked.model.card, _Measured()
    for item in first:
        values, valid = _read(item, card.channels_in, asked.model)
        translated = translate(asked.model, values, valid, card.channels_in, card.channels_out)
        on_progress(1)
        if not valid.any():
            continue
        found.made.setdefault(item.group, []).append(_sample(translated, valid))
        found.inputs.setdefault(item.group, []).append(_sample(values, valid))
        if asked.windows is not None:
            asked.windows.add_made(translated, valid)
        if len(found.shown) < EXAMPLES:
            found.shown.append((item.name, values, translated, valid))
    for item in second:
        values, valid = _read(item, card.channels_out, asked.model)
        if not valid.any():
            continue
        found.real.setdefault(item.group, []).append(_sample(values, valid))
        if asked.windows is not None:
            asked.windows.add_real(values, valid)
        if len(found.others) < EXAMPLES:
            found.others.append((item.name, values, valid))
    if not found.made or not found.real:
        raise DataError("No evaluated image has a valid pixel.")
    return found


def _joined(groups: Mapping[str, Sequence[Array]]) -> dict[str, Array]:
    return {name: np.concatenate(parts, 1) for name, parts in groups.items()}


def _all(groups: Mapping[str, Array]) -> Array:
    return np.concatenate(list(groups.values()), 1)


def _check(asked: UnpairedRequest) -> None:
    card = asked.model.card
    for name in asked.metrics:
        if name not in NAMES:
            raise OptionError(
                f"'{name}' compares pixels, and {asked.name} learned from two sets without pairs. "
                f"Metrics for it are: {', '.join(NAMES)}."
            )
    for name in asked.baselines:
        if name != "copy":
            raise OptionError(f"The baseline '{name}' needs pairs, and these sets have none. There is 'copy'.")
        if len(card.channels_in) != len(card.channels_out):
            raise OptionError("The baseline 'copy' needs as many channels in the input as in the output.")


def _evaluated(request: RasterRequest, number: int) -> list[Item]:
    items = make_items([(stack,) for stack in request.sides[number]], request.options)
    train, held_out = split_items(items, request)
    return held_out if request.validation else train


def _read(item: Item, channels: Sequence[Channel], model: Model) -> tuple[Array, Array]:
    """Return values (C, H, W), and where all are valid."""
    rows, columns = slice(item.top, item.top + item.height), slice(item.left, item.left + item.width)
    values, valid = read_item(item, 0, rows, columns)
    if len(values) != len(channels):
        raise DataError(
            f"{item.name} has {len(values)} channels, and {model.card.name} has {len(channels)} there. Choose them "
            "with --bands and --target-bands."
        )
    for one, channel in zip(values, channels, strict=True):
        valid &= channel.valid(one)
    return values, valid


def _sample(values: Array, valid: Array) -> Array:
    """Return some of the valid values, (C, n)."""
    chosen = values[:, valid]
    return chosen[:, :: max(1, chosen.shape[1] // VALUES)]


def _scores(
    asked: UnpairedRequest,
    found: Mapping[str, Array],
    protocol: Mapping[str, Any],
    bounds: Mapping[str, Array] | None = None,
) -> list[Score]:
    """Return the scores of each channel, and the mean of those of "wasserstein"."""
    channels, scores = asked.model.card.channels_out, []
    for name, values in found.items():
        if asked.metrics and name not in asked.metrics:
            continue
        rows = [(name, float(values.mean()), channels, -1)] if len(values) == 1 or name == "wasserstein" else []
        if len(values) > 1:
            rows += [
                (f"{name}-{one.name or index + 1}", float(values[index]), channels[index : index + 1], index)
                for index, one in enumerate(channels)
            ]
        for metric, value, shown, index in rows:
            units = ", ".join(dict.fromkeys(one.unit for one in shown if one.unit))
            settings = {"unit": units} if units else {}
            low, high = map(float, bounds[name][index]) if bounds else (None, None)
            scores.append(Score(metric, value, Protocol(metric=metric, settings=settings, **protocol), low, high))
    return scores


def _describe(asked: UnpairedRequest, request: RasterRequest, made: int, real: int) -> dict[str, Any]:
    """Return what the protocols of all scores share."""
    names, words = [Path(side.rpartition("=")[2]).name for side in asked.sides], _split_words(asked, request)
    sha256 = request.fingerprint["sha256"]
    return {
        "library": f"ganzoo {__version__}",
        "generated": Sample(f"translated {names[0]}", made, words, sha256),
        "real": Sample(names[-1], real, words, sha256),
        "resizing": "whole images at their own resolution, valid pixels",
        "file_format": "values in units of the channels, not rounded",
        "device": str(asked.model.device),
    }


def _split_words(asked: UnpairedRequest, request: RasterRequest) -> str:
    return f"held out {asked.share:g}, by {request.options.split_by or 'file'}" if asked.share else "all"
