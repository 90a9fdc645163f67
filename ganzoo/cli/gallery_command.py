"""`ganzoo gallery`: a page with an image of every model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.echo import echo
from ganzoo.cli.progress import ProgressDisplay, progress_display

if TYPE_CHECKING:
    from ganzoo.gallery.build_gallery import ModelResult


@click.command("gallery", short_help="Write a page that shows every model at work.")
@click.argument("pattern", default="*")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for index.html.")
@click.option("--task", help="Show only models for this task, such as image-to-image.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=IMAGE",
    help="Input image for the models whose name matches NAME. Also NAME:style=IMAGE and NAME:mask=IMAGE.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of generated images.")
@click.option("--download", is_flag=True, help="Download weights that are not on this machine.")
def command(pattern: str, output: Path, task: str | None, inputs: tuple[str, ...], seed: int, download: bool) -> None:
    """Write a page with an image of each model whose name matches PATTERN, such as "cyclegan/*".

    \b
    ganzoo gallery -o gallery/
    ganzoo gallery 'cyclegan/*' -o horses/ --input 'cyclegan/horse2zebra=horse.jpg'

    Open index.html in any browser; the page needs no network and no server. A model is listed without an image if its
    weights are not on this machine or a package that it needs is not installed. Nothing is downloaded without
    --download. Translation models are shown on photographs that come with ganzoo, or on the examples stored next to
    their weights.
    """
    from ganzoo.cards import registry
    from ganzoo.gallery import build_gallery
    from ganzoo.loading import example_inputs

    parsed = [example_inputs.parse_example(text) for text in inputs]
    with progress_display(len(registry.cards(pattern, task))) as display:
        results = build_gallery.build_gallery(
            output,
            pattern,
            task=task,
            inputs=parsed,
            download=download,
            seed=seed,
            on_progress=lambda result: _show_result(display, result),
        )
    echo(str(output / build_gallery.PAGE))
    if any(result.error for result in results):
        echo("Error: some models could not be shown; the page says why.", err=True)
        click.get_current_context().exit(1)


def _show_result(display: ProgressDisplay, result: ModelResult) -> None:
    name = result.card.name
    if result.image:
        display.done(f"{name}: {result.image}")
        return
    reason = result.error or result.missing_package or "Its weights are not on this machine."
    display.skipped(f"{name}: no image. {reason}")
