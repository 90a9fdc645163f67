"""`ganzoo translate`: images to images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import completion, options, output, raster_options
from ganzoo.cli.echo import echo
from ganzoo.cli.memory_sizes import Bytes, Pixels
from ganzoo.contracts.tasks import INPUTS
from ganzoo.errors import GanzooError, ImageError, OptionError

if TYPE_CHECKING:
    from ganzoo.batch.jobs import Job, Outcome, Work
    from ganzoo.cli.progress import ProgressDisplay
    from ganzoo.inference.workload import Workload


@click.command("translate", short_help="Translate images, such as horses to zebras.")
@click.argument("ref", shell_complete=completion.model)
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    help="A file for one image, FOLDER/ for several, - for stdout. [default: a new name made of input and model]",
)
@click.option(
    "--size", default="auto", show_default=True, help="Working size: auto, native, or the shorter side in pixels."
)
@click.option("--tiles", default="auto", show_default=True, help="auto, exact, blend (approximate) or off.")
@click.option(
    "--max-memory",
    type=Bytes(),
    default=0,
    metavar="SIZE",
    help="Memory to use besides the loaded model, such as 2GB. [default: half of the free memory]",
)
@click.option(
    "--max-pixels", type=Pixels(), default=0, metavar="N", help="Largest image to accept, such as 500M. [default: 179M]"
)
@click.option("--bands", default="", help="Channels to use, by name or number: B4,B3,B2 or 4,3,2.")
@click.option("--frames", default="", help="Images of a file with several, by number: 1-3,7. [default: all]")
@click.option(
    "--axes",
    "--slices",
    default="",
    help="Dimensions of a file that does not say so: CYX, YXC, ZCYX, ...; of a volume axial, coronal or sagittal.",
)
@click.option("--level", type=click.IntRange(0), default=0, help="Level of a pyramid. [default: 0, full resolution]")
@raster_options.read
@click.option("--panels", default="", help="Images side by side in a file, input:target, such as 1:2-6.")
@click.option("--bits", type=click.Choice(["8", "16"]), help="Bits per channel of the result. [default: the input's]")
@click.option("--keep-metadata", is_flag=True, help="Keep color profile and EXIF. By default colors become sRGB.")
@click.option("--format", default="", help="File format in FOLDER/ or on stdout: png, jpg, tiff, webp, ...")
@click.option("--recursive/--no-recursive", default=True, help="Include subfolders or not.")
@click.option("--skip-existing", is_flag=True, help="Skip outputs that already exist.")
@click.option(
    "--temporal-smoothing",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    help="Reduce flicker in videos: 0 (off) to below 1.",
)
@click.option("--camera", help="A camera's number or name, or a video file in its place, instead of INPUT.")
@click.option("--seconds", type=click.FloatRange(0), default=0.0, help="How long to run a camera. [default: to Ctrl-C]")
@click.option("--calibration", metavar="FOLDER", help="Images to calibrate --dtype int8 with, on first use.")
@click.option("--jobs", "processes", type=click.IntRange(1), default=1, help="Number of processes on this machine.")
@click.option("--cluster", help="Address of a Dask scheduler whose workers do the work, such as tcp://host:8786.")
@options.conditioning("label", "mask", "style")
@options.assignments
@options.runtime
def command(ref: str, inputs: tuple[str, ...], output: str | None, **values: Any) -> None:
    """Translate INPUT (images, videos, folders, quoted patterns, - for stdin) with the model REF.

    Each output keeps its input's size, orientation and bits per channel. If some inputs fail, the others are still
    translated, the failures are listed at the end, and the exit code is 1. With a model whose card says what its
    channels mean, results keep units, number type and metadata: TIFF, OME-TIFF, .npy, .npz.
    """
    from ganzoo.batch.jobs import Job
    from ganzoo.cli import camera as camera_command
    from ganzoo.cli import plan
    from ganzoo.cli.progress import progress_display
    from ganzoo.inference import working_size

    working_size.check(values["size"])
    camera, seconds = values.pop("camera"), values.pop("seconds")
    if bool(inputs) == bool(camera):
        raise click.UsageError("Give images to translate, or --camera." if not inputs else "Give INPUT or --camera.")
    if camera:
        target = camera_command.target_of(output, ref)
        work = _build_work(ref, values, [Job(camera, target)])
        camera_command.translate_camera(work, camera, target, seconds)
        return
    chosen = _parse_format(values["format"])
    output = output or plan.default_output(inputs, ref, chosen)
    planned = plan.plan_jobs(inputs, output, values["recursive"], chosen, lambda text: echo(text, err=True))
    jobs = [job for job in planned if not (values["skip_existing"] and job.is_done())]
    if len(jobs) < len(planned):
        echo(f"{len(planned) - len(jobs)} of {len(planned)} outputs already exist.", err=True)
    if not jobs:
        return
    work = _build_work(ref, values, jobs)
    with progress_display(len(jobs)) as display:
        outcomes = list(_print_each(_run(work, jobs, values, display), display))
    _print_summary(outcomes, output, len(planned))


def _parse_format(text: str) -> str:
    from ganzoo.image_io import raster_files

    name = text.lower().removeprefix(".")
    known = raster_files.output_suffixes()
    if name and f".{name}" not in known:
        raise OptionError(f"'{text}' is not a supported image format. Choose one of {' '.join(known)}.")
    return name


def _build_work(ref: str, values: dict[str, Any], jobs: list[Job]) -> Work:
    from ganzoo.batch.jobs import Work
    from ganzoo.batch.rasters import Selection
    from ganzoo.inference.image_pass import Settings

    bits, smoothing = int(values["bits"] or 0), values["temporal_smoothing"]
    if not 0 <= smoothing < 1:  # click lets NaN pass
        raise OptionError(f"A temporal smoothing of {smoothing} is not valid. Give a number from 0 (off) to below 1.")
    load = {name: values[name] for name in ("device", "dtype", "engine", "token")}
    load["work"] = _workload(values["size"], jobs)
    load["options"] = dict(output.parse_assignments(values["assignments"], "--set", "KEY=VALUE"))
    conditioning = {name: values[name] for name in INPUTS if values[name] is not None}
    return Work(
        ref,
        load | _calibration(values["calibration"]),
        Settings(values["size"], values["tiles"], values["max_memory"], bits, conditioning),
        values["max_pixels"],
        values["keep_metadata"],
        _parse_format(values["format"]) or "png",
        values["temporal_smoothing"],
        Selection(*(values[name] for name in ("bands", "frames", "axes", "level", "panels", "read"))),
    )


def _workload(size: str, jobs: list[Job]) -> Workload:
    from ganzoo.inference.workload import KINDS, Workload

    side = int(size) if size.isdecimal() else 0
    if any(job.is_video() for job in jobs):
        return replace(KINDS["video"], side=side)
    return Workload(len(jobs), side)


def _calibration(path: str | None) -> dict[str, Any]:
    from pathlib import Path

    from ganzoo.image_io import image_paths

    if path is None:
        return {}
    return {"calibration": [path] if Path(path).is_file() else [str(one) for one in image_paths.find(path)]}


def _run(work: Work, jobs: list[Job], values: dict[str, Any], display: ProgressDisplay) -> Iterator[Outcome]:
    from ganzoo.batch.run import run

    if values["cluster"]:
        from ganzoo.batch.cluster import run_on_cluster

        return run_on_cluster(work, jobs, values["cluster"])
    if values["processes"] > 1 and len(jobs) > 1:
        from ganzoo.batch.processes import run_in_processes

        work.open(display.note)  # errors show before processes start, and the model is converted only once
        return run_in_processes(work, jobs, min(values["processes"], len(jobs)))
    return run(work, work.open(display.note), jobs, display.share)


def _print_each(outcomes: Iterator[Outcome], display: ProgressDisplay) -> Iterator[Outcome]:
    """Print each finished output as soon as it is there."""
    for outcome in outcomes:
        if not outcome.error and outcome.job.target != "-":
            display.done(outcome.job.target + _describe_size(outcome))
        for note in outcome.notes:
            display.note(f"{outcome.job.source}: {note}")
        yield outcome


def _describe_size(outcome: Outcome) -> str:
    if outcome.worked_at is None:
        return ""
    height, width = outcome.worked_at
    return f" (processed at {width}x{height}; --size native for full resolution)"


def _print_summary(outcomes: list[Outcome], output: str, planned: int) -> None:
    errors = [outcome.error for outcome in outcomes if outcome.error]
    if errors and planned == 1:
        raise ImageError(errors[0])
    if errors:
        listing = "\n  ".join(errors)
        succeeded = "none succeeded" if len(errors) == len(outcomes) else "the others are done"
        raise GanzooError(f"{len(errors)} of {len(outcomes)} images failed, {succeeded}:\n  {listing}")
    if planned > 1:
        echo(f"{len(outcomes)} images in {output}")
