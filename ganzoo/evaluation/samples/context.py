"""Everything that metrics need of one evaluation; what is costly is computed once, when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.errors import OptionError
from ganzoo.evaluation.samples.config import EvalConfig
from ganzoo.evaluation.samples.degraded_images import DegradedImages
from ganzoo.evaluation.samples.extractors import Extractors
from ganzoo.evaluation.samples.features import FeatureExtractor, Progress, prefetch
from ganzoo.evaluation.samples.image_sets import ImageSet, StoredImages
from ganzoo.evaluation.samples.results import ReportSamples
from ganzoo.loading.model import Model


@dataclass
class Sides:
    """The image sets of one evaluation.

    Attributes:
        evaluated: The images that are evaluated.
        real: The images that they should resemble.
        truths: The image that each evaluated one should equal, in the same order.
        inputs: The images that were translated, in the same order.
        train: The images that the model was trained on, for memorized.
    """

    evaluated: ImageSet
    real: StoredImages | None = None
    truths: StoredImages | None = None
    inputs: StoredImages | DegradedImages | None = None
    train: StoredImages | None = None


@dataclass
class Models:
    """The networks of one evaluation; all None if a folder of images is evaluated.

    Attributes:
        model: The model that is evaluated.
        discriminator: Its discriminator: float images (N, C, H, W) in [-1, 1] to logits.
        back: The model that translates in the other direction.
        label: Number of the class that images are translated to, for models that take a label.
    """

    model: Model | None = None
    discriminator: nn.Module | None = None
    back: Model | None = None
    label: int | None = None


@dataclass
class EvalContext:
    """One model, or one folder of images, with all that metrics need.

    Attributes:
        name: The reference, for messages.
        kind: "images", "paired", "unpaired", "labeled" or "clips".
        sides: The image sets.
        models: The networks.
        config: How to measure.
        device: Where to compute.
        on_progress: Called with a number of images whenever that many are processed.
        on_remaining: Called with the number of images that are still expected, again whenever that is known better.
        metric: The metric that is being measured, for messages.
        requested: Whether the user named the metrics. A default that means nothing for these images is left out.
        report_samples: What a report shows; metrics add to it.
    """

    name: str
    kind: str
    sides: Sides
    config: EvalConfig
    device: torch.device
    models: Models = field(default_factory=Models)
    on_progress: Progress = lambda count: None
    on_remaining: Progress = lambda count: None
    metric: str = ""
    requested: bool = True
    report_samples: ReportSamples = field(default_factory=ReportSamples)
    _cache: dict[str, Any] = field(default_factory=dict)

    def require(self, name: str) -> Any:
        """Return one of `Sides` or `Models` by name. Raises OptionError that says what to give if there is none."""
        found = getattr(self.sides if hasattr(self.sides, name) else self.models, name)
        if found is None:
            raise OptionError(f"{self.metric} of {self.name} {_MISSING[name]}")
        return found

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return what ``compute`` returned when it was first called under this name."""
        if name not in self._cache:
            self._cache[name] = compute()
        return self._cache[name]

    def batches(self, images: ImageSet) -> Iterator[Tensor]:
        """Yield images (N, C, H, W) uint8, prepared ahead, and count them as processed."""
        for batch in prefetch(images.batches(self.config.batch_size)):
            yield batch
            self.on_progress(len(batch))

    def with_images(self, sides: Sides, known: Mapping[str, Any]) -> EvalContext:
        """Return a context of other images, for baselines: the same extractors, no intervals, nothing for a report.

        Args:
            sides: Its images.
            known: What was computed of them before, by the names of `once`.
        """
        other = replace(
            self,
            sides=sides,
            config=replace(self.config, resamples=0),
            report_samples=ReportSamples(),
            _cache=dict(known),
        )
        other.__dict__["extractors"] = self.extractors
        return other

    def known(self, *sides: str) -> dict[str, Any]:
        """Return the features and logits of some ``sides`` that were computed before, by the names of `once`."""
        endings = tuple(f" {side}{what}" for side in sides for what in ("", " logits"))
        return {name: value for name, value in self._cache.items() if name.endswith(endings)}

    # ---- features ----------------------------------------------------------------------------------------------------

    @cached_property
    def extractors(self) -> Extractors:
        """The extractors, each built when it is first needed."""
        return Extractors(self.config, self.device, self.on_progress)

    def features(self, extractor: FeatureExtractor, side: str) -> np.ndarray:
        """Return the features (N, D) of ``side``, one of `Sides`, extracted once."""
        features: np.ndarray = self.once(_features_key(extractor, side), lambda: extractor.extract(self.require(side)))
        return features

    def labels(self, extractor: FeatureExtractor, side: str) -> np.ndarray:
        """Return the class that the extractor predicts for each image of ``side``, (N,)."""
        key = f"{_features_key(extractor, side)} logits"
        logits = self.once(key, lambda: extractor.logits(self.features(extractor, side)))
        return np.asarray(logits.argmax(1))

    def used_extractor(self) -> FeatureExtractor | None:
        """Return an extractor that has extracted the evaluated images' features already, or None."""
        built = self.extractors.built
        return next((each for each in built if _features_key(each, "evaluated") in self._cache), None)


def _features_key(extractor: FeatureExtractor, side: str) -> str:
    return f"{extractor.label} {side}"


_MISSING = {
    "real": "needs real images to compare with: give --data.",
    "truths": "needs the image that each output should equal: give paired --data.",
    "inputs": "is for models that translate.",
    "train": "needs the training images: give --train.",
    "model": "is for models, not for folders of images.",
    "back": "needs the model of the other direction: give --back.",
    "discriminator": "needs a discriminator, and none is saved with it. `ganzoo train` saves one: give dir:RUN.",
}
