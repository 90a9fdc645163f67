"""`ganzoo train`: a recipe on a data set, or a run resumed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ganzoo.cli import options


@click.command("train", short_help="Train a recipe on a data set, or resume a run.")
@click.argument("recipe", required=False)
@click.argument("data", required=False)
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
@click.option("--seed", type=int, help="Of weights, order and noise [default: 0].")
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), help="bf16 is autocast [default: fp32].")
@click.option("--ema", "ema_decay", type=float, help="Decay of the averaged generator, as 0.999 [default: 0, none].")
@click.option("--validation", type=float, help="Share of pictures kept out of training [default: 0].")
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
    data: str | None,
    output: Path | None,
    resume: Path | None,
    assignments: tuple[str, ...],
    parts: tuple[str, ...],
    steps: int | None,
    device: str,
    **values: Any,
) -> None:
    """Train RECIPE on DATA: a folder, a .zip, or a folder of IDX files.

    `ganzoo list 'recipe:*' --entries` shows the recipes, `ganzoo info recipe:dcgan` one with its options and parts.

    \b
    ganzoo train dcgan photos/ -o runs/mine --steps 20000 --set image_size=64
    ganzoo train cyclegan horse2zebra.zip -o runs/h2z --set generator.width=32 --part loss=hinge
    ganzoo train --resume runs/mine
    """
    from ganzoo.cli.progress import reporter
    from ganzoo.training import loop

    if resume is not None:
        _refuse_others()
        with reporter() as shown:
            done = loop.resume(resume, steps=steps, reporter=shown)
    else:
        if not (recipe and data and output):
            missing = {"RECIPE": recipe, "DATA": data, "-o RUN": output}
            lacks = ", ".join(name for name, value in missing.items() if not value)
            raise click.UsageError(f"Give RECIPE, DATA and -o RUN, or --resume RUN alone. Missing: {lacks}.")
        asked = {name: value for name, value in {**values, "steps": steps}.items() if value is not None}
        own, of_parts = split_assignments(assignments)
        chosen = _pairs(parts, "--part", "ROLE=ENTRY")
        with reporter() as shown:
            done = loop.train(
                recipe,
                data,
                output,
                reporter=shown,
                device=device,
                options=own,
                part_options=of_parts,
                parts=chosen,
                **asked,
            )
    click.echo(f"dir:{done}")


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
    for name, value in _pairs(assignments, "--set", "KEY=VALUE").items():
        role, dot, key = name.partition(".")
        if dot:
            of_parts.setdefault(role, {})[key] = value
        else:
            own[name] = value
    return own, of_parts


def _pairs(texts: tuple[str, ...], option: str, form: str) -> Mapping[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and name and value):
            raise click.UsageError(f"{option} {text} is not right. Write {option} {form}.")
        pairs[name] = value
    return pairs
