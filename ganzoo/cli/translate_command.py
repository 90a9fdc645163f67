"""`ganzoo translate`: pictures to pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import options
from ganzoo.errors import GanzooError, ImageError, OptionError, OutputError

if TYPE_CHECKING:
    from ganzoo.model import Model


@click.command("translate")
@click.argument("ref")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="A file for one picture, a folder for several, - for stdout.")
@click.option("--size", default="auto", show_default=True, help="Work at: auto, native, or the shorter side in pixels.")
@options.running
def command(
    ref: str, inputs: tuple[str, ...], output: str, size: str, device: str, dtype: str | None, engine: str
) -> None:
    """Translate INPUT (pictures, folders, - for stdin) with the model REF.

    Each output has its input's size and orientation.
    """
    from ganzoo import loading

    jobs = _jobs(inputs, output)
    model = loading.load(ref, device, dtype, engine)
    failed: list[str] = []
    for source, target in jobs:
        try:
            _one(model, source, target, size)
        except (ImageError, OutputError) as error:
            if len(jobs) == 1:
                raise
            failed.append(str(error))
    if failed:
        listing = "\n  ".join(failed)
        raise GanzooError(f"{len(failed)} of {len(jobs)} pictures failed, the others are done:\n  {listing}")
    if len(jobs) > 1:
        click.echo(f"{len(jobs)} pictures in {output}")


def _one(model: Model, source: str, target: str, size: str) -> None:
    from ganzoo import images

    picture = images.read(sys.stdin.buffer.read() if source == "-" else source)
    height, width = picture.rgb.shape[:2]
    worked = model.working_size(height, width, size)
    made = model.translate(picture, size)
    if target == "-":
        images.save(made, sys.stdout.buffer, "PNG")
        return
    images.save(made, target)
    note = "" if worked == (height, width) else f" (worked at {worked[1]}x{worked[0]}; --size native for every pixel)"
    click.echo(target + note)


def _jobs(inputs: tuple[str, ...], output: str) -> list[tuple[str, str]]:
    """Return (source, target) for every picture; folders keep their structure. Raises before any work is done."""
    from ganzoo import images

    if len(inputs) == 1 and not Path(inputs[0]).is_dir():
        source = inputs[0]
        if output.endswith("/") or Path(output).is_dir():
            output = str(Path(output) / _target_name(Path(source if source != "-" else "stdin.png")))
        elif output != "-":
            images.check_target(Path(output))
        return [(source, output)]
    folder = Path(output)
    if output == "-" or (folder.exists() and not folder.is_dir()) or folder.suffix.lower() in images.SUFFIXES:
        raise OptionError(f"'{output}' takes one picture; for several, -o names a folder.")
    jobs: list[tuple[str, str]] = []
    for given in inputs:
        path = Path(given)
        if path.is_dir():
            found = images.find(path)
            if not found:
                raise ImageError(f"{path} holds no pictures.")
            jobs += [(str(one), str(folder / one.relative_to(path).parent / _target_name(one))) for one in found]
        else:
            jobs.append((given, str(folder / _target_name(path))))
    targets = [target for _, target in jobs]
    twice = next((target for target in targets if targets.count(target) > 1), None)
    if twice:
        raise OptionError(f"Two inputs would both be written to {twice}. Translate them into different folders.")
    return jobs


def _target_name(source: Path) -> str:
    """Return the output's name: the input's, as PNG where its own kind cannot be written or would lose much."""
    return source.name if source.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") else f"{source.stem}.png"
