"""`ganzoo train`: a recipe on a data set, or a run resumed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ganzoo.cli import options
from ganzoo.cli.output import pairs

if TYPE_CHECKING:
    from ganzoo.training.dry_run import DryRun


@click.command("train", short_help="Train a recipe on a data set, or resume a run.")
@click.argument("recipe", required=False)
@click.argument("data", nargs=-1)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The run's folder; dir:FOLDER loads it.")
@click.option(
    "--resume", type=click.Path(path_type=Path), help="Go on with this run instead; only --steps may be given too."
)
@click.option("--steps", type=click.IntRange(1), help="Updates in all [default: 10000].")
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    help="Pictures a step [default: the recipe's, as 64 for dcgan, 1 for cyclegan].",
)
@click.option(
    "--accumulate", type=click.IntRange(1), help="Parts of a batch done in turn, for less memory [default: 1]."
)
@click.option("--seed", type=int, help="Of weights, order and noise [default: 0].")
@click.option("--precision", type=click.Choice(["fp32", "bf16", "fp16"]), help="Of the networks [default: fp32].")
@click.option(
    "--memory-format",
    type=click.Choice(["auto", "contiguous", "channels_last"]),
    help="Of pictures and weights [default: auto, which is channels_last on a GPU].",
)
@click.option("--compile", is_flag=True, default=None, help="Run the networks through torch.compile.")
@click.option("--from", "start_from", multiple=True, metavar="[NETWORK=]REF", help="Begin with the weights of a model.")
@click.option("--ema", "ema_decay", type=float, help="Decay of the averaged generator, as 0.999 [default: 0, none].")
@click.option("--validation", type=float, help="Share of pictures kept out of training [default: 0].")
@click.option(
    "--best", metavar="MEASURE", help="What chooses the best step, as fd-efficientnet-lite0 [default: the recipe's]."
)
@click.option("--classes", metavar="NAMES", help="Names of the labels, with commas, where the data has numbers only.")
@click.option("--keep", type=click.IntRange(1), help="Newest checkpoints to keep, beside the best [default: 2].")
@click.option("--stop-on-warning", is_flag=True, default=None, help="Stop when the run collapses or a loss vanishes.")
@click.option("--tensorboard", is_flag=True, default=None, help="Log for TensorBoard too, into RUN/tensorboard.")
@click.option("--workers", type=click.IntRange(1), help="Processes that decode pictures too many for the memory.")
@click.option("--dry-run", is_flag=True, help="Tell what would be read and built, and how long it takes; keep nothing.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Option of the recipe, or ROLE.KEY=VALUE."
)
@click.option("--part", "parts", multiple=True, metavar="ROLE=ENTRY", help="Swap a part, as loss=hinge.")
@click.option("--log-every", type=click.IntRange(1), help="In steps [default: 50].")
@click.option("--sample-every", type=click.IntRange(1), help="In steps [default: 500].")
@click.option("--checkpoint-every", type=click.IntRange(1), help="In steps [default: 500].")
@options.device
def command(
    recipe: str | None,
    data: tuple[str, ...],
    output: Path | None,
    resume: Path | None,
    assignments: tuple[str, ...],
    parts: tuple[str, ...],
    start_from: tuple[str, ...],
    dry_run: bool,
    steps: int | None,
    device: str,
    **values: Any,
) -> None:
    """Train RECIPE on DATA: a folder, a .zip, IDX files or WebDataset shards; two of them for two sets, or for pairs.

    `ganzoo list 'recipe:*' --entries` shows the recipes, `ganzoo info recipe:dcgan` one with its options and parts.

    \b
    ganzoo train dcgan photos/ -o runs/mine --steps 20000 --set image_size=64
    ganzoo train cyclegan horses/ zebras/ -o runs/h2z --set generator.width=32 --part loss=hinge
    ganzoo train --resume runs/mine
    torchrun --standalone --nproc-per-node 2 -m ganzoo train dcgan photos/ -o runs/mine
    """
    if resume is not None:
        _refuse_others()
        done = _resume(resume, steps)
    else:
        if not (recipe and data and (output or dry_run)):
            missing = {"RECIPE": recipe, "DATA": data, "-o RUN": output}
            lacks = ", ".join(name for name, value in missing.items() if not value)
            raise click.UsageError(f"Give RECIPE, DATA and -o RUN, or --resume RUN alone. Missing: {lacks}.")
        asked = {name: value for name, value in {**values, "steps": steps}.items() if value is not None}
        if "classes" in asked:
            asked["classes"] = [name.strip() for name in asked["classes"].split(",")]
        own, of_parts = split_assignments(assignments)
        chosen = pairs(parts, "--part", "ROLE=ENTRY")
        begin = dict(_start(text) for text in start_from)
        asked |= {"device": device, "options": own, "part_options": of_parts, "parts": chosen, "start_from": begin}
        if dry_run:
            _rehearse(recipe, data, asked)
            return
        done = _train(recipe, data, output, asked)
    if os.environ.get("RANK", "0") == "0":
        click.echo(f"dir:{done}")


def _train(recipe: str, data: tuple[str, ...], output: Path | None, asked: Mapping[str, Any]) -> Path:
    from ganzoo.cli.training_progress import reporter
    from ganzoo.training import train

    with reporter() as shown:
        return train.train(recipe, data, output or Path(), reporter=shown, **asked)


def _resume(run: Path, steps: int | None) -> Path:
    from ganzoo.cli.training_progress import reporter
    from ganzoo.training import train

    with reporter() as shown:
        return train.resume(run, steps=steps, reporter=shown)


def _rehearse(recipe: str, data: tuple[str, ...], asked: Mapping[str, Any]) -> None:
    from ganzoo.training.dry_run import STEPS, dry_run

    click.echo(f"Reading the data, then timing {STEPS} steps ...", err=True)
    for line in _described(dry_run(recipe, data, **asked)):
        click.echo(line)


def _described(found: DryRun) -> Iterator[str]:
    asked = found.settings
    kept = f", and {found.held_out} held out" if found.held_out else ""
    yield f"recipe      {asked.recipe} on {', '.join(asked.data) if isinstance(asked.data, list) else asked.data}"
    yield f"data        {', '.join(f'{count} {name}' for name, count in found.counts.items())}{kept}"
    if found.classes:
        yield f"classes     {', '.join(found.classes)}"
    for note in found.notes:
        yield f"            {note}"
    for name, shape in found.batch.items():
        yield f"batch       {name} {'x'.join(map(str, shape))}"
    for name, count in found.parameters.items():
        yield f"network     {name}: {count:,} parameters"
    yield f"machine     {found.hardware}, {asked.precision}"
    yield f"time        {found.step_seconds:.3g} s a step; {duration(found.total_seconds)} for {asked.steps:,} steps"
    yield f"memory      {found.memory / 2**30:.2f} GiB at the most" if found.memory else "memory      not known here"


def duration(seconds: float) -> str:
    """Return seconds as people say it: "1 h 20 min", "12 min", "40 s"."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _start(text: str) -> tuple[str, str]:
    """Return (network, ref) out of NETWORK=REF, or ("", REF): the main generator."""
    name, equals, ref = text.partition("=")
    return (name, ref) if equals and name.isidentifier() else ("", text)


def _refuse_others() -> None:
    """Refuse whatever stands beside --resume and --steps on the command line: the run has it all."""
    context = click.get_current_context()
    sources = {parameter: context.get_parameter_source(parameter.name or "") for parameter in context.command.params}
    given = [p for p, source in sources.items() if source is ParameterSource.COMMANDLINE]
    extra = [p for p in given if p.name not in ("resume", "steps")]
    if extra:
        names = ", ".join(p.human_readable_name if isinstance(p, click.Argument) else p.opts[-1] for p in extra)
        raise click.UsageError(f"--resume takes everything but --steps from the run: leave out {names}.")


def split_assignments(assignments: tuple[str, ...]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the recipe's options, and each part's, out of KEY=VALUE and ROLE.KEY=VALUE."""
    own: dict[str, str] = {}
    of_parts: dict[str, dict[str, str]] = {}
    for name, value in pairs(assignments, "--set", "KEY=VALUE").items():
        role, dot, key = name.partition(".")
        if dot:
            of_parts.setdefault(role, {})[key] = value
        else:
            own[name] = value
    return own, of_parts
