"""What `ganzoo.train` takes by name, for editors and type checkers: fields of `ganzoo.training.settings.Settings`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from ganzoo.contracts.config import Config


class RunOptions(TypedDict, total=False):
    """The settings of a new run, as `ganzoo.training.settings.Settings` describes them."""

    steps: int
    batch_size: int
    accumulate: int
    seed: int
    device: str
    precision: Literal["fp32", "bf16", "fp16"]
    memory_format: Literal["auto", "contiguous", "channels_last"]
    compile: bool
    start_from: Mapping[str, str]
    ema_decay: float
    ema_half_life: float
    ema_warmup: bool
    validation: float
    keep_duplicates: bool
    log_every: int
    sample_every: int
    checkpoint_every: int
    keep: int
    best: str
    classes: Sequence[str]
    stop_on_warning: bool
    tensorboard: bool
    loggers: Sequence[str]
    workers: int
    options: Config | Mapping[str, Any]
    parts: Mapping[str, str]
    part_options: Mapping[str, Config | Mapping[str, Any]]
    raster_options: Mapping[str, Any] | None
