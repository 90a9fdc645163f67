"""`ganzoo translate`: pictures to pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import options, output
from ganzoo.cli.memory_sizes import Bytes, Pixels
from ganzoo.contracts.tasks import INPUTS
from ganzoo.errors import GanzooError, ImageError, OptionError

if TYPE_CHECKING:
    from ganzoo.batch.run import Job, Outcome, Work
    from ganzoo.cli.translation_progress import Bars


@click.command("translate", short_help="Translate pictures, as horses to zebras.")
@click.argument("ref")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="A file for one picture, FOLDER/ for several, - for stdout.")
@click.option("--size", default="auto", show_default=True, help="Work at: auto, native, or the shorter side in pixels.")
@click.option("--tiles", default="auto", show_default=True, help="auto, exact, blend (approximate), off.")
@click.option(
    "--max-memory",
    type=Bytes(),
    default=0,
    metavar="SIZE",
    help="Beyond the loaded model, as 2GB. [half of what is free]",
)
@click.option("--max-pixels", type=Pixels(), default=0, metavar="N", help="Refuse larger pictures; as 500M. [179M]")
@click.option("--bits", type=click.Choice(["8", "16"]), help="Bits a channel of the result; the input's unless given.")
@click.option("--keep-metadata", is_flag=True, help="Keep color profile and EXIF; else colors become sRGB.")
@click.option("--format", default="", help="Kind of the files in FOLDER/ or on stdout, as png, jpg, tiff, webp.")
@click.option("--recursive/--no-recursive", default=True, help="Folders with or without those within them.")
@click.option("--skip-existing", is_flag=True, help="Leave out what is there already.")
@click.option(
    "--steady",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    help="Videos: smoothing over time against flicker, 0 to below 1.",
)
@click.option("--calibration", metavar="FOLDER", help="Pictures to calibrate --dtype int8 by, once.")
@click.option("--jobs", "processes", type=click.IntRange(1), default=1, help="Processes on this machine.")
@click.option("--cluster", help="Address of a Dask scheduler, as tcp://host:8786, whose workers do it.")
@options.conditioning("label", "mask", "style")
@options.assignments
@options.runtime
def command(ref: str, inputs: tuple[str, ...], output: str, **given: Any) -> None:
    """Translate INPUT (pictures, videos, folders, quoted patterns, - for stdin) with the model REF.

    Each output has its input's size, orientation and bits a channel. Where some pictures fail, the others are done,
    the failures are listed at the end, and the exit code is 1.
    """
    from ganzoo.batch.run import is_done
    from ganzoo.cli import plan
    from ganzoo.cli.translation_progress import bars
    from ganzoo.inference import working_size

    working_size.check(given["size"])
    planned = plan.jobs(inputs, output, given["recursive"], _format(given["format"]))
    to_do = [job for job in planned if not (given["skip_existing"] and is_done(job))]
    if len(to_do) < len(planned):
        click.echo(f"{len(planned) - len(to_do)} of {len(planned)} are there already.", err=True)
    if not to_do:
        return
    work = _work(ref, given)
    with bars(len(to_do)) as shown:
        outcomes = list(_report(_run(work, to_do, given, shown), shown))
    _end(outcomes, output, len(planned))


def _format(given: str) -> str:
    from ganzoo.image_io import image_paths

    name = given.lower().removeprefix(".")
    if name and f".{name}" not in image_paths.SUFFIXES:
        raise OptionError(f"'{given}' is no kind of picture. Choose one of {' '.join(image_paths.SUFFIXES)}.")
    return name


def _work(ref: str, given: dict[str, Any]) -> Work:
    from ganzoo.batch.run import Work
    from ganzoo.inference.translation import Settings

    bits = int(given["bits"] or 0)
    load = {name: given[name] for name in ("device", "dtype", "engine", "token")}
    load["options"] = dict(output.parse_assignments(given["assignments"], "--set", "KEY=VALUE"))
    conditioning = {name: given[name] for name in INPUTS if given[name] is not None}
    return Work(
        ref,
        load | _calibration(given["calibration"]),
        Settings(given["size"], given["tiles"], given["max_memory"], bits, conditioning),
        given["max_pixels"],
        given["keep_metadata"],
        _format(given["format"]) or "png",
        given["steady"],
    )


def _calibration(path: str | None) -> dict[str, Any]:
    from pathlib import Path

    from ganzoo.image_io import image_paths

    if path is None:
        return {}
    return {"calibration": [path] if Path(path).is_file() else [str(one) for one in image_paths.find(path)]}


def _run(work: Work, jobs: list[Job], given: dict[str, Any], shown: Bars) -> Iterator[Outcome]:
    from ganzoo.batch.run import run

    if given["cluster"]:
        from ganzoo.batch.cluster import run_on_cluster

        return run_on_cluster(work, jobs, given["cluster"])
    if given["processes"] > 1 and len(jobs) > 1:
        from ganzoo.batch.processes import run_in_processes

        work.open(shown.note)  # whatever is wrong with it shows before processes start; a conversion is made once
        return run_in_processes(work, jobs, min(given["processes"], len(jobs)))
    return run(work, work.open(shown.note), jobs, shown.share)


def _report(outcomes: Iterator[Outcome], shown: Bars) -> Iterator[Outcome]:
    """Say what is done as it is done."""
    for outcome in outcomes:
        if not outcome.error and outcome.job.target != "-":
            shown.done(outcome.job.target + _worked_at(outcome))
        yield outcome


def _worked_at(outcome: Outcome) -> str:
    if outcome.worked_at is None:
        return ""
    height, width = outcome.worked_at
    return f" (worked at {width}x{height}; --size native for every pixel)"


def _end(outcomes: list[Outcome], output: str, planned: int) -> None:
    failed = [outcome.error for outcome in outcomes if outcome.error]
    if failed and planned == 1:
        raise ImageError(failed[0])
    if failed:
        listing = "\n  ".join(failed)
        done = "none is done" if len(failed) == len(outcomes) else "the others are done"
        raise GanzooError(f"{len(failed)} of {len(outcomes)} pictures failed, {done}:\n  {listing}")
    if planned > 1:
        click.echo(f"{len(outcomes)} pictures in {output}")
