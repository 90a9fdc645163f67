"""`ganzoo train`: a recipe on a data set, or a run resumed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ganzoo.cli import completion, raster_options, run_options
from ganzoo.cli.echo import echo


@click.command("train", short_help="Train a recipe on a data set, or resume a run.")
@click.argument("recipe", required=False, shell_complete=completion.recipe)
@click.argument("data", nargs=-1)
@raster_options.rasters
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The run's folder. dir:FOLDER loads its model.")
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="",
    help="Resume this run instead, or without RUN that of -o; only --steps may be changed.",
)
@run_options.run
def command(
    recipe: str | None,
    data: tuple[str, ...],
    output: Path | None,
    resume: str | None,
    dry_run: bool,
    steps: int | None,
    minutes: float | None,
    **values: Any,
) -> None:
    """Train RECIPE on DATA: a folder, a .zip, IDX files or WebDataset shards; two of them for two sets or for pairs.

    Images of any channels and depth are files, folders or patterns: --input and --target for pairs, or A and B as DATA.

    `ganzoo list 'recipe:*' --entries` lists the recipes; `ganzoo info recipe:dcgan` shows one, its options and parts.

    \b
    ganzoo train dcgan photos/ -o runs/mine --steps 20000 --set image_size=64
    ganzoo train cyclegan horses/ zebras/ -o runs/h2z --set generator.width=32 --part loss=hinge
    ganzoo train --resume runs/mine
    ganzoo train runs/mine/run.yaml -o runs/again --seed 1
    ganzoo train pix2pix --input cells.tif --target nuclei.tif --split-by page --validation 0.25 -o runs/stain
    torchrun --standalone --nproc-per-node 2 -m ganzoo train dcgan photos/ -o runs/mine
    """
    run_options.refuse_two_lengths(steps, minutes)
    if resume is not None:
        run = _resume(_run_to_resume(resume, output), steps)
    else:
        data, raster_values = raster_options.take(data, values)
        recipe, data, from_file = _read_run_file(recipe, data)
        if not (recipe and data and (output or dry_run)):
            required = {"RECIPE": recipe, "DATA": data, "-o RUN": output}
            missing = ", ".join(name for name, value in required.items() if not value)
            raise click.UsageError(f"Give RECIPE, DATA and -o RUN, or only --resume RUN. Missing: {missing}.")
        settings = run_options.take_settings({**values, "steps": steps}, device_is_chosen=not from_file)
        settings |= raster_values
        settings = _merged(from_file, settings) if from_file else settings
        if minutes is not None:
            settings["steps"] = run_options.steps_within(minutes, recipe, data, settings)
        if dry_run:
            run_options.show_dry_run(recipe, data, settings)
            return
        run = run_options.train(recipe, data, output or Path(), settings)
    if os.environ.get("RANK", "0") == "0":
        echo(f"dir:{run}")


def _read_run_file(recipe: str | None, data: tuple[str, ...]) -> tuple[str | None, tuple[str, ...], dict[str, Any]]:
    """Return recipe, data and settings: those of a run file, if RECIPE is one; DATA on the command line goes first."""
    from ganzoo.training import run_file

    if recipe is None or not run_file.is_run_file(recipe):
        return recipe, data, {}
    values = run_file.read(Path(recipe))
    found = values.pop("data", ())
    sources = (found,) if isinstance(found, str) else tuple(found or ())
    return values.pop("recipe"), data or sources, values


def _merged(values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    from ganzoo.training import run_file

    return run_file.merged(values, given)


def _resume(run: Path, steps: int | None) -> Path:
    from ganzoo.cli.training_progress import reporter
    from ganzoo.training import train

    with reporter() as progress:
        return train.resume(run, steps=steps, reporter=progress)


def _run_to_resume(resume: str, output: Path | None) -> Path:
    """Return the run's folder, that of -o where --resume names none; refuse all that comes from the run."""
    run = Path(resume) if resume else output
    if run is None:
        raise click.UsageError("--resume needs the folder of a run: ganzoo train --resume RUN")
    context = click.get_current_context()
    sources = {parameter: context.get_parameter_source(parameter.name or "") for parameter in context.command.params}
    used = [p for p, source in sources.items() if source is ParameterSource.COMMANDLINE]
    extra = [p for p in used if p.name not in ("resume", "steps", *(() if resume else ("output",)))]
    if extra:
        names = ", ".join(p.human_readable_name if isinstance(p, click.Argument) else p.opts[-1] for p in extra)
        raise click.UsageError(
            f"--resume takes all settings but --steps from the run: omit {names}.\n"
            f"Run: ganzoo train --resume {shlex.quote(str(run))}"
        )
    return run
