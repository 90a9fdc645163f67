"""`ganzoo translate`: pictures to pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import options, targets
from ganzoo.errors import GanzooError, ImageError, OptionError, OutputError

if TYPE_CHECKING:
    from ganzoo.images import Picture
    from ganzoo.model import Model

Job = tuple[str, str]  # source and target: paths, or "-"


@click.command("translate", short_help="Translate pictures, as horses to zebras.")
@click.argument("ref")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="A file for one picture, FOLDER/ for several, - for stdout.")
@click.option("--size", default="auto", show_default=True, help="Work at: auto, native, or the shorter side in pixels.")
@options.running
def command(
    ref: str,
    inputs: tuple[str, ...],
    output: str,
    size: str,
    device: str,
    dtype: str | None,
    engine: str,
    token: str | None,
) -> None:
    """Translate INPUT (pictures, folders, - for stdin) with the model REF.

    Each output has its input's size and orientation.
    """
    from ganzoo import loading
    from ganzoo.inference import sizes

    sizes.check(size)
    jobs = _jobs(inputs, output)
    model = loading.load(ref, device, dtype, engine, token=token)
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
        done = "none is done" if len(failed) == len(jobs) else "the others are done"
        raise GanzooError(f"{len(failed)} of {len(jobs)} pictures failed, {done}:\n  {listing}")
    if len(jobs) > 1:
        click.echo(f"{len(jobs)} pictures in {output}")


def _one(model: Model, source: str, target: str, size: str) -> None:
    from ganzoo import images

    picture = _read_stdin() if source == "-" else images.read(source)
    height, width = picture.rgb.shape[:2]
    worked = model.working_size(height, width, size)
    targets.save(model.translate(picture, size), target)
    if target != "-":
        smaller = f" (worked at {worked[1]}x{worked[0]}; --size native for every pixel)"
        click.echo(target + ("" if worked == (height, width) else smaller))


def _read_stdin() -> Picture:
    from ganzoo import images

    given = io.BytesIO(sys.stdin.buffer.read())
    given.name = "Standard input"  # type: ignore[attr-defined]  # for messages
    return images.read(given)


def _jobs(inputs: tuple[str, ...], output: str) -> list[Job]:
    """Return (source, target) for every picture; folders keep their structure. Raises before any work is done."""
    if len(inputs) == 1 and not Path(inputs[0]).is_dir():
        jobs = [(inputs[0], _single_target(inputs[0], output))]
    else:
        jobs = _several(inputs, output)
    seen: dict[str, str] = {}
    for source, target in jobs:
        if target in seen:
            raise OptionError(
                f"Two inputs, {_shown(seen[target])} and {_shown(source)}, would both be written to {target}. "
                "Translate them into different folders."
            )
        if target != "-" and Path(target).exists() and Path(source).exists() and Path(target).samefile(source):
            raise OptionError(f"{target} would replace its own input. Write to another folder or name.")
        seen[target] = source
    return jobs


def _shown(source: str) -> str:
    return "standard input" if source == "-" else source


def _single_target(source: str, output: str) -> str:
    if source != "-" and not Path(source).exists():
        raise ImageError(f"No file {source}. Check the path.")
    if targets.is_folder(output):
        targets.check_folder(output)
        return str(Path(output) / _target_name(source))
    if output != "-":
        targets.check_file(output, "a folder")
    return output


def _several(inputs: tuple[str, ...], output: str) -> list[Job]:
    from ganzoo import images

    folder = Path(output)
    if output == "-" or folder.suffix.lower() in images.SUFFIXES:
        raise OptionError(f"'{output}' takes one picture; for several, -o names a folder.")
    targets.check_folder(output)
    jobs: list[Job] = []
    for given in inputs:
        path = Path(given)
        if not path.is_dir():
            jobs.append((given, str(folder / _target_name(given))))
            continue
        found = [one for one in images.find(path) if not _is_earlier_result(one, path, folder)]
        if not found:
            raise ImageError(f"{path} holds no pictures. They end in {' '.join(images.SUFFIXES)}.")
        jobs += [(str(one), str(folder / one.relative_to(path).parent / _target_name(one.name))) for one in found]
    return jobs


def _is_earlier_result(file: Path, source: Path, output: Path) -> bool:
    """Tell whether ``file`` lies in an output folder that is itself inside the input folder."""
    results = output.resolve()
    return (
        results != source.resolve()
        and file.resolve().is_relative_to(results)
        and results.is_relative_to(source.resolve())
    )


def _target_name(source: str) -> str:
    """Return the output's name: the input's, as PNG where its own kind cannot be written or would lose much."""
    path = Path("stdin.png" if source == "-" else source)
    return path.name if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") else f"{path.stem}.png"
