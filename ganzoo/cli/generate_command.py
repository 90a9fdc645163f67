"""`ganzoo generate`: pictures from nothing."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import options, targets
from ganzoo.cli.output import pairs


@click.command("generate", short_help="Generate pictures: one grid, or single files.")
@click.argument("ref")
@click.option("-n", "--number", default=16, show_default=True, type=click.IntRange(1), help="How many pictures.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same pictures.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    help="Class to generate, for conditional models; may be repeated. [default: all in turn]",
)
@click.option("-o", "--output", required=True, help="A picture (one grid), FOLDER/ for single files, or - for stdout.")
@options.assignments
@options.running
def command(
    ref: str,
    number: int,
    seed: int,
    labels: tuple[str, ...],
    output: str,
    assignments: tuple[str, ...],
    device: str,
    dtype: str | None,
    engine: str,
    token: str | None,
) -> None:
    """Generate pictures with the model REF: one grid, or single files into a folder."""
    from ganzoo import images, loading

    single = targets.is_folder(output)
    if single:
        targets.check_folder(output)
    elif output != "-":
        targets.check_file(output, "single files")
    given = dict(pairs(assignments, "--set", "KEY=VALUE"))
    model = loading.load(ref, device, dtype, engine, token=token, options=given)
    made = model.generate(number, seed, labels or None)
    if not single:
        targets.save(images.grid(made), output)
        if output != "-":
            click.echo(output)
        return
    digits = max(4, len(str(number - 1)))
    for index, image in enumerate(made):
        images.save(image, Path(output) / f"{index:0{digits}d}.png")
    click.echo(f"{number} pictures in {output}")
