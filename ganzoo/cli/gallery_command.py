"""`ganzoo gallery`: a page with a picture of every model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ganzoo.gallery.build_gallery import ShownModel


@click.command("gallery", short_help="Write a page with a picture of every model.")
@click.argument("pattern", default="*")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of index.html.")
@click.option("--task", help="Only models of this task, as image-to-image.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=PICTURE",
    help="Show models of that name, or pattern, at work on this picture; NAME:style=... and NAME:mask=... too.",
)
@click.option("--seed", default=0, show_default=True, help="Of generated pictures.")
@click.option("--download", is_flag=True, help="Fetch weights that are not on this machine.")
def command(pattern: str, output: Path, task: str | None, inputs: tuple[str, ...], seed: int, download: bool) -> None:
    """Write a page with a picture of each model whose name matches PATTERN, as "cyclegan/*".

    \b
    ganzoo gallery -o gallery/
    ganzoo gallery 'patchgan/*' -o houses/ --input 'pix2pix/facades=labels.png'

    The page needs no network and no server: open its index.html. Models whose weights are not here, or that need a
    package which is not, are on it without a picture; nothing is fetched unless --download says so. Translators are
    shown on photographs that come with ganzoo, or on examples that lie beside their weights.
    """
    from ganzoo.gallery import build_gallery, examples

    given = [examples.given(text) for text in inputs]
    found = build_gallery.make(
        output, pattern, task=task, inputs=given, download=download, seed=seed, on_progress=_tell
    )
    click.echo(str(output / build_gallery.PAGE))
    if any(one.problem for one in found):
        click.echo("Error: some models could not be shown; the page says why.", err=True)
        click.get_current_context().exit(1)


def _tell(shown: ShownModel) -> None:
    if shown.picture:
        click.echo(f"{shown.card.name}: {shown.picture}")
    else:
        click.echo(
            f"{shown.card.name}: no picture. {shown.problem or shown.missing or 'Its weights are not here.'}", err=True
        )
