"""What is judged, and by what: everything that measures may ask for, made when it is first asked for and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.catalog import building
from ganzoo.data.decode import to_floats
from ganzoo.errors import OptionError
from ganzoo.evaluation.degraded_images import HOLE, DegradedImages, InpaintedImages
from ganzoo.evaluation.features import AT_ONCE, Features, Progress, ahead
from ganzoo.evaluation.samples import Generated, Images, Stored, Translated, through, translated, with_channels
from ganzoo.inference import devices
from ganzoo.loading.model import Model

FEW = 2_000  # pictures, below which a note is due for the metrics that depend on the count
BY_COUNT = {"fid", "fd", "precision", "recall", "density", "coverage"}
OFFICIAL = "inception"  # the label of the one extractor whose distances are called FID and KID


@dataclass(frozen=True)
class EvalConfig:
    """How to measure: what of a protocol is the user's to choose.

    extractor, extractor_options   an entry of the catalog and its options
    precision    of the extractor: "float32" or "bfloat16"
    neighbors   k of density and coverage, and of precision and recall; 0: the papers' 5 and 3
    subsets, subset_size   of the kernel distance; subset_size 0: all pairs of pictures at once
    clusters     of real pictures, for modes; 0: the extractor's classes, or 50 clusters where it names none
    resamples    of the bootstrap; 0: no intervals for distances
    """

    extractor: str = "inception"
    extractor_options: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "float32"
    neighbors: int = 0
    subsets: int = 100
    subset_size: int = 1000
    clusters: int = 0
    resamples: int = 20
    seed: int = 0
    batch_size: int = AT_ONCE
    cache: bool = True

    def __post_init__(self) -> None:
        if self.precision not in ("float32", "bfloat16"):
            raise OptionError(f"precision={self.precision!r} is not right: give 'float32' or 'bfloat16'.")
        for name, least in (
            ("neighbors", 0), ("subsets", 1), ("subset_size", 0), ("clusters", 0), ("resamples", 0), ("batch_size", 1)
        ):  # fmt: skip
            if getattr(self, name) < least:
                raise OptionError(f"{name}={getattr(self, name)} is not right: it should be at least {least}.")


@dataclass
class EvalContext:
    """One model, or one folder of pictures, and what it is judged by.

    name     a reference, for messages
    judged   its pictures
    real     those it should resemble, or None
    truths   for paired translation: what ``judged`` should be, picture by picture
    inputs   for translation: what was translated
    train    what the model was trained on, for memorization
    model, back   the translator, and the one of the other direction
    discriminator   gives logits for float pictures (N, C, H, W) in [-1, 1]
    label    the number of the class that pictures are translated to, where the model takes one
    kind     "images", "paired", "unpaired", "labeled" or "clips"
    call     arguments of `ganzoo.evaluate` that would measure it again
    measuring   the metric at hand, for messages
    """

    name: str
    evaluated: Images
    config: EvalConfig
    device: torch.device
    real: Stored | None = None
    truths: Stored | None = None
    inputs: Stored | DegradedImages | None = None
    train: Stored | None = None
    model: Model | None = None
    back: Model | None = None
    discriminator: nn.Module | None = None
    label: int | None = None
    kind: str = "images"
    call: Mapping[str, Any] = field(default_factory=dict)
    measuring: str = ""
    on_progress: Progress = lambda count: None
    _made: dict[str, Any] = field(default_factory=dict)

    # ---- features ----------------------------------------------------------------------------------------------------

    @cached_property
    def chosen(self) -> Features:
        """The extractor that the user chose."""
        return self._features(self.config.extractor, self.config.extractor_options)

    @cached_property
    def inception(self) -> Features:
        """The extractor of FID and KID. Raises OptionError where other weights were given."""
        options = self.config.extractor_options if self.config.extractor == OFFICIAL else {}
        found = self.chosen if self.config.extractor == OFFICIAL else self._features(OFFICIAL, options)
        if str(found.extractor.label) != OFFICIAL:
            raise OptionError(
                f"fid and kid are defined by other weights than these ({found.extractor.label}). "
                "Ask for fd and kd, which are named after the extractor."
            )
        return found

    def _features(self, name: str, options: Mapping[str, Any]) -> Features:
        extractor = building.build(f"extractor:{name}", **options)
        config = self.config
        return Features(extractor, self.device, config.precision, config.cache, config.batch_size, self.on_progress)  # type: ignore[arg-type]

    def computed_features(self) -> Features | None:
        """Return an extractor whose features of both sides were made already, or None."""
        built = [vars(self).get(name) for name in ("chosen", "inception")]
        return next((each for each in built if each and f"{each.label} judged" in self._made), None)

    def of(self, features: Features, side: str) -> np.ndarray:
        """Return the features of ``side``: "evaluated", "real" or "train", made once."""
        found: np.ndarray = self.once(f"{features.label} {side}", lambda: features.of(self.require(side)))
        return found

    def labels(self, features: Features, side: str) -> np.ndarray:
        """Return the class that the extractor sees in each picture of ``side``, (N,)."""
        logits = self.once(f"{features.label} {side} logits", lambda: features.logits(self.of(features, side)))
        return np.asarray(logits.argmax(1))

    # ---- pictures ----------------------------------------------------------------------------------------------------

    def require(self, side: str) -> Any:
        """Return what this case has under a name. Raises OptionError with what to give where it has none."""
        found = getattr(self, side)
        if found is None:
            raise OptionError(f"{self.measuring} of {self.name} {_LACKING[side]}")
        return found

    def require_labels(self) -> tuple[Model, np.ndarray]:
        """Return the model and the numbers of the classes it was asked for, (N,). Raises OptionError without such."""
        model: Model = self.require("model")
        labels = self.evaluated.labels(0, self.evaluated.sample.count) if isinstance(self.evaluated, Generated) else ()
        if not len(labels):
            raise OptionError(
                f"{self.measuring} of {self.name} is for models that make pictures of a class that is asked for, as "
                f"cgan/fashion-mnist does; its task is {model.card.task}. Leave {self.measuring} out."
            )
        return model, np.asarray(labels)

    def batches(self, shown: Images) -> Iterator[Tensor]:
        """Yield pictures (N, C, H, W) uint8, made ahead."""
        yield from ahead(shown.batches(self.config.batch_size))

    def pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield what was made and what it should be, (N, C, H, W) uint8 each."""
        truths: Stored = self.require("truths")
        for made, true in zip(self.batches(self.evaluated), truths.batches(self.config.batch_size), strict=True):
            self.on_progress(len(made))
            yield made, with_channels(true, made.shape[1])

    def per_pair(self, measure: Callable[[Tensor, Tensor], Any]) -> np.ndarray:
        """Return a measure of each pair, (N,)."""
        made: np.ndarray = self.once(f"pairs {measure}", lambda: each(measure, self.pairs()))
        return made

    def in_the_hole(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield what was made in the hole and what was there, (N, C, H, W) uint8 each. Raises OptionError."""
        evaluated = self.evaluated
        if not isinstance(evaluated, InpaintedImages):
            raise OptionError(f"{self.measuring} of {self.name} is for models that fill holes.")
        for made, true in self.pairs():
            yield HOLE.of(made), HOLE.of(true)

    def there_and_back(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield what came back and what was sent, (N, C, H, W) uint8; the picture between is one of 8 bits."""
        back, inputs = self.require("back"), self.require("inputs")
        for made, sent in zip(self.batches(self.evaluated), inputs.batches(self.config.batch_size), strict=True):
            self.on_progress(len(made))
            yield through(back, made), with_channels(sent, back.card.out_channels)

    def left_alone(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield what the model makes of pictures that are in the target domain already, and those pictures."""
        model, real = self.require("model"), self.require("real")
        of_real: Translated = translated(model, real, self.label)
        for made, given in zip(self.batches(of_real), real.batches(self.config.batch_size), strict=True):
            self.on_progress(len(made))
            yield made, with_channels(given, made.shape[1])

    def discriminator_logits(self, side: str) -> list[Tensor]:
        """Return the discriminator's logits of "evaluated" or "real" pictures, batch by batch.

        One that takes more channels than pictures have is given the input before the picture, as pix2pix's is.
        """
        discriminator: nn.Module = self.require("discriminator")
        if getattr(discriminator, "conditional", False):
            raise OptionError(
                f"{self.measuring} of {self.name} would need the class of each real picture, which its discriminator "
                f"is told beside it. Leave {self.measuring} out."
            )
        channels = self.require("model").card.out_channels
        conditional = int(discriminator.in_channels) > channels  # type: ignore[arg-type]
        inputs = self.require("inputs").batches(self.config.batch_size) if conditional else repeat(None)
        logits = []
        for batch, given in zip(self.batches(self.require(side)), inputs, strict=False):
            shown = to_floats(with_channels(batch, channels))
            self._require_size(discriminator, shown)
            seen = shown if given is None else torch.cat([to_floats(given), shown], 1)
            with torch.inference_mode():
                logits.append(_first(discriminator(seen.to(self.device))).float().cpu())
        return logits

    def _require_size(self, discriminator: nn.Module, shown: Tensor) -> None:
        """Raise OptionError for pictures of another size than the discriminator takes."""
        taken = int(getattr(discriminator, "image_size", 0))
        if taken and tuple(shown.shape[-2:]) != (taken, taken):
            raise OptionError(
                f"The discriminator of {self.name} takes pictures of {taken}x{taken} pixels, not of "
                f"{shown.shape[-1]}x{shown.shape[-2]}: give --size {taken}."
            )

    # ---- what a protocol says ----------------------------------------------------------------------------------------

    @property
    def hardware(self) -> str:
        return devices.describe(self.device)

    @property
    def resizing(self) -> str:
        """What happened to the pictures before they were compared: once where it is the same on both sides."""
        sides = {"inputs": self.inputs, "evaluated": self.evaluated, "real": self.real}
        words = {name: side.resizing for name, side in sides.items() if isinstance(side, (Stored, DegradedImages))}
        if len(set(words.values())) == 1:
            return next(iter(words.values()))
        return "; ".join(f"{name}: {text}" for name, text in words.items())

    @property
    def file_format(self) -> str:
        """What the judged pictures were: 8-bit values, or files of some kinds."""
        names = self.evaluated.names if isinstance(self.evaluated, Stored) else []
        suffixes = sorted({Path(name).suffix.lower() for name in names} - {""})
        return f"8-bit, {' and '.join(suffixes)} files" if suffixes else "8-bit, uncompressed"

    def notes(self, metrics: Sequence[str]) -> list[str]:
        """Return sentences that a reader of these metrics should know."""
        sides = {"evaluated": self.evaluated.sample.count, "real": self.real.sample.count if self.real else FEW}
        few = min(sides, key=sides.__getitem__)
        if sides[few] >= FEW or not {metric.partition("-")[0] for metric in metrics} & BY_COUNT:
            return []
        return [
            f"There are only {sides[few]:,} {few} pictures. Frechet distances are too high by an amount that depends "
            "on the number, and recall and coverage say little: compare with scores of equal counts only."
        ]

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what ``make`` returned when it was first asked for under this name."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]


def each(measure: Callable[[Tensor, Tensor], Any], found: Iterator[tuple[Tensor, Tensor]]) -> np.ndarray:
    """Return a measure of all pairs of pictures, (N,)."""
    return np.concatenate([np.asarray(measure(one, other)) for one, other in found])


def _first(logits: Tensor | list[Tensor]) -> Tensor:
    """Return the logits of the full scale of a discriminator of several."""
    return logits if isinstance(logits, Tensor) else logits[0]


_LACKING = {
    "real": "needs real pictures to compare with: give --data.",
    "truths": "needs for every picture the one it should be: give paired --data.",
    "inputs": "is for models that translate.",
    "train": "needs the training pictures: give --train.",
    "model": "is for models, not for folders of pictures.",
    "back": "needs the model of the other direction: give --back.",
    "discriminator": "needs a discriminator, and none is saved with it. `ganzoo train` saves one: give dir:RUN.",
}
