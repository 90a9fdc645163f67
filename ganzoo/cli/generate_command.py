"""`ganzoo generate`: images or clips from latents."""

from __future__ import annotations

import click

from ganzoo.cli import completion, options
from ganzoo.cli.echo import echo
from ganzoo.cli.output import parse_assignments


@click.command("generate", short_help="Generate images or clips from a seed.")
@click.argument("ref", shell_complete=completion.model)
@click.option(
    "-n", "--number", default=16, show_default=True, type=click.IntRange(1), help="Number of images or clips."
)
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same images.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    shell_complete=completion.label,
    help="Class to generate, for conditional models; can be repeated. [default: all in turn]",
)
@click.option("--fps", type=float, help="Frames per second of clips. [default: 8]")
@click.option(
    "-o",
    "--output",
    help="An image file for one grid, FOLDER/ for single files, - for stdout. [default: a new file]",
)
@options.assignments
@options.runtime
def command(
    ref: str,
    number: int,
    seed: int,
    labels: tuple[str, ...],
    fps: float | None,
    output: str | None,
    assignments: tuple[str, ...],
    device: str,
    dtype: str | None,
    engine: str,
    token: str | None,
) -> None:
    """Generate images with the model REF, as one grid or as single files in a folder.

    For a model that generates clips, OUTPUT is a .gif, .mp4 or .webm that plays all clips side by side, an image with
    one row per clip, or a folder of GIFs.
    """
    from ganzoo.cli import generated_output, output_paths
    from ganzoo.loading import load

    card = load.look_up(ref, token)[0] if output is None else None
    output = output or output_paths.unused(output_paths.model_part(ref), ".gif" if card and card.frames else ".png")
    generated_output.check(output)
    values = dict(parse_assignments(assignments, "--set", "KEY=VALUE"))
    model = load.load(ref, device, dtype, engine, token=token, options=values)
    write = generated_output.choose_writer(model, output, fps)
    write(model.generate(number, seed, labels or None))
    if output != "-":
        echo(generated_output.summarize(model, output, number))
