"""The keywords of `ganzoo.evaluate`: what they are called, and how a request and a config are built from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypedDict

from ganzoo.catalog.options import parse_fields
from ganzoo.data.sources import Paths
from ganzoo.errors import OptionError, suggest
from ganzoo.evaluation.request import EvalRequest
from ganzoo.evaluation.samples.config import EvalConfig
from ganzoo.evaluation.samples.reading import Reading


class RequestOptions(TypedDict, total=False):
    """What is evaluated: fields of `EvalRequest` and `Reading`."""

    kind: str
    number: int
    size: int
    resize: str
    validation: float
    part: str
    inputs: str
    label: str
    back: str
    train: Paths


class ConfigOptions(TypedDict, total=False):
    """How it is measured: the fields of `EvalConfig`."""

    extractor: str
    extractor_options: Mapping[str, Any]
    precision: str
    neighbors: int
    subsets: int
    subset_size: int
    clusters: int
    resamples: int
    seed: int
    batch_size: int
    cache: bool


class RasterEvalOptions(TypedDict, total=False):
    """For models of rasters: what they are compared with, and fields of `RasterOptions`."""

    baseline: Sequence[str]
    bands: str
    target_bands: str
    split_by: str
    panels: str
    z_neighbors: int
    axes: str
    read: str


class EvalOptions(RequestOptions, ConfigOptions, RasterEvalOptions, total=False):
    """All options of `ganzoo.evaluate`."""


def names() -> list[str]:
    """Return the names of all options."""
    return [each for kind in (RequestOptions, ConfigOptions, RasterEvalOptions) for each in kind.__annotations__]


def check(options: EvalOptions) -> None:
    """Raise OptionError with a suggestion for an option that does not exist."""
    known = names()
    for name in options:
        if name not in known:
            raise OptionError(f"Evaluation has no option '{name}'.{suggest(name, known)}")


def pick_rasters(options: EvalOptions) -> dict[str, Any]:
    """Return the options that are fields of `RasterOptions`."""
    names = [name for name in RasterEvalOptions.__annotations__ if name != "baseline"]
    return {name: value for name, value in options.items() if name in names}


def refuse_rasters(options: EvalOptions) -> None:
    """Raise OptionError for an option that only models of rasters have."""
    if found := [name for name in RasterEvalOptions.__annotations__ if options.get(name)]:
        raise OptionError(
            f"{found[0]}={options[found[0]]!r} is for models of rasters, whose card describes their channels."  # type: ignore[literal-required]
        )


def refuse_extractor(metrics: Sequence[str], options: EvalOptions) -> None:
    """Raise OptionError for an extractor that none of the metrics uses: fid and kid are defined on Inception alone."""
    chosen, fixed = options.get("extractor", ""), {"fid": "fd", "kid": "kd"}
    if metrics and set(metrics) <= set(fixed) and chosen not in ("", "auto", "inception"):
        raise OptionError(
            f"extractor='{chosen}' is used by none of the metrics: {' and '.join(metrics)} take Inception alone. "
            f"Omit it, or measure {' and '.join(fixed[name] for name in metrics)}, which take any extractor."
        )


def build_config(options: EvalOptions) -> EvalConfig:
    """Return how to measure. Raises OptionError for a value that is not valid."""
    return parse_fields(EvalConfig, _pick(options, EvalConfig))


def build_request(data: Paths, metrics: Sequence[str], options: EvalOptions) -> EvalRequest:
    """Return what to evaluate against ``data``. Raises OptionError for a value that is not valid."""
    values = {**options, "data": _paths(data), "train": _paths(options.get("train", ())), "metrics": tuple(metrics)}
    return EvalRequest(reading=parse_fields(Reading, _pick(options, Reading)), **_pick(values, EvalRequest))


def describe_call(data: Paths, options: EvalOptions) -> dict[str, Any]:
    """Return the arguments that differ from their defaults; data sets by the names of their files."""
    ordered = {name: value for name in RequestOptions.__annotations__ if (value := options.get(name)) is not None}
    values = {"data": _file_names(data), **ordered, **options, "train": _file_names(options.get("train", ()))}
    defaults = {field.name: field.default for kind in (Reading, EvalRequest, EvalConfig) for field in fields(kind)}
    return {name: value for name, value in values.items() if value not in ("", [], {}) and value != defaults.get(name)}


def _pick(values: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """Return the values that are fields of the dataclass ``kind``."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _file_names(paths: Paths) -> list[str]:
    """Return the last parts of paths, which do not reveal folders of this machine."""
    return [Path(path).name for path in _paths(paths)]


def _paths(paths: Paths) -> tuple[str, ...]:
    return (str(paths),) if isinstance(paths, (str, Path)) else tuple(str(path) for path in paths)
