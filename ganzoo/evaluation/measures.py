"""The measures by name: each asks a `Case` for what it needs, and gives values, findings and what a report shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganzoo.errors import MissingPackage, OptionError
from ganzoo.evaluation import bootstrap, classification, clips, distances, failures, moments, neighbors, pairs
from ganzoo.evaluation import report_samples as show
from ganzoo.evaluation.classes import accuracy, counterparts
from ganzoo.evaluation.context import OFFICIAL, EvalContext, each
from ganzoo.evaluation.features import Features
from ganzoo.evaluation.results import Diagnosis, ReportSamples
from ganzoo.recipes.sliced_wasserstein import sliced_wasserstein
from ganzoo.version import __version__

LEVEL = 0.95  # of every bootstrap interval


@dataclass(frozen=True)
class Value:
    """One measured number, and what of its protocol the case does not know.

    features   what made the features it is computed from, or None
    compared_with  the case's pictures it was measured against: "real", "truths", "inputs", "train", or ""
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    interval: str = ""
    features: Features | None = None
    compared_with: str = "real"
    library: str = f"ganzoo {__version__}"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Found:
    """What one measure gives."""

    values: list[Value] = field(default_factory=list)
    diagnoses: list[Diagnosis] = field(default_factory=list)


Measure = Callable[[EvalContext, ReportSamples], Found]
FeatureMeasure = Callable[[EvalContext, Features], Found]


def named(metric: str, features: Features) -> str:
    """Return a metric's name on these features: "fid" and "kid" are Inception's, others are called after theirs."""
    if features.label == OFFICIAL:
        return {"fd": "fid", "kd": "kid"}.get(metric, metric)
    return f"{metric}-{features.label}"


def _library(name: str) -> str:
    """Return the versions of ganzoo and of another package. Raises MissingPackage where that is not installed."""
    try:
        return f"ganzoo {__version__}; {name} {version(name)}"
    except PackageNotFoundError as error:
        raise MissingPackage.of("This metric", name, "eval") from error


# ---- distributions ---------------------------------------------------------------------------------------------------


def _frechet(context: EvalContext, features: Features) -> Found:
    """arXiv:1706.08500"""
    fake, real = context.of(features, "evaluated"), context.of(features, "real")
    of_real = context.once(f"{features.label} moments", lambda: moments.of(real))
    value = distances.frechet(moments.of(fake), of_real)
    name = named("fd", features)
    if not context.config.resamples:
        return Found([Value(name, value, features=features)])
    low, high = bootstrap.frechet_interval(fake, of_real, LEVEL, context.config.resamples, context.config.seed)
    words = f"95 %, normal, standard error of {context.config.resamples} bootstraps of the judged pictures"
    return Found([Value(name, value, low, high, words, features)])


def _kernel(context: EvalContext, features: Features) -> Found:
    """arXiv:1801.01401"""
    fake, real, config = context.of(features, "evaluated"), context.of(features, "real"), context.config
    name = named("kd", features)
    if not config.subset_size:
        value = distances.kernel_whole(fake, real)
        return Found([Value(name, value, features=features, settings={"pairs": "all"})])
    library = _library("torch-fidelity")
    mean, std = distances.kernel(fake, real, config.subsets, config.subset_size, config.seed)
    settings = {"subsets": config.subsets, "subset_size": config.subset_size}
    words = "one standard deviation over the subsets"
    return Found([Value(name, mean, mean - std, mean + std, words, features, library=library, settings=settings)])


def _inception_score(context: EvalContext, features: Features) -> Found:
    """arXiv:1606.03498"""
    words, library = "one standard deviation over the splits", _library("torch-fidelity")
    mean, std = distances.inception_score(features.logits(context.of(features, "evaluated")))
    settings = {"splits": 10}
    name = named("is", features)
    return Found([Value(name, mean, mean - std, mean + std, words, features, "", library, settings)])


def _manifolds(which: str) -> FeatureMeasure:
    """Return the measure of one of precision, recall (arXiv:1904.06991), density and coverage (arXiv:2002.09797)."""

    def measure(context: EvalContext, features: Features) -> Found:
        k, k_density = context.config.neighbors or 3, context.config.neighbors or 5
        fake, real = context.of(features, "evaluated"), context.of(features, "real")
        made = context.once(f"{features.label} manifolds", lambda: neighbors.manifolds(fake, real, k, k_density))
        settings = {"neighbors": k if which in ("precision", "recall") else k_density}
        return Found([Value(named(which, features), getattr(made, which), features=features, settings=settings)])

    return measure


# ---- pairs -----------------------------------------------------------------------------------------------------------


def _mean(metric: str, compared_with: str, per_image: np.ndarray, context: EvalContext, **settings: Any) -> Found:
    low, high = bootstrap.interval(per_image, LEVEL, seed=context.config.seed)
    words = "95 %, percentiles of 1,000 bootstraps of the pictures"
    return Found([Value(metric, float(per_image.mean()), low, high, words, None, compared_with, settings=settings)])


def _paired(metric: str, measure: Callable[[Tensor, Tensor], Any]) -> Measure:
    def measure_all(context: EvalContext, report_samples: ReportSamples) -> Found:
        per_image = context.per_pair(measure)
        report_samples.histograms[f"{metric} of each picture"] = {"evaluated": per_image.tolist()}
        return _mean(metric, "truths", per_image, context)

    return measure_all


def _lpips(context: EvalContext, report_samples: ReportSamples) -> Found:
    """arXiv:1801.03924"""
    library, network = _library("torchmetrics"), pairs.fetch_lpips(device=context.device)
    found = _paired("lpips", network)(context, report_samples)
    settings = {"network": network.network, "sha256": network.sha256}
    return Found([replace(value, library=library, settings=settings) for value in found.values])


def _cycle(context: EvalContext, report_samples: ReportSamples) -> Found:
    """Of pictures sent there and back (arXiv:1703.10593, section 3.2). An untouched picture wins: read it beside fd."""
    back = context.require("back")
    return _mean("cycle-psnr", "inputs", each(pairs.psnr, context.there_and_back()), context, back=back.card.name)


def _identity(context: EvalContext, report_samples: ReportSamples) -> Found:
    """Mean change of pictures that are in the target domain already (arXiv:1703.10593, section 5.2)."""
    return _mean("identity", "real", each(pairs.l1, context.left_alone()), context)


def _in_the_hole(context: EvalContext, report_samples: ReportSamples) -> Found:
    """PSNR of what was made, without what was left as it was."""
    return _mean("hole-psnr", "truths", each(pairs.psnr, context.in_the_hole()), context)


# ---- clips -----------------------------------------------------------------------------------------------------------


def _swept(name: str, shown: Callable[[Tensor], Tensor]) -> Measure:
    """Return the sliced Wasserstein distance (arXiv:1710.10196) of what is shown of clips, made and real."""

    def measure(context: EvalContext, report_samples: ReportSamples) -> Found:
        real = context.require("real")
        if not isinstance(real, clips.StoredClips):
            raise OptionError(f"{name} is for models that make clips, and {context.name} makes pictures. Ask for fd.")
        count = min(clips.MOST, len(real), context.evaluated.sample.count)
        made = context.once("clips made", lambda: context.evaluated.clips(count, context.config.batch_size))  # type: ignore[attr-defined]
        given = context.once("clips given", lambda: clips.some_clips(real, count))
        value = sliced_wasserstein(shown(made), shown(given), context.config.seed)
        return Found([Value(name, value, settings={"clips": count, "times": 1000})])

    return measure


def _changes(of: Tensor) -> Tensor:
    """Return each frame less the one before it."""
    return clips.frames_of(of.diff(dim=2))


# ---- the discriminator, and failures ---------------------------------------------------------------------------------


def _discriminator(context: EvalContext, report_samples: ReportSamples) -> Found:
    """As the seed paper's table has it."""
    real, fake = (context.discriminator_logits(side) for side in ("real", "evaluated"))
    scores = classification.classify(torch.cat(real).numpy(), torch.cat(fake).numpy())
    return Found([Value(f"d-{name}", value) for name, value in scores.items()])


def _modes(context: EvalContext, features: Features) -> Found:
    """arXiv:1611.02163: of the classes that the extractor sees, or of clusters of the real features."""
    config, classes = context.config, features.extractor.classes
    if classes and not config.clusters:
        fake, real = (context.labels(features, side) for side in ("evaluated", "real"))
        found = failures.modes_by_class(fake, real, classes)
        settings: dict[str, Any] = {"modes": "classes"}
    else:
        fake, real = context.of(features, "evaluated"), context.of(features, "real")
        found = failures.modes(fake, real, config.clusters or None, config.seed)
        settings = {"modes": f"{len(found.held)} clusters"}
    return Found([Value(named("modes", features), found.share, features=features, settings=settings)], found.diagnoses)


def _memorized(context: EvalContext, report_samples: ReportSamples) -> Found:
    """Of nearest training pictures, beside those of held-out real ones."""
    context.require("train")
    features = context.chosen
    held_out = context.of(features, "real") if context.real else None
    found = failures.memorization(context.of(features, "evaluated"), context.of(features, "train"), held_out)
    show.of_memorized(context, found, report_samples)
    value = Value(named("memorized", features), found.share, features=features, compared_with="train")
    return Found([value], found.diagnoses)


def _balance(context: EvalContext, report_samples: ReportSamples) -> Found:
    """Of the classes that the extractor sees in judged and in real pictures."""
    features, name = context.chosen, context.config.extractor
    if not features.extractor.classes:
        raise OptionError(_nameless("balance", name))
    fake, real = (context.labels(features, side) for side in ("evaluated", "real"))
    classes = features.extractor.classes
    found = failures.balance(fake, real, classes)
    report_samples.shares[f"Classes that {features.label} sees"] = {
        side: dict(zip(classes, shares.tolist(), strict=True))
        for side, shares in (("real", found.real), ("evaluated", found.fake))
    }
    return Found([Value(named("balance", features), found.distance, features=features)], found.diagnoses)


def _class_accuracy(context: EvalContext, report_samples: ReportSamples) -> Found:
    """Share of pictures that the extractor sees as the class asked for (arXiv:1610.09585, section 4.1)."""
    model, config = context.require_labels()
    features, classes = context.chosen, context.chosen.extractor.classes
    if not classes:
        raise OptionError(_nameless("class-accuracy", context.config.extractor))
    places = np.asarray(counterparts(model.card.classes, classes, model.card.name, features.label))
    found = accuracy(context.labels(features, "evaluated"), places[config], classes)
    report_samples.shares[f"Right class, as {features.label} sees it"] = {"evaluated": found.of_each}
    low, high = bootstrap.interval(found.hits, LEVEL, seed=context.config.seed)
    words, settings = "95 %, percentiles of 1,000 bootstraps of the pictures", {"labels": "all in turn"}
    value = Value(named("class-accuracy", features), found.share, low, high, words, features, "", settings=settings)
    return Found([value], found.diagnoses)


def _nameless(metric: str, extractor: str) -> str:
    return (
        f"{metric} needs an extractor that names classes, which '{extractor}' does not. For clothes in gray give "
        f"--extractor fashion-mnist; leave {metric} out otherwise."
    )


def _on(which: Callable[[EvalContext], Features], measure: FeatureMeasure, needs: str = "real") -> Measure:
    """Return a measure on the features of one extractor of the case, which is built when the rest is there."""

    def on_features(context: EvalContext, report_samples: ReportSamples) -> Found:
        if needs:
            context.require(needs)
        return measure(context, which(context))

    return on_features


def _chosen(context: EvalContext) -> Features:
    return context.chosen


def _inception(context: EvalContext) -> Features:
    return context.inception


# What `--metrics` takes, in the order in which help shows them.
MEASURES: Mapping[str, Measure] = {
    "fid": _on(_inception, _frechet),
    "kid": _on(_inception, _kernel),
    "is": _on(_chosen, _inception_score, needs=""),
    "fd": _on(_chosen, _frechet),
    "kd": _on(_chosen, _kernel),
    **{name: _on(_chosen, _manifolds(name)) for name in ("precision", "recall", "density", "coverage")},
    "l1": _paired("l1", pairs.l1),
    "psnr": _paired("psnr", pairs.psnr),
    "ssim": _paired("ssim", pairs.ssim),
    "lpips": _lpips,
    "hole-psnr": _in_the_hole,
    "cycle-psnr": _cycle,
    "identity": _identity,
    "swd-frames": _swept("swd-frames", clips.frames_of),
    "swd-motion": _swept("swd-motion", _changes),
    "discriminator": _discriminator,
    "modes": _on(_chosen, _modes),
    "memorized": _memorized,
    "balance": _balance,
    "class-accuracy": _class_accuracy,
}
