"""A model of rasters measured in the units of its channels, beside baselines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.cards.protocol import Protocol, Sample, Score
from ganzoo.data.config import DataConfig
from ganzoo.data.rasters import ranges
from ganzoo.data.rasters.choosing import parse_options
from ganzoo.data.rasters.items import Item, make_items
from ganzoo.data.rasters.open_rasters import RasterRequest, open_files, split_items
from ganzoo.errors import DataError, OptionError, UnknownName, suggest
from ganzoo.evaluation.samples.features import Progress
from ganzoo.evaluation.samples.results import Evaluation
from ganzoo.evaluation.units import baselines, fields, measures, pictures
from ganzoo.evaluation.units.baselines import Baseline
from ganzoo.evaluation.units.composite_windows import CompositeWindows
from ganzoo.evaluation.units.image_pairs import RasterPair, predict, read_item
from ganzoo.evaluation.units.similarity import sum_ssim
from ganzoo.evaluation.units.sums import Array, Sums, sum_up
from ganzoo.evaluation.units.unpaired import UnpairedRequest, evaluate_unpaired, is_unpaired
from ganzoo.files.parsing import is_number, parse_json
from ganzoo.files.regular import read_text
from ganzoo.loading.model import Model
from ganzoo.version import __version__

EXAMPLES = 4
MODEL = "model"
INTERVAL = "95 %, percentiles of 1,000 bootstraps of the groups"


@dataclass(frozen=True)
class RasterEvaluation:
    """What is evaluated.

    Attributes:
        model: With channels on its card.
        name: Its reference.
        items: The evaluated images.
        fitted_on: Images to fit baselines on.
        fitted_words: What those are.
        source: Where the evaluated images come from, in words.
        split: Which part of it they are.
        sha256: Of the files.
        metrics: Names; (): all.
        baselines: Names of `ganzoo.evaluation.units.baselines`.
        seed: Of resampling.
        windows: Takes windows of predictions and truths, where metrics on features are asked for.
    """

    model: Model
    name: str
    items: Sequence[Item]
    fitted_on: Sequence[Item]
    fitted_words: str
    source: str
    split: str = "all"
    sha256: str = ""
    metrics: Sequence[str] = ()
    baselines: Sequence[str] = ()
    seed: int = 0
    windows: CompositeWindows | None = None


def evaluate_rasters(
    model: Model,
    name: str,
    data: Sequence[str],
    *,
    metrics: Sequence[str] = (),
    baseline: Sequence[str] = (),
    validation: float = 0.0,
    seed: int = 0,
    raster_options: Mapping[str, Any] | None = None,
    windows: CompositeWindows | None = None,
    on_progress: Progress = lambda count: None,
    on_remaining: Progress = lambda count: None,
) -> Evaluation:
    """Measure a model that translates rasters.

    Args:
        model: A model with channels on its card.
        name: Its reference.
        data: Inputs and targets, or, of a model that learned without pairs, two sets; (): what the run in the model's
            folder held out.
        metrics: Some of `measures.NAMES`; (): all that apply.
        baseline: Some of `baselines.NAMES`.
        validation: Measure on the share that training with the same ``validation`` and ``split_by`` held out; 0: all.
        seed: Of resampling.
        raster_options: As `ganzoo.data.rasters.options.RasterOptions`.
        windows: Takes windows of translations and of what they should resemble.
        on_progress: Called with a number of images whenever that many are processed.
        on_remaining: Called with the number of images to process, when it is known.

    Raises:
        DataError: Images are missing or do not fit the model.
        OptionError: An option is not valid.
    """
    if is_unpaired(model):
        sides, options, share = _what_to_read(model, name, data, raster_options or {}, validation)
        asked = UnpairedRequest(model, name, sides, options, share, metrics, baseline, seed, windows)
        return evaluate_unpaired(asked, on_progress, on_remaining)
    for each in metrics:
        if each not in measures.NAMES:
            raise UnknownName(
                f"No metric of rasters is called '{each}'.{suggest(each, measures.NAMES)} They are: "
                f"{', '.join(measures.NAMES)}."
            )
    sides, options, share = _what_to_read(model, name, data, raster_options or {}, validation)
    config = DataConfig(image_size=model.card.image_size)
    request = open_files(sides, "paired", config, parse_options(options), share)
    train, held_out = split_items(_items(request), request)
    held_words = f"held out {share:g}, by {request.options.split_by or 'file'}"
    evaluation = RasterEvaluation(
        model,
        name,
        held_out if share else train,
        train,
        "the other images of these data" if share else "the evaluated images themselves",
        " + ".join(Path(side.rpartition("=")[2]).name for side in sides),
        held_words if share else "all",
        request.fingerprint["sha256"],
        metrics,
        baseline,
        seed,
        windows,
    )
    on_remaining(len(evaluation.items))
    return measure(evaluation, on_progress)


def _items(request: RasterRequest) -> list[Item]:
    return make_items(list(zip(*request.sides, strict=True)), request.options)


def _what_to_read(
    model: Model, name: str, data: Sequence[str], options: Mapping[str, Any], validation: float
) -> tuple[list[str], dict[str, Any], float]:
    """Return the sides, options and held-out share: the given ones, or those of the model's run."""
    if data:
        return list(data), dict(options), validation
    run = Path(name.removeprefix("dir:"), "run.json")
    if not name.startswith("dir:") or not run.is_file():
        raise OptionError(f"{name} is evaluated on pairs: give --input FILES and --target FILES.")
    settings = _read_run(run)
    stored, share = settings["raster_options"], settings["validation"]
    if not share:
        raise OptionError(f"The run {name} held nothing out. Give other data: --input FILES --target FILES.")
    return settings["data"], {**stored, **options}, share


def _read_run(path: Path) -> dict[str, Any]:
    """Return what a run.json says of data, held-out share and raster options. Raises OptionError."""
    try:
        settings = parse_json(read_text(path, OptionError))
        sides, stored = settings.get("data"), settings.get("raster_options") or {}
        share = settings.get("validation") or 0.0
    except (OSError, ValueError, AttributeError) as error:
        raise OptionError(f"{path} cannot be read: {str(error).rstrip('.')}. Give --input and --target.") from error
    listed = [sides] if isinstance(sides, str) else sides
    fits = isinstance(listed, list) and all(isinstance(side, str) for side in listed) and isinstance(stored, dict)
    if not fits or not is_number(share) or not 0 <= share < 1:
        raise OptionError(f"{path} does not say what the run was trained on. Give --input FILES and --target FILES.")
    return {"data": listed, "raster_options": stored, "validation": share}


@dataclass
class _Measured:
    """Sums by group of the model and of each baseline, and images to show."""

    groups: dict[str, dict[str, Sums]] = field(default_factory=dict)
    shown: list[RasterPair] = field(default_factory=list)

    def add(self, who: str, group: str, sums: Sums) -> None:
        groups = self.groups.setdefault(who, {})
        groups[group] = groups[group] + sums if group in groups else sums


def measure(evaluation: RasterEvaluation, on_progress: Progress = lambda count: None) -> Evaluation:
    """Return the scores of a model and of baselines, with examples for the report."""
    card = evaluation.model.card
    spans = np.array([abs(one.range[1] - one.range[0]) if one.range else 1.0 for one in card.channels_out])
    shift = np.array([sum(one.range) / 2 if one.range else 0.0 for one in card.channels_out])
    fitted = {
        name: baselines.fit(
            name, _read(evaluation.fitted_on), card.channels_in, card.channels_out, evaluation.fitted_words
        )
        for name in evaluation.baselines
    }
    fit = all(sum(one.shape[0] for one in item.sides[0]) == len(card.channels_in) for item in evaluation.items)
    own = ranges.of_images(evaluation.items, [card.channels_in, card.channels_out]) if fit else {}
    found = _Measured()
    for item in evaluation.items:
        pair = predict(evaluation.model, item, own.get(item.name, ()))
        on_progress(1)
        if not pair.valid.any():
            continue
        for who, values in _predictions(pair, fitted):
            found.add(who, item.group, _sum(values, pair, spans, shift, [one.unit for one in card.channels_out]))
        if evaluation.windows is not None:
            evaluation.windows.add_made(pair.predicted, pair.valid)
            evaluation.windows.add_real(pair.true, pair.valid)
        if len(found.shown) < EXAMPLES:
            found.shown.append(pair)
    if not found.groups:
        raise DataError("No evaluated image has a valid pixel.")
    return _evaluation(evaluation, found, fitted, spans)


def _read(items: Sequence[Item]) -> Iterator[baselines.Pair]:
    for item in items:
        place = slice(item.top, item.top + item.height), slice(item.left, item.left + item.width)
        inputs, valid = read_item(item, 0, *place)
        truth, known = read_item(item, 1, *place)
        yield inputs, truth, valid & known & np.isfinite(inputs).all(0) & np.isfinite(truth).all(0)


def _predictions(pair: RasterPair, fitted: Mapping[str, Baseline]) -> Iterator[tuple[str, Array]]:
    yield MODEL, pair.predicted
    for name, baseline in fitted.items():
        yield name, baseline.predict(pair.inputs)


def _sum(predicted: Array, pair: RasterPair, spans: Array, shift: Array, units: Sequence[str]) -> Sums:
    similar = [
        sum_ssim(one, other, pair.valid, span) for one, other, span in zip(predicted, pair.true, spans, strict=True)
    ]
    similarity, windows = (np.array(each, np.float64) for each in zip(*similar, strict=True))
    return sum_up(predicted, pair.true, pair.valid, shift, similarity, windows, units)


def _evaluation(
    evaluation: RasterEvaluation, found: _Measured, fitted: Mapping[str, Baseline], spans: Array
) -> Evaluation:
    card, groups = evaluation.model.card, found.groups[MODEL]
    scores = _scores(evaluation, groups, spans)
    result = Evaluation(evaluation.name, f"{len(evaluation.items):,} {evaluation.source}, {evaluation.split}", scores)
    result.baselines = {
        name: {score.metric: score.value for score in _scores(evaluation, found.groups[name], spans, bounds=False)}
        for name in fitted
    }
    units = ", ".join(
        f"{one.name or f'channel {number}'} {one.range[0]:g} to {one.range[1]:g}{' ' + one.unit if one.unit else ''}"
        for number, one in enumerate(card.channels_out, 1)
        if one.range
    )
    result.notes = [f"PSNR and SSIM have the range of the model's output channels: {units}."]
    result.notes += [f"Baseline {name}: {baseline.what}." for name, baseline in fitted.items()]
    if len(groups) < 2:
        result.notes.append("All images are of one group: there are no intervals.")
    samples = result.report_samples
    samples.best = [pictures.example(pair, card.channels_in, card.channels_out) for pair in found.shown]
    samples.ordered_by = "order of the files"
    for index, channel in enumerate(card.channels_out):
        title = f"{channel.name or f'channel {index + 1}'}: prediction (up) against truth (right)"
        samples.scatters[title] = {"pixels": pictures.scatter(found.shown, index, evaluation.seed)}
        title = (
            f"{channel.name or f'channel {index + 1}'}: difference (up) against mean of prediction and truth (right)"
        )
        samples.scatters[title] = pictures.bland_altman(found.shown, index, channel.unit, evaluation.seed)
    return result


def _scores(evaluation: RasterEvaluation, groups: Mapping[str, Sums], spans: Array, bounds: bool = True) -> list[Score]:
    """Return the scores: of each channel, and their mean where there are several."""
    channels = evaluation.model.card.channels_out
    found = measures.compute(measures.total(list(groups.values())), spans)
    intervals = measures.intervals(groups, spans, evaluation.seed) if bounds else {}
    scores, units = [], [one.unit for one in channels]
    for name, values in found.items():
        if name not in evaluation.metrics if evaluation.metrics else not fields.wanted(name, units):
            continue
        rows = [(name, float(values.mean()), -1)]
        if len(values) > 1:
            rows += [
                (f"{name}-{one.name or index + 1}", float(values[index]), index) for index, one in enumerate(channels)
            ]
        for metric, value, index in rows:
            bounds_of = intervals[name][index] if name in intervals else np.array([np.nan, np.nan])
            low, high = (float(bound) for bound in bounds_of) if np.isfinite(bounds_of).all() else (None, None)
            protocol = _protocol(evaluation, metric, name, index, spans, bool(intervals))
            scores.append(Score(metric, value, protocol, low, high))
    return scores


def _protocol(
    evaluation: RasterEvaluation, metric: str, name: str, index: int, spans: Array, has_interval: bool
) -> Protocol:
    channels = evaluation.model.card.channels_out
    shown = channels if index < 0 else channels[index : index + 1]
    settings: dict[str, Any] = {}
    if name not in measures.UNITLESS and any(one.unit for one in shown):
        settings["unit"] = ", ".join(dict.fromkeys(one.unit for one in shown))
    if name in ("psnr", "ssim"):
        settings["data_range"] = [float(span) for span in (spans if index < 0 else spans[index : index + 1])]
    if name == "ergas":
        settings["ratio"] = 1
    sample = Sample(evaluation.source, len(evaluation.items), evaluation.split, evaluation.sha256)
    return Protocol(
        metric=metric,
        library=f"ganzoo {__version__}",
        generated=Sample(f"translated {evaluation.source}", len(evaluation.items), evaluation.split, evaluation.sha256),
        real=sample,
        resizing="whole images at their own resolution, valid pixels",
        file_format="values in units of the channels, not rounded",
        device=str(evaluation.model.device),
        settings=settings,
        interval=INTERVAL if has_interval else "",
    )
