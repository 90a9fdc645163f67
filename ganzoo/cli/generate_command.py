"""`ganzoo generate`: pictures from nothing."""

from __future__ import annotations

import click

from ganzoo.cli import options
from ganzoo.cli.output import pairs


@click.command("generate", short_help="Generate pictures or clips: one grid, or single files.")
@click.argument("ref")
@click.option(
    "-n", "--number", default=16, show_default=True, type=click.IntRange(1), help="How many pictures or clips."
)
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same pictures.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    help="Class to generate, for conditional models; may be repeated. [default: all in turn]",
)
@click.option("--fps", type=float, help="Frames a second, of models that make clips. [default: 8]")
@click.option("-o", "--output", required=True, help="A picture (one grid), FOLDER/ for single files, or - for stdout.")
@options.assignments
@options.running
def command(
    ref: str,
    number: int,
    seed: int,
    labels: tuple[str, ...],
    fps: float | None,
    output: str,
    assignments: tuple[str, ...],
    device: str,
    dtype: str | None,
    engine: str,
    token: str | None,
) -> None:
    """Generate pictures with the model REF: one grid, or single files into a folder.

    Of a model that makes clips: a .gif, .mp4 or .webm with all of them playing side by side; a picture with a row for
    each; or single GIFs into a folder.
    """
    from ganzoo.cli import generated
    from ganzoo.loading import load

    generated.check(output)
    given = dict(pairs(assignments, "--set", "KEY=VALUE"))
    model = load.load(ref, device, dtype, engine, token=token, options=given)
    save = generated.writer(model, output, fps)
    save(model.generate(number, seed, labels or None))
    if output != "-":
        click.echo(generated.done(model, output, number))
