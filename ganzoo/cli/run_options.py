"""The options of commands that start a run, and what they say about one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from ganzoo.cli import completion, options
from ganzoo.cli.echo import echo
from ganzoo.cli.output import parse_assignments

if TYPE_CHECKING:
    from ganzoo.training.dry_run import DryRun

F = TypeVar("F", bound=Any)
FEW_BATCHES = 4  # in a data set: fewer are worth a note
DAY = 24 * 60 * 60  # seconds
_OPTIONS = (
    click.option("--steps", type=click.IntRange(1), help="Total number of updates [default: 10000]."),
    click.option(
        "--minutes",
        type=click.FloatRange(0, min_open=True),
        help="Instead of --steps: do as many steps as fit in this time, by the speed of the first ones.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1),
        help="Images per step [default: the recipe's own, such as 64 for dcgan, 1 for cyclegan].",
    ),
    click.option("--accumulate", type=click.IntRange(1), help="Micro-batches per step, to save memory [default: 1]."),
    click.option("--seed", type=int, help="Seed of weights, data order and noise [default: 0]."),
    click.option(
        "--precision", type=click.Choice(["fp32", "bf16", "fp16"]), help="Precision of the networks [default: fp32]."
    ),
    click.option(
        "--memory-format",
        type=click.Choice(["auto", "contiguous", "channels_last"]),
        help="Of images and weights [default: auto, which is channels_last on a GPU].",
    ),
    click.option("--compile", is_flag=True, default=None, help="Run the networks through torch.compile."),
    click.option(
        "--from", "start_from", multiple=True, metavar="[NETWORK=]REF", help="Start from the weights of a model."
    ),
    click.option(
        "--ema",
        "ema_decay",
        type=float,
        help="Decay of the averaged generator (EMA), such as 0.999 [default: 0, no average].",
    ),
    click.option(
        "--ema-half-life",
        type=float,
        metavar="IMAGES",
        help="In place of --ema: images after which a weight counts half.",
    ),
    click.option(
        "--ema-warmup/--no-ema-warmup", default=None, help="Average less at first [default: yes, 0.992 at step 1,500]."
    ),
    click.option("--validation", type=float, help="Share of images to hold out [default: 0]."),
    click.option(
        "--keep-duplicates",
        is_flag=True,
        default=None,
        help="Hold out images whose content is trained on as well [default: each content once].",
    ),
    click.option(
        "--best",
        metavar="MEASURE",
        help="Measure that chooses the best step, such as fd-efficientnet-lite0 [default: the recipe's].",
    ),
    click.option(
        "--classes", metavar="NAMES", help="Names of the labels, separated by commas, for data that has only numbers."
    ),
    click.option(
        "--keep",
        type=click.IntRange(1),
        help="How many of the newest checkpoints to keep, besides the best [default: 2].",
    ),
    click.option(
        "--stop-on-warning", is_flag=True, default=None, help="Stop when the run collapses or a loss vanishes."
    ),
    click.option("--tensorboard", is_flag=True, default=None, help="Also log for TensorBoard, to RUN/tensorboard."),
    click.option("--logger", "loggers", multiple=True, metavar="NAME", help="Also log to wandb, mlflow or trackio."),
    click.option("--workers", type=click.IntRange(1), help="Processes that decode images which do not fit in memory."),
    click.option(
        "--dry-run", is_flag=True, help="Show what would be read and built, and how long it takes; write nothing."
    ),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        shell_complete=completion.recipe_option,
        help="Set an option of the recipe, or of a part: ROLE.KEY=VALUE.",
    ),
    click.option(
        "--part",
        "parts",
        multiple=True,
        metavar="ROLE=ENTRY",
        shell_complete=completion.part,
        help="Choose another part, such as loss=hinge.",
    ),
    click.option("--log-every", type=click.IntRange(1), help="Steps between log lines [default: 50]."),
    click.option("--sample-every", type=click.IntRange(1), help="Steps between sample sheets [default: 500]."),
    click.option("--checkpoint-every", type=click.IntRange(1), help="Steps between checkpoints [default: 500]."),
    options.device,
)


def run(function: F) -> F:
    """Add the options that say how a run trains."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def take_settings(values: Mapping[str, Any], device_is_chosen: bool = True) -> dict[str, Any]:
    """Return a run's settings from the values of these options; those that were not given are left out.

    ``device_is_chosen``: keep the default of --device too, where no file of settings has one.
    """
    settings = {name: value for name, value in values.items() if value is not None}
    assignments, parts, starts = (settings.pop(name, ()) for name in ("assignments", "parts", "start_from"))
    settings["loggers"] = list(settings.get("loggers", ()))
    if not settings["loggers"]:
        del settings["loggers"]
    if "classes" in settings:
        settings["classes"] = [name.strip() for name in settings["classes"].split(",")]
    settings["options"] = dict(parse_assignments(assignments, "--set", "KEY=VALUE"))
    settings["parts"] = parse_assignments(parts, "--part", "ROLE=ENTRY")
    settings["start_from"] = dict(_parse_start(text) for text in starts)
    given = click.get_current_context().get_parameter_source("device") is ParameterSource.COMMANDLINE
    if not (device_is_chosen or given):
        del settings["device"]
    return settings


def refuse_two_lengths(steps: int | None, minutes: float | None) -> None:
    """Raise UsageError where both --steps and --minutes are given."""
    if steps is not None and minutes is not None:
        raise click.UsageError("--steps and --minutes both say how long to train. Give one of them.")


def train(recipe: str, data: tuple[str, ...], output: Path, settings: Mapping[str, Any]) -> Path:
    """Start a run that shows its progress; return its folder."""
    from ganzoo.cli.training_progress import reporter
    from ganzoo.training import train

    with reporter() as progress:
        return train.train(recipe, data, output, reporter=progress, **settings)


def steps_within(minutes: float, recipe: str, data: tuple[str, ...], settings: Mapping[str, Any]) -> int:
    """Return how many steps fit in this time, by trying a few, and show them."""
    seconds = _try_out(recipe, data, settings).step_seconds
    steps = max(1, round(minutes * 60 / seconds))
    echo(f"{steps:,} steps of {seconds:.3g} s fit in {duration(minutes * 60)}.", err=True)
    return steps


def show_dry_run(recipe: str, data: tuple[str, ...], settings: Mapping[str, Any]) -> None:
    """Show what a run would read and build, and how long it would take."""
    from ganzoo.training.dry_run import STEPS

    echo(f"Reading the data, then timing {STEPS} steps ...", err=True)
    for line in describe(_try_out(recipe, data, settings)):
        echo(line)


def _try_out(recipe: str, data: tuple[str, ...], settings: Mapping[str, Any]) -> DryRun:
    from ganzoo.cli.progress import progress_display
    from ganzoo.training.dry_run import dry_run

    with progress_display() as display:
        display.stage("Timing steps")
        return dry_run(recipe, data, **settings, on_progress=display.share)


def describe(found: DryRun) -> Iterator[str]:
    settings = found.settings
    held_out = f", and {found.held_out} held out" if found.held_out else ""
    sources = ", ".join(settings.data) if isinstance(settings.data, list) else settings.data
    yield f"recipe      {settings.recipe} on {sources}"
    yield f"data        {', '.join(f'{count} {name}' for name, count in found.counts.items())}{held_out}"
    if found.classes:
        yield f"classes     {', '.join(found.classes)}"
    for note in found.notes:
        yield f"            {note}"
    for name, shape in found.batch.items():
        yield f"batch       {name} {'x'.join(map(str, shape))}"
    for name, count in found.parameters.items():
        yield f"network     {name}: {count:,} parameters"
    yield f"machine     {found.hardware}, {settings.precision}"
    total = duration(found.total_seconds)
    yield f"time        {found.step_seconds:.3g} s per step; {total} for {settings.steps:,} steps"
    limit = "about" if found.estimated else "at most"
    yield f"memory      {found.memory / 2**30:.2f} GiB {limit}" if found.memory else "memory      not known here"
    if found.estimated:
        yield "            time and memory are estimated from a few images: these steps would take too long to try"
    yield from _advice(found)


def _advice(found: DryRun) -> Iterator[str]:
    """Yield what is unusual about a run, with settings that would fit."""
    settings, images = found.settings, min(found.counts.values(), default=0)
    if images and settings.raster_options is None and settings.batch_size > images / FEW_BATCHES:
        fitting = max(1, images // FEW_BATCHES)
        yield f"note        a batch of {settings.batch_size} is much of {images} images; try --batch-size {fitting}"
    if found.total_seconds > DAY:
        fitting = max(1, int(DAY / found.step_seconds))
        yield f"note        this takes longer than a day; --steps {fitting} or --minutes 1440 takes one"


def duration(seconds: float) -> str:
    """Return a duration in words: "1 h 20 min", "12 min", "40 s"."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _parse_start(text: str) -> tuple[str, str]:
    """Return (network, ref) from NETWORK=REF, or ("", REF) for the main generator."""
    name, equals, ref = text.partition("=")
    return (name, ref) if equals and name.isidentifier() else ("", text)
