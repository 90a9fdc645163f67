"""class-accuracy: whether a generator makes the requested class, as a classifier sees it (arXiv:1610.09585, 4.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ganzoo.contracts.metric import Diagnosis, MetricResult, metric
from ganzoo.data.listing import some
from ganzoo.errors import DataError, OptionError
from ganzoo.evaluation.metrics.class_balance import require_classes
from ganzoo.evaluation.metrics.registry import full_name, mean_value
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.image_sets import GeneratedImages
from ganzoo.evaluation.statistics.moments import Array
from ganzoo.loading.model import Model

GUESSING = 0.1  # of the way from the share that is right by chance to all; below, images hardly depend on the label


@metric(needs=("model",), extractor="chosen")
def measure_class_accuracy(context: EvalContext) -> MetricResult:
    """Measure the share of images that the extractor recognizes as the requested class."""
    model: Model = context.require("model")
    requested, extractor = _requested_labels(context, model), require_classes(context, "class-accuracy")
    places = np.asarray(match_classes(model.card.classes, extractor.classes, model.card.name, extractor.label))
    found = compare_labels(context.labels(extractor, "evaluated"), places[requested], extractor.classes)
    context.report_samples.shares[f"Requested class, as predicted by {extractor.label}"] = {"evaluated": found.by_class}
    value = mean_value(context, full_name("class-accuracy", extractor), found.hits, "", extractor)
    return MetricResult([replace(value, settings={"labels": "all in turn"})], found.diagnoses)


def _requested_labels(context: EvalContext, model: Model) -> Array:
    """Return the numbers of the classes that the model was to generate, (N,). Raises OptionError if it takes none."""
    evaluated = context.sides.evaluated
    labels = evaluated.labels(0, evaluated.sample.count) if isinstance(evaluated, GeneratedImages) else ()
    if not len(labels):
        raise OptionError(
            f"class-accuracy of {context.name} is for models that generate images of a requested class, as "
            f"cgan/fashion-mnist does; its task is {model.card.task}. Omit class-accuracy."
        )
    return np.asarray(labels)


@dataclass(frozen=True, eq=False)
class Accuracy:
    """How often an image is of the requested class.

    Attributes:
        hits: (N,) float64: 1 if the predicted class is the requested one, else 0.
        by_class: Class -> share of its images that are recognized; only requested classes.
        diagnoses: One in words.
    """

    hits: Array
    by_class: dict[str, float]
    diagnoses: list[Diagnosis]

    @property
    def share(self) -> float:
        """The share of all images, 0 to 1, higher is better."""
        return float(self.hits.mean())


def compare_labels(predicted: Array, requested: Array, classes: Sequence[str]) -> Accuracy:
    """Compare the predicted class of each image with the requested one: (N,) places in ``classes``.

    Raises DataError if there are no images.
    """
    if not len(requested) or predicted.shape != requested.shape:
        raise DataError(
            f"{len(predicted):,} images and {len(requested):,} classes are not pairs. Give at least one image."
        )
    hits = (predicted == requested).astype(np.float64)
    by_class = {classes[place]: float(hits[requested == place].mean()) for place in np.unique(requested).tolist()}
    return Accuracy(hits, by_class, [_diagnose(predicted, requested, classes, by_class, float(hits.mean()))])


def match_classes(own: Sequence[str], others: Sequence[str], owner: str, other: str) -> list[int]:
    """Return, for each of a generator's classes, the place of the class of the same name among a classifier's.

    Case, spaces, hyphens and underscores do not count, and of a name with a slash each half is enough: "t-shirt" is
    "T-shirt/top".

    Args:
        own: The generator's classes.
        others: The classifier's classes.
        owner: Name of the generator, for the message.
        other: Name of the classifier, for the message.

    Raises:
        OptionError: a class has no match, or several; the message names it.
    """
    places = [_find_places(name, others) for name in own]
    lost = [name for name, found in zip(own, places, strict=True) if len(found) != 1]
    chosen = [found[0] for found in places if len(found) == 1]
    if not lost and len(set(chosen)) == len(own):
        return chosen
    twice = [name for name, found in zip(own, places, strict=True) if len(found) == 1 and chosen.count(found[0]) > 1]
    raise OptionError(
        f"The classes of {owner} ({some(list(own))}) are not those of {other} ({some(list(others))}): "
        f"{some(lost or twice)} {'has' if len(lost or twice) == 1 else 'have'} no unique match. "
        "Give an --extractor with the same classes; `ganzoo train --classes` names those of a model."
    )


def _find_places(name: str, others: Sequence[str]) -> list[int]:
    """Return the places of the classes of that name; without any, those of classes that share a half of it."""
    whole = [place for place, other in enumerate(others) if _normalize(other) == _normalize(name)]
    return whole or [place for place, other in enumerate(others) if _spellings(other) & _spellings(name)]


def _spellings(name: str) -> set[str]:
    return {_normalize(part) for part in (name, *name.split("/"))} - {""}


def _normalize(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _diagnose(
    predicted: Array, requested: Array, classes: Sequence[str], by_class: dict[str, float], share: float
) -> Diagnosis:
    name, chance = "class-accuracy", 1 / len(by_class)
    if len(by_class) > 1 and share < chance + GUESSING * (1 - chance):
        text = f"{share:.0%} of the images are of the requested class: they hardly depend on the label."
        return Diagnosis(name, text, alarm=True)
    worst = min(by_class, key=by_class.__getitem__)
    if by_class[worst] == 1:
        return Diagnosis(name, "Every image is recognized as the requested class.")
    place = list(classes).index(worst)
    mistaken = int(np.bincount(predicted[(requested == place) & (predicted != place)]).argmax())
    text = f"The class that is recognized least often is {worst}, {by_class[worst]:.0%}; most of its other images look"
    return Diagnosis(name, f"{text} like {classes[mistaken]}.")
