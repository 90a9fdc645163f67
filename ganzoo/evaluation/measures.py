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
from ganzoo.evaluation import bootstrap, classification, clips, distances, failures, moments, neighbours, pairs
from ganzoo.evaluation import report_samples as show
from ganzoo.evaluation.classes import accuracy, counterparts
from ganzoo.evaluation.context import OFFICIAL, Case, each
from ganzoo.evaluation.features import Features
from ganzoo.evaluation.results import Exhibits, Finding
from ganzoo.recipes.sliced_wasserstein import sliced_wasserstein
from ganzoo.version import __version__

LEVEL = 0.95  # of every bootstrap interval


@dataclass(frozen=True)
class Value:
    """One measured number, and what of its protocol the case does not know.

    features   what made the features it is computed from, or None
    judged_by  the case's pictures it was measured against: "real", "truths", "inputs", "train", or ""
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    interval: str = ""
    features: Features | None = None
    judged_by: str = "real"
    library: str = f"ganzoo {__version__}"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Found:
    """What one measure gives."""

    values: list[Value] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


Measure = Callable[[Case, Exhibits], Found]
FeatureMeasure = Callable[[Case, Features], Found]


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


def _frechet(case: Case, features: Features) -> Found:
    """arXiv:1706.08500"""
    fake, real = case.of(features, "judged"), case.of(features, "real")
    of_real = case.once(f"{features.label} moments", lambda: moments.of(real))
    value = distances.frechet(moments.of(fake), of_real)
    name = named("fd", features)
    if not case.asked.resamples:
        return Found([Value(name, value, features=features)])
    low, high = bootstrap.frechet_interval(fake, of_real, LEVEL, case.asked.resamples, case.asked.seed)
    words = f"95 %, normal, standard error of {case.asked.resamples} bootstraps of the judged pictures"
    return Found([Value(name, value, low, high, words, features)])


def _kernel(case: Case, features: Features) -> Found:
    """arXiv:1801.01401"""
    fake, real, asked = case.of(features, "judged"), case.of(features, "real"), case.asked
    name = named("kd", features)
    if not asked.subset_size:
        value = distances.kernel_whole(fake, real)
        return Found([Value(name, value, features=features, settings={"pairs": "all"})])
    library = _library("torch-fidelity")
    mean, std = distances.kernel(fake, real, asked.subsets, asked.subset_size, asked.seed)
    settings = {"subsets": asked.subsets, "subset_size": asked.subset_size}
    words = "one standard deviation over the subsets"
    return Found([Value(name, mean, mean - std, mean + std, words, features, library=library, settings=settings)])


def _inception_score(case: Case, features: Features) -> Found:
    """arXiv:1606.03498"""
    words, library = "one standard deviation over the splits", _library("torch-fidelity")
    mean, std = distances.inception_score(features.logits(case.of(features, "judged")))
    settings = {"splits": 10}
    name = named("is", features)
    return Found([Value(name, mean, mean - std, mean + std, words, features, "", library, settings)])


def _manifolds(which: str) -> FeatureMeasure:
    """Return the measure of one of precision, recall (arXiv:1904.06991), density and coverage (arXiv:2002.09797)."""

    def measure(case: Case, features: Features) -> Found:
        k, k_density = case.asked.neighbours or 3, case.asked.neighbours or 5
        fake, real = case.of(features, "judged"), case.of(features, "real")
        made = case.once(f"{features.label} manifolds", lambda: neighbours.manifolds(fake, real, k, k_density))
        settings = {"neighbours": k if which in ("precision", "recall") else k_density}
        return Found([Value(named(which, features), getattr(made, which), features=features, settings=settings)])

    return measure


# ---- pairs -----------------------------------------------------------------------------------------------------------


def _mean(metric: str, judged_by: str, per_picture: np.ndarray, case: Case, **settings: Any) -> Found:
    low, high = bootstrap.interval(per_picture, LEVEL, seed=case.asked.seed)
    words = "95 %, percentiles of 1,000 bootstraps of the pictures"
    return Found([Value(metric, float(per_picture.mean()), low, high, words, None, judged_by, settings=settings)])


def _paired(metric: str, measure: Callable[[Tensor, Tensor], Any]) -> Measure:
    def measure_all(case: Case, exhibits: Exhibits) -> Found:
        per_picture = case.per_pair(measure)
        exhibits.histograms[f"{metric} of each picture"] = {"judged": per_picture.tolist()}
        return _mean(metric, "truths", per_picture, case)

    return measure_all


def _lpips(case: Case, exhibits: Exhibits) -> Found:
    """arXiv:1801.03924"""
    library, network = _library("torchmetrics"), pairs.fetch_lpips(device=case.device)
    found = _paired("lpips", network)(case, exhibits)
    settings = {"network": network.network, "sha256": network.sha256}
    return Found([replace(value, library=library, settings=settings) for value in found.values])


def _cycle(case: Case, exhibits: Exhibits) -> Found:
    """Of pictures sent there and back (arXiv:1703.10593, section 3.2). An untouched picture wins: read it beside fd."""
    back = case.require("back")
    return _mean("cycle-psnr", "inputs", each(pairs.psnr, case.there_and_back()), case, back=back.card.name)


def _identity(case: Case, exhibits: Exhibits) -> Found:
    """Mean change of pictures that are in the target domain already (arXiv:1703.10593, section 5.2)."""
    return _mean("identity", "real", each(pairs.l1, case.left_alone()), case)


def _in_the_hole(case: Case, exhibits: Exhibits) -> Found:
    """PSNR of what was made, without what was left as it was."""
    return _mean("hole-psnr", "truths", each(pairs.psnr, case.in_the_hole()), case)


# ---- clips -----------------------------------------------------------------------------------------------------------


def _swept(name: str, shown: Callable[[Tensor], Tensor]) -> Measure:
    """Return the sliced Wasserstein distance (arXiv:1710.10196) of what is shown of clips, made and real."""

    def measure(case: Case, exhibits: Exhibits) -> Found:
        real = case.require("real")
        if not isinstance(real, clips.StoredClips):
            raise OptionError(f"{name} is for models that make clips, and {case.name} makes pictures. Ask for fd.")
        count = min(clips.MOST, len(real), case.judged.sample.count)
        made = case.once("clips made", lambda: case.judged.clips(count, case.asked.batch_size))  # type: ignore[attr-defined]
        given = case.once("clips given", lambda: clips.some_clips(real, count))
        value = sliced_wasserstein(shown(made), shown(given), case.asked.seed)
        return Found([Value(name, value, settings={"clips": count, "times": 1000})])

    return measure


def _changes(of: Tensor) -> Tensor:
    """Return each frame less the one before it."""
    return clips.frames_of(of.diff(dim=2))


# ---- the discriminator, and failures ---------------------------------------------------------------------------------


def _discriminator(case: Case, exhibits: Exhibits) -> Found:
    """As the seed paper's table has it."""
    real, fake = (case.opinions(side) for side in ("real", "judged"))
    scores = classification.classify(torch.cat(real).numpy(), torch.cat(fake).numpy())
    return Found([Value(f"d-{name}", value) for name, value in scores.items()])


def _modes(case: Case, features: Features) -> Found:
    """arXiv:1611.02163: of the classes that the extractor sees, or of clusters of the real features."""
    asked, classes = case.asked, features.extractor.classes
    if classes and not asked.clusters:
        fake, real = (case.labels(features, side) for side in ("judged", "real"))
        found = failures.modes_by_class(fake, real, classes)
        settings: dict[str, Any] = {"modes": "classes"}
    else:
        fake, real = case.of(features, "judged"), case.of(features, "real")
        found = failures.modes(fake, real, asked.clusters or None, asked.seed)
        settings = {"modes": f"{len(found.held)} clusters"}
    return Found([Value(named("modes", features), found.share, features=features, settings=settings)], found.findings)


def _memorised(case: Case, exhibits: Exhibits) -> Found:
    """Of nearest training pictures, beside those of held-out real ones."""
    case.require("train")
    features = case.chosen
    held_out = case.of(features, "real") if case.real else None
    found = failures.memorisation(case.of(features, "judged"), case.of(features, "train"), held_out)
    show.of_memorised(case, found, exhibits)
    value = Value(named("memorised", features), found.share, features=features, judged_by="train")
    return Found([value], found.findings)


def _balance(case: Case, exhibits: Exhibits) -> Found:
    """Of the classes that the extractor sees in judged and in real pictures."""
    features, name = case.chosen, case.asked.extractor
    if not features.extractor.classes:
        raise OptionError(_nameless("balance", name))
    fake, real = (case.labels(features, side) for side in ("judged", "real"))
    classes = features.extractor.classes
    found = failures.balance(fake, real, classes)
    exhibits.shares[f"Classes that {features.label} sees"] = {
        side: dict(zip(classes, shares.tolist(), strict=True))
        for side, shares in (("real", found.real), ("judged", found.fake))
    }
    return Found([Value(named("balance", features), found.distance, features=features)], found.findings)


def _class_accuracy(case: Case, exhibits: Exhibits) -> Found:
    """Share of pictures that the extractor sees as the class asked for (arXiv:1610.09585, section 4.1)."""
    model, asked = case.require_labels()
    features, classes = case.chosen, case.chosen.extractor.classes
    if not classes:
        raise OptionError(_nameless("class-accuracy", case.asked.extractor))
    places = np.asarray(counterparts(model.card.classes, classes, model.card.name, features.label))
    found = accuracy(case.labels(features, "judged"), places[asked], classes)
    exhibits.shares[f"Right class, as {features.label} sees it"] = {"judged": found.of_each}
    low, high = bootstrap.interval(found.hits, LEVEL, seed=case.asked.seed)
    words, settings = "95 %, percentiles of 1,000 bootstraps of the pictures", {"labels": "all in turn"}
    value = Value(named("class-accuracy", features), found.share, low, high, words, features, "", settings=settings)
    return Found([value], found.findings)


def _nameless(metric: str, extractor: str) -> str:
    return (
        f"{metric} needs an extractor that names classes, which '{extractor}' does not. For clothes in grey give "
        f"--extractor fashion-mnist; leave {metric} out otherwise."
    )


def _on(which: Callable[[Case], Features], measure: FeatureMeasure, needs: str = "real") -> Measure:
    """Return a measure on the features of one extractor of the case, which is built when the rest is there."""

    def on_features(case: Case, exhibits: Exhibits) -> Found:
        if needs:
            case.require(needs)
        return measure(case, which(case))

    return on_features


def _chosen(case: Case) -> Features:
    return case.chosen


def _inception(case: Case) -> Features:
    return case.inception


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
    "memorised": _memorised,
    "balance": _balance,
    "class-accuracy": _class_accuracy,
}
