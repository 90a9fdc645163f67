"""What a metric of `ganzoo eval` must be, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

NEEDS = ("real", "truths", "inputs", "train", "model", "discriminator", "back")


@dataclass(frozen=True)
class MetricValue:
    """One measured number, and what its protocol records of the metric.

    Attributes:
        metric: The full name, as "fd-efficientnet-lite0".
        value: The number.
        low, high: Bounds of the interval, if there is one.
        interval: What kind of interval it is, in words.
        extractor: The extractor of the features it is computed from, or None.
        compared_with: The side it is measured against: "real", "truths", "inputs", "train", or "".
        library: What did the arithmetic, with versions; "": the plugin that adds the metric.
        settings: The metric's own numbers.
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    interval: str = ""
    extractor: Any = None
    compared_with: str = "real"
    library: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """An observation in words. ``alarm``: it is a failure, such as collapse or memorization."""

    name: str
    text: str
    alarm: bool = False


@dataclass
class MetricResult:
    """What one metric returns: values, and diagnoses in words."""

    values: list[MetricValue] = field(default_factory=list)
    diagnoses: list[Diagnosis] = field(default_factory=list)


class MetricContext(Protocol):
    """What a metric gets: one model, or one folder of images, with everything that is measured on it.

    Attributes:
        name: The reference, for messages.
        kind: "images", "paired", "unpaired", "labeled" or "clips".
        config: How to measure: ``seed``, ``batch_size``, ``resamples``, ...
        device: Where to compute.
        sides: The image sets: ``evaluated``, and ``real``, ``truths``, ``inputs``, ``train`` or None each.
        extractors: ``chosen`` by the user, or ``inception``.
        report_samples: What a report shows; a metric can add to it.
        on_progress: Called with a number of images whenever that many are processed.
    """

    name: str
    kind: str
    config: Any
    device: Any
    sides: Any
    report_samples: Any
    on_progress: Callable[[int], None]

    @property
    def extractors(self) -> Any:
        """The extractors of this evaluation: ``chosen``, and ``inception`` for FID and KID."""
        ...

    def require(self, name: str) -> Any:
        """Return one of `NEEDS`: an image set or a network. Raises OptionError that says what to give for it."""
        ...

    def batches(self, images: Any) -> Iterator[Tensor]:
        """Yield the images of a side, (N, C, H, W) uint8."""
        ...

    def features(self, extractor: Any, side: str) -> np.ndarray:
        """Return features (N, D), extracted once.

        Args:
            extractor: One of ``extractors``.
            side: "evaluated", "real" or another image set.
        """
        ...

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return what ``compute`` returned when it was first called under this name.

        Args:
            name: What several metrics share, as "neighbors".
            compute: Called once.
        """
        ...


@runtime_checkable
class Metric(Protocol):
    """A function of a `MetricContext`, or an object that is called like one.

    It can have attributes, which ``@ganzoo.metric(needs=("truths",), extractor="chosen", least=2)`` gives a function:
    ``needs``, names from `NEEDS` without which it cannot be measured, by default ("real",); ``extractor``, the one that
    it uses, "chosen" or "inception"; ``least``, how many images each side must have. They are checked before anything
    is computed.
    """

    def __call__(self, context: Any) -> MetricResult:
        """Measure the evaluated images.

        Returns:
            Values, each named after the metric. Full names that depend on an extractor end with its label.

        Raises:
            DataError: If the images cannot be measured: too few, too small, of unequal sizes.
        """
        ...


Measure = TypeVar("Measure", bound=Callable[..., MetricResult])


def metric(*, needs: tuple[str, ...] = ("real",), extractor: str = "", least: int = 1) -> Callable[[Measure], Measure]:
    """Return a decorator that notes what a metric needs, which is checked before anything is computed.

    Args:
        needs: Names from `NEEDS`.
        extractor: The extractor that it uses, "chosen" or "inception"; "": none.
        least: Images that each side must have.
    """

    def note(measure: Measure) -> Measure:
        measure.needs, measure.extractor, measure.least = needs, extractor, least  # type: ignore[attr-defined]
        return measure

    return note
