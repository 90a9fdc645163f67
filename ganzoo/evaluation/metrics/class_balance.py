"""balance: how far the shares of classes among generated images are from those among real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganzoo.contracts.metric import Diagnosis, MetricResult, MetricValue, metric
from ganzoo.data.listing import some
from ganzoo.errors import OptionError
from ganzoo.evaluation.metrics.registry import full_name
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.statistics import bootstrap
from ganzoo.evaluation.statistics.mode_counts import count_labels, find_covered
from ganzoo.evaluation.statistics.moments import Array

TAKING_OVER = 3.0  # times a class's share among real images, from which it displaces the others


@metric(extractor="chosen")
def measure_balance(context: EvalContext) -> MetricResult:
    """Measure the difference of the classes that the extractor predicts for evaluated and real images."""
    extractor = require_classes(context, "balance")
    fake, real = (context.labels(extractor, side) for side in ("evaluated", "real"))
    balance = compare_classes(fake, real, extractor.classes)
    context.report_samples.shares[f"Classes that {extractor.label} predicts"] = {
        side: dict(zip(extractor.classes, shares.tolist(), strict=True))
        for side, shares in (("real", balance.real), ("evaluated", balance.fake))
    }
    low, high = balance_interval(fake, real, len(extractor.classes), seed=context.config.seed)
    kind = "95 %, normal, standard error of 1000 bootstraps of both sides"
    value = MetricValue(full_name("balance", extractor), balance.distance, low, high, kind, extractor)
    return MetricResult([value], balance.diagnoses)


def require_classes(context: EvalContext, metric_name: str) -> FeatureExtractor:
    """Return the chosen extractor. Raises OptionError if it has no class names."""
    extractor = context.extractors.chosen
    if not extractor.classes:
        raise OptionError(
            f"{metric_name} needs an extractor with class names, and '{context.config.extractor}' has none. For gray "
            f"images of clothes give --extractor fashion-mnist; otherwise omit {metric_name}."
        )
    return extractor


@dataclass(frozen=True, eq=False)
class Balance:
    """Shares of K classes among generated and real images.

    Attributes:
        distance: Total variation: the share of images that would have to change class; 0 to 1, lower is better.
        entropy: Of the generated shares, over that of the real ones: below 1 if a few classes take over, 1 if all real
            and all generated images are of one class.
        fake, real: (K,) shares.
        diagnoses: One in words.
    """

    distance: float
    entropy: float
    fake: Array
    real: Array
    diagnoses: list[Diagnosis]


def compare_classes(fake_labels: Array, real_labels: Array, classes: Sequence[str]) -> Balance:
    """Compare the shares of classes.

    Args:
        fake_labels: (N,) places in ``classes``.
        real_labels: (M,) places in ``classes``.
        classes: K names.

    Raises:
        DataError: a label is not in ``classes``, or no class has enough images.
    """
    fake, real = (count_labels(labels, len(classes)) for labels in (fake_labels, real_labels))
    covered, evaluated, _ = find_covered(fake, real)
    fake, real = fake / fake.sum(), real / real.sum()
    unlike = {"vanishing": evaluated & ~covered, "taking over": evaluated & (fake >= TAKING_OVER * real)}
    named = {
        what: some([f"{classes[k]} ({fake[k]:.1%}, real {real[k]:.1%})" for k in range(len(classes)) if which[k]])
        for what, which in unlike.items()
        if which.any()
    }
    distance = float(np.abs(fake - real).sum() / 2)
    text = f"{distance:.0%} of the generated images would have to change class to match the real ones"
    text += "".join(f"; {what}: {which}" for what, which in named.items())
    return Balance(distance, _entropy_ratio(fake, real), fake, real, [Diagnosis("balance", f"{text}.", bool(named))])


def balance_interval(
    fake_labels: Array, real_labels: Array, classes: int, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return low and high for the distance of `Balance`, within 0 and 1, by resampling the images of both sides."""
    random = np.random.default_rng(seed)
    counts = [count_labels(labels, classes) for labels in (fake_labels, real_labels)]
    fake, real = (random.multinomial(each.sum(), each / each.sum(), resamples) / each.sum() for each in counts)
    value = float(np.abs(counts[0] / counts[0].sum() - counts[1] / counts[1].sum()).sum() / 2)
    low, high = bootstrap.normal_interval(value, np.abs(fake - real).sum(1) / 2)
    return max(low, 0.0), min(high, 1.0)


def _entropy_ratio(fake: Array, real: Array) -> float:
    fake_entropy, real_entropy = (-float((each[each > 0] * np.log(each[each > 0])).sum()) for each in (fake, real))
    return fake_entropy / real_entropy if real_entropy else float(fake_entropy == 0)
