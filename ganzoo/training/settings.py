"""A run's settings, as run.json stores them."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

import pydantic
from annotated_types import Interval
from pydantic_core import ArgsKwargs

from ganzoo import catalog
from ganzoo.catalog import former_names, options
from ganzoo.contracts.config import Config
from ganzoo.contracts.limits import NonNegativeFloat, NonNegativeInt, PositiveInt, ProperFraction, wrong_value
from ganzoo.data.named_sources import is_named
from ganzoo.data.rasters.open_rasters import resolve
from ganzoo.data.sources import is_remote
from ganzoo.errors import OptionError, TrainingError, UnknownName, suggest
from ganzoo.files.atomic import replacing
from ganzoo.files.regular import read_text
from ganzoo.training import run_file

FILE = "run.json"


@dataclass(frozen=True)
class Settings:
    """The settings of one training run.

    Args:
        recipe: The recipe's name.
        data: The folder or archive to read, or two of them.
        steps: Updates in total; the learning rate schedule spans them.
        batch_size: Images per step, over all processes.
        accumulate: Micro-batches per step, processed one after the other to save memory.
        seed: Of weights, latents, data order and augmentation.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        precision: "fp32", or "bf16" or "fp16" with autocast; fp16 scales gradients.
        memory_format: Of images and weights: "contiguous", "channels_last", or "auto": the latter on GPUs.
        compile: Run the networks through torch.compile.
        start_from: Network ("": the main generator) -> reference of a model whose weights it starts from.
        ema_decay: Of the averaged generator, which is saved, sampled and validated; 0: no average.
        ema_half_life: In place of the decay: images after which a weight counts half, whatever the batch size.
        ema_warmup: Decay less at first: at most 1 - step ** (-2/3), 0.992 at step 1,500 and 0.999 at step 31,600.
        validation: Share of the images to hold out.
        keep_duplicates: Hold out files although others that are trained on have the same content. Without it, each
            content is used once, as soon as anything is held out.
        log_every: In steps.
        sample_every: In steps.
        checkpoint_every: In steps.
        keep: How many of the newest checkpoints to keep; the best one is kept as well.
        best: The validation measure that chooses the best step ("": the recipe's first), or a metric of `ganzoo eval`
            on the held-out images: fd-EXTRACTOR or kd-EXTRACTOR.
        classes: Names of the labels 0, 1, ..., for data that has only numbers.
        stop_on_warning: Stop, with a checkpoint, when a collapse or a vanished loss is detected.
        tensorboard: Also log for TensorBoard, to RUN/tensorboard.
        loggers: Services to log to as well: "wandb", "mlflow", "trackio", or one of a plugin.
        workers: Processes that decode images which do not fit in memory; 0: chosen by the number of cores.
        options: The recipe's options.
        parts: Role -> entry.
        part_options: Role -> options of that part.
        plugins: Third-party packages that add the recipe and the parts, name -> version; recorded, not chosen.
        raster_options: How rasters are read, split and mapped to [-1, 1], see `ganzoo.data.rasters.options`; None: the
            data are ordinary 8-bit images, videos or shards.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True, "allow_inf_nan": False}

    recipe: str
    data: str | list[str]
    steps: PositiveInt = 10_000
    batch_size: PositiveInt = 1
    accumulate: PositiveInt = 1
    seed: Annotated[int, Interval(ge=0, lt=2**63)] = 0
    device: str = "auto"
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    memory_format: Literal["auto", "contiguous", "channels_last"] = "auto"
    compile: bool = False
    start_from: dict[str, str] = field(default_factory=dict)
    ema_decay: ProperFraction = 0.0
    ema_half_life: NonNegativeFloat = 0.0
    ema_warmup: bool = True
    validation: ProperFraction = 0.0
    keep_duplicates: bool = False
    log_every: PositiveInt = 50
    sample_every: PositiveInt = 500
    checkpoint_every: PositiveInt = 500
    keep: PositiveInt = 2
    best: str = ""
    classes: list[str] = field(default_factory=list)
    stop_on_warning: bool = False
    tensorboard: bool = False
    loggers: list[str] = field(default_factory=list)
    workers: NonNegativeInt = 0
    options: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    part_options: dict[str, dict[str, Any]] = field(default_factory=dict)
    plugins: dict[str, str] = field(default_factory=dict)
    raster_options: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.best and not self.validation:
            raise ValueError(f"best={self.best!r} needs held-out images: set validation=0.05, for example")
        if self.ema_decay and self.ema_half_life:
            raise ValueError("ema_decay and ema_half_life are two ways to say the same: set one of them")

    @property
    def average_decay(self) -> float:
        """The decay of the averaged generator in a step, 0 for no average."""
        return 0.5 ** (self.batch_size / self.ema_half_life) if self.ema_half_life else self.ema_decay


def parse_settings(values: dict[str, Any]) -> Settings:
    """Return checked settings; an option "ROLE.KEY" is the part's, as on the command line.

    Raises:
        OptionError: it names the setting, its value and valid values.
    """
    known = [field.name for field in dataclasses.fields(Settings)]
    for name in values:
        if name not in known:
            raise OptionError(
                f"Training has no setting '{name}'.{suggest(name, known)} Its settings are: {', '.join(known)}."
            )
    try:
        return _validate(_split_part_options(_plain(values)))
    except pydantic.ValidationError as error:
        raise OptionError(f"Training: {_explain(error)}.") from error


def _validate(values: dict[str, Any]) -> Settings:
    """Return settings as pydantic checks them: strictly, the options of recipe and parts left to their own configs."""
    settings = object.__new__(Settings)
    pydantic.TypeAdapter(Settings).validator.validate_python(ArgsKwargs((), values), self_instance=settings)
    return settings


def _explain(error: pydantic.ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    message = problem["msg"].removeprefix("Value error, ").rstrip(".")
    if not problem["loc"]:  # raised by __post_init__
        return message
    name, *inner = (str(part) for part in problem["loc"])
    value, hint = problem["input"], options.hints_of(Settings)[name]
    if inner and get_origin(hint) is dict:
        name, hint = ".".join((name, *inner)), _innermost(hint, len(inner))
    return wrong_value(name, value, hint, problem["type"], message)


def _innermost(hint: Any, depth: int) -> Any:
    """Return the annotation of a dict's values, or of theirs."""
    return hint if depth == 0 else _innermost(get_args(hint)[1], depth - 1)


def _plain(value: Any) -> Any:
    """Return a mapping as a dict, and the options in a config as one: a run records what differs from defaults."""
    if isinstance(value, Config):
        return options.changed(value)
    return {name: _plain(inner) for name, inner in value.items()} if isinstance(value, Mapping) else value


def _split_part_options(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with each option "ROLE.KEY" among the part's options."""
    given, part_options = values.get("options"), values.get("part_options", {})
    if not isinstance(given, Mapping) or not any("." in str(name) for name in given):
        return values
    own: dict[str, Any] = {}
    parts = {role: dict(found) for role, found in part_options.items()}
    for name, value in given.items():
        role, dot, key = str(name).partition(".")
        if dot:
            parts.setdefault(role, {})[key] = value
        else:
            own[name] = value
    return {**values, "options": own, "part_options": parts}


def resolve_data(data: str | Path) -> str:
    """Return ``data`` as run.json stores it: absolute paths, so that a run resumes from anywhere, or a URL."""
    if is_remote(str(data)) or is_named(data):
        return str(data)
    try:
        os.stat(data)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
            reason = getattr(error, "strerror", None) or error
            raise OptionError(f"'{str(data)[:80]}...' is not a path: {reason}. Check the path.") from error
    return resolve(str(data)) if "=" in str(data) and not Path(data).exists() else str(Path(data).resolve())


def write_settings(run: Path, settings: Settings) -> None:
    """Write run.json, and run.yaml for people."""
    with replacing(run / FILE) as temporary:
        temporary.write_text(json.dumps(dataclasses.asdict(settings), indent=2) + "\n", encoding="utf-8")
    run_file.write(run, settings)


def read_settings(run: Path) -> Settings:
    """Read run.json, that of an older version too. Raises TrainingError where ``run`` is not the folder of a run."""
    path = run / FILE
    try:
        values = json.loads(read_text(path, TrainingError))
        if not isinstance(values, dict):
            raise ValueError("it does not hold a JSON object")
        return parse_settings(former_names.settings(values, _default_parts(values.get("recipe"))))
    except FileNotFoundError as error:
        raise TrainingError(f"{run} is not a training run: it has no {FILE}. Give the folder that -o named.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise TrainingError(f"{path} cannot be read: {str(error).rstrip('.')}. Undo what was changed in it.") from error


def _default_parts(recipe: object) -> Mapping[str, str]:
    """Return a recipe's own parts, role -> "kind:name"; none where it is not installed, which is reported later."""
    try:
        return catalog.find(f"recipe:{recipe}").parts
    except (UnknownName, OptionError):
        return {}
