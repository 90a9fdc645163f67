"""How a score was measured: enough to measure it again, and to refuse comparing it with a different score.

Standard library only, because cards contain scores and `ganzoo list` reads cards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ganzoo.cards.parsing import make
from ganzoo.catalog import former_names
from ganzoo.errors import RegistryError

ONE_SIGMA = "one standard deviation"  # how an interval of that width is described
NORMAL_95 = 1.96  # standard deviations to either side hold 95 % of a normal distribution


@dataclass(frozen=True)
class Sample:
    """The images on one side of a comparison.

    Attributes:
        source: Where they come from, in words: "fashion-mnist", "generated", "translated horse2zebra-train.zip".
        count: How many there are.
        split: Which part of the source: "test", "held out 0.05", "B", "all", ...
        sha256: Of the files' names and contents; for translations, of the inputs; "" for other evaluated images.
        seed: Of images generated from latents, else None.
    """

    source: str
    count: int
    split: str = "all"
    sha256: str = ""
    seed: int | None = None

    def __str__(self) -> str:
        """Return "10,000 fashion-mnist, test"."""
        seed = "" if self.seed is None else f", seed {self.seed}"
        split = "" if self.split == "all" else f", {self.split}"
        return f"{self.count:,} {self.source}{split}{seed}"


@dataclass(frozen=True)
class Protocol:
    """How one score was measured. Two scores compare when `differences` finds none.

    Attributes:
        metric: Its name, with the extractor's: "fd-efficientnet-lite0".
        library: What did the arithmetic, with versions.
        generated: The images that are evaluated.
        real: The images that they are compared with; None for a metric without (the Inception score).
        extractor: The extractor of features; "" for none.
        extractor_sha256: Hash of the extractor's weights.
        resizing: How all images were brought to one size, in words.
        file_format: What the evaluated images were: 8-bit values, or files of a lossy format.
        precision: Of the extractor, "float32" or "bfloat16".
        device: Where it was measured.
        settings: The metric's own numbers: neighbors, subsets, splits.
        interval: What the score's interval is, in words; "" for none.
        call: Arguments of `ganzoo.evaluate` that measure it again, data sets by the names of their files.
    """

    metric: str
    library: str
    generated: Sample
    real: Sample | None = None
    extractor: str = ""
    extractor_sha256: str = ""
    resizing: str = ""
    file_format: str = "8-bit, uncompressed"
    precision: str = "float32"
    device: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    interval: str = ""
    call: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the protocol as JSON stores it: empty fields are omitted."""
        values = {name: value for name, value in asdict(self).items() if value not in ("", None, {})}
        for side in ("generated", "real"):
            if side in values:
                values[side] = {name: value for name, value in values[side].items() if value not in ("", None)}
        return values

    def __str__(self) -> str:
        """Return one line for people."""
        return "; ".join([*_describe(self), *([self.numbers] if self.settings else [])])

    @property
    def numbers(self) -> str:
        """Return the metric's own settings in words: "subsets 100, subset_size 1000"."""
        return ", ".join(f"{name} {value}" for name, value in self.settings.items())

    @property
    def conditions(self) -> str:
        """Return what metrics of one evaluation have in common: everything but their own settings."""
        return "; ".join(_describe(self))


@dataclass(frozen=True)
class Score:
    """One measured value with its protocol.

    Attributes:
        metric: Its full name, as "kd-efficientnet-lite0".
        value: The number.
        protocol: How it was measured.
        low: Lower end of the interval that ``protocol.interval`` describes, if there is one; see `bounds`.
        high: Upper end.
        baselines: Name -> value of what needs no model, measured in the same way: "input", "mean image", "bicubic", or
            "real images", some of the real ones against the others.
    """

    metric: str
    value: float
    protocol: Protocol
    low: float | None = None
    high: float | None = None
    baselines: dict[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """Return what notebooks show."""
        from ganzoo.pages.rendering import render

        return str(render("notebook_scores.html", model="", data="", scores=[self], diagnoses=(), notes=()))

    def to_dict(self) -> dict[str, Any]:
        """Return the score as JSON stores it."""
        bounds = {} if self.low is None else {"low": self.low, "high": self.high}
        besides = {"baselines": self.baselines} if self.baselines else {}
        return {"metric": self.metric, "value": self.value, **bounds, **besides, "protocol": self.protocol.to_dict()}

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The ends of a 95 % interval; one of a single standard deviation is widened to it. None without any."""
        if self.low is None or self.high is None:
            return None
        if not self.protocol.interval.startswith(ONE_SIGMA):
            return self.low, self.high
        half = NORMAL_95 * (self.high - self.low) / 2
        return self.value - half, self.value + half

    @property
    def compared(self) -> str:
        """The baselines in words: "input 0.21, real images 0.0004"."""
        return ", ".join(f"{name} {value:.4g}" for name, value in self.baselines.items())


def differences(one: Protocol, other: Protocol) -> dict[str, tuple[Any, Any]]:
    """Return field -> both values, for every field that forbids comparing the two scores.

    Seeds, devices, versions of libraries and kinds of interval may differ: they say how exactly a value was measured,
    not what it means. Images with equal hashes are the same, whatever their folder is called.
    """
    a, b = dict(_meaning(one)), dict(_meaning(other))
    return {name: (a.get(name), b.get(name)) for name in {**a, **b} if a.get(name) != b.get(name)}


def score_from_dict(values: object, where: str) -> Score:
    """Return the score that parsed JSON describes. Raises RegistryError that begins with ``where`` and the field."""
    given = dict(values) if isinstance(values, dict) else values
    if isinstance(given, dict) and isinstance(given.get("metric"), str):
        given["metric"] = former_names.metric(given["metric"])
    if isinstance(given, dict) and "protocol" in given:
        given["protocol"] = protocol_from_dict(given["protocol"], f"{where}: protocol")
    score = make(Score, given, where)
    for name, value in score.baselines.items():
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise RegistryError(f"{where}: the baseline '{name}' is {value!r}, and should be a number.")
    return score


def protocol_from_dict(values: object, where: str) -> Protocol:
    """Return the protocol that parsed JSON describes. Raises RegistryError that names the field."""
    given = former_names.protocol(values) if isinstance(values, dict) else values
    if isinstance(given, dict):
        for side in ("generated", "real"):
            if given.get(side) is not None:
                given[side] = make(Sample, given[side], f"{where}: {side}")
    return make(Protocol, given, where)


def _meaning(protocol: Protocol) -> Iterator[tuple[str, Any]]:
    for name in ("metric", "extractor", "extractor_sha256", "resizing", "file_format", "precision"):
        yield name, getattr(protocol, name)
    for name, value in protocol.settings.items():
        yield f"settings.{name}", value
    for side, sample in (("generated", protocol.generated), ("real", protocol.real)):
        if sample is not None:
            yield f"{side}.count", sample.count
            if side == "real" or sample.sha256:
                yield f"{side}.sha256", sample.sha256


def _describe(protocol: Protocol) -> Iterator[str]:
    yield str(protocol.generated) + (f" against {protocol.real}" if protocol.real else "")
    if protocol.resizing:
        yield protocol.resizing
    if protocol.extractor:
        yield f"{protocol.extractor} ({protocol.extractor_sha256[:8]})"
    yield f"{protocol.file_format}, {protocol.precision}"
