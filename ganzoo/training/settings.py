"""What a run was asked to do, as run.json holds it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pydantic

from ganzoo.data.sources import is_remote
from ganzoo.errors import OptionError, TrainingError, suggest
from ganzoo.files.atomic import replacing

FILE = "run.json"


@dataclass(frozen=True)
class Settings:
    """One training run.

    recipe, data    a recipe's name, and the folder or archive it reads, or two of them
    steps           updates in all; the schedule runs over them
    batch_size      pictures a step, in all processes together
    accumulate      parts in which a batch is worked through, one after the other, for less memory
    seed            of weights, latents, data order and augmentation
    device          "auto", "cpu", "cuda", "cuda:1", "mps"
    precision       "fp32", or "bf16" and "fp16" for autocast, fp16 with scaled gradients
    memory_format   of pictures and weights: "contiguous", "channels_last", or "auto": the latter on GPUs
    compile         run the networks through torch.compile
    start_from      network ("": the main generator) -> reference of a model whose weights it begins with
    ema_decay       of the averaged generator (0: none), which is what is saved, sampled and validated
    validation      share of the pictures kept out of training
    log_every, sample_every, checkpoint_every   in steps
    keep            checkpoints to keep, the newest ones; the best one is kept as well
    best            the validation measure to choose the best by ("": the recipe's first), or a metric of `ganzoo eval`
                    on the held-out pictures: fd-EXTRACTOR or kd-EXTRACTOR
    classes         names of the labels 0, 1, ..., where the data has numbers only
    stop_on_warning   stop, with a checkpoint, when the watch warns of a collapse or a vanished loss
    tensorboard     log for TensorBoard as well, into RUN/tensorboard
    workers         processes that decode pictures too many for the memory; 0: as many as pay
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    recipe: str
    data: str | list[str]
    steps: int = 10_000
    batch_size: int = 1
    accumulate: int = 1
    seed: int = 0
    device: str = "auto"
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    memory_format: Literal["auto", "contiguous", "channels_last"] = "auto"
    compile: bool = False
    start_from: dict[str, str] = field(default_factory=dict)
    ema_decay: float = 0.0
    validation: float = 0.0
    log_every: int = 50
    sample_every: int = 500
    checkpoint_every: int = 500
    keep: int = 2
    best: str = ""
    classes: list[str] = field(default_factory=list)
    stop_on_warning: bool = False
    tensorboard: bool = False
    workers: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    part_options: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "accumulate", "log_every", "sample_every", "checkpoint_every", "keep"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} should be at least 1")
        for name in ("ema_decay", "validation"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} should be from 0 up to, not including, 1")
        if self.best and not self.validation:
            raise ValueError(f"best={self.best!r} needs held-out pictures: set validation=0.05, say")
        if self.workers < 0:
            raise ValueError(f"workers={self.workers} should be at least 0")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed={self.seed} should be from 0 up to 2**63 - 1")


def parse(values: dict[str, Any]) -> Settings:
    """Return checked settings. Raises OptionError that names the setting, what was given and what would be right."""
    known = [field.name for field in dataclasses.fields(Settings)]
    for name in values:
        if name not in known:
            raise OptionError(
                f"Training has no setting '{name}'.{suggest(name, known)} Its settings are: {', '.join(known)}."
            )
    try:
        return pydantic.TypeAdapter(Settings).validate_python(values)
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        given = f"{name}={problem['input']!r} is not right: " if name else ""
        raise OptionError(f"Training: {given}{text}.") from error


def place(data: str | Path) -> str:
    """Return ``data`` as run.json keeps it: a whole path, so that a run resumes from anywhere, or a URL as it is."""
    return str(data) if is_remote(str(data)) else str(Path(data).resolve())


def write(run: Path, settings: Settings) -> None:
    """Write run.json."""
    with replacing(run / FILE) as temporary:
        temporary.write_text(json.dumps(dataclasses.asdict(settings), indent=2) + "\n", encoding="utf-8")


def read(run: Path) -> Settings:
    """Read run.json. Raises TrainingError when ``run`` is no run's folder."""
    path = run / FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it holds no JSON object")
        return parse(values)
    except FileNotFoundError as error:
        raise TrainingError(f"{run} is no training run: it has no {FILE}. Give the folder that -o named.") from error
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read: {str(error).rstrip('.')}. Undo what was changed in it.") from error
