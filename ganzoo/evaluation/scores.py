"""A measured value -> a `Score`: everything that its protocol records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.cards.protocol import Protocol, Score
from ganzoo.contracts.metric import MetricValue
from ganzoo.evaluation.samples.context import EvalContext, Sides
from ganzoo.evaluation.samples.degraded_images import DegradedImages
from ganzoo.evaluation.samples.image_sets import ImageSet, StoredImages
from ganzoo.inference import devices

FEW = 2_000  # images, below which a note warns about the metrics that depend on the count
COUNT_DEPENDENT = ("precision", "recall", "density", "coverage")


def build_score(context: EvalContext, value: MetricValue, call: Mapping[str, Any]) -> Score:
    """Return a value with its protocol; ``call``: the arguments of `ganzoo.evaluate`."""
    extractor = value.extractor
    compared_with = getattr(context.sides, value.compared_with) if value.compared_with else None
    resizing = [describe_resizing(context.sides), extractor.network.resizing if extractor else ""]
    protocol = Protocol(
        metric=value.metric,
        library=value.library,
        generated=context.sides.evaluated.sample,
        real=compared_with.sample if compared_with else None,
        extractor=extractor.label if extractor else "",
        extractor_sha256=extractor.network.weights_sha256 if extractor else "",
        resizing="; ".join(step for step in resizing if step),
        file_format=describe_file_format(context.sides.evaluated),
        precision=extractor.precision if extractor else "float32",
        device=devices.describe(context.device),
        settings=value.settings,
        interval=value.interval,
        call={"metrics": [context.metric], **_needed(call, value)},
    )
    return Score(value.metric, value.value, protocol, value.low, value.high)


def describe_resizing(sides: Sides) -> str:
    """Return how the images were resized before the comparison: once, if it is the same on all sides."""
    named = {"inputs": sides.inputs, "evaluated": sides.evaluated, "real": sides.real}
    texts = {name: side.resizing for name, side in named.items() if isinstance(side, (StoredImages, DegradedImages))}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{name}: {text}" for name, text in texts.items())


def describe_file_format(images: ImageSet) -> str:
    """Return what the evaluated images are: 8-bit values, or files of some formats."""
    names = images.names if isinstance(images, StoredImages) else []
    suffixes = sorted({Path(name).suffix.lower() for name in names} - {""})
    return f"8-bit, {' and '.join(suffixes)} files" if suffixes else "8-bit, uncompressed"


def build_notes(sides: Sides, metrics: Sequence[str], warned: Collection[str] = ()) -> list[str]:
    """Return what a reader of these metrics should know; ``warned``: those of which a diagnosis says it already."""
    counts = {"evaluated": sides.evaluated.sample.count, "real": sides.real.sample.count if sides.real else FEW}
    few = min(counts, key=counts.__getitem__)
    if counts[few] >= FEW:
        return []
    frechet = [name for name in metrics if name.startswith(("fd-", "fid")) and "-infinity" not in name]
    facts = []
    if frechet and not set(frechet) & set(warned):
        facts.append("Frechet distances are too high by an amount that depends on the count")
    others = [name for name in COUNT_DEPENDENT if name in {metric.partition("-")[0] for metric in metrics}]
    if others:
        facts.append(f"{' and '.join(others)} {'mean' if len(others) > 1 else 'means'} little")
    if not facts:
        return []
    said = f"There are only {counts[few]:,} {few} images: {', and '.join(facts)}."
    return [f"{said} Compare only with scores of equal counts."]


def _needed(call: Mapping[str, Any], value: MetricValue) -> dict[str, Any]:
    """Return the arguments without those that only other metrics need."""
    omitted = {"train": value.compared_with != "train", "back": "back" not in value.settings}
    if not {"subsets", "pairs"} & set(value.settings):
        omitted |= dict.fromkeys(("subsets", "subset_size"), True)
    if value.extractor is None:
        omitted |= dict.fromkeys(("extractor", "extractor_options", "precision"), True)
    kept = {name: argument for name, argument in call.items() if not omitted.get(name) and argument != ()}
    return {name: list(argument) if isinstance(argument, tuple) else argument for name, argument in kept.items()}
