"""`ganzoo inspect`: what image files hold, channel by channel, and what would be done with them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import options, output, raster_options
from ganzoo.cli.echo import echo
from ganzoo.errors import GanzooError, ImageError

if TYPE_CHECKING:
    from ganzoo.contracts.reader import Frames
    from ganzoo.rasters.statistics import ChannelStatistics

BLOCKS, PLAIN_BLOCKS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
MAX_CHANNELS = 64  # that are listed


@click.command("inspect", short_help="Show what image files hold, channel by channel.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--axes",
    "--slices",
    default="",
    help="Dimensions of a file that does not say so: CYX, YXC, ZCYX, ...; of a volume axial, coronal or sagittal.",
)
@raster_options.read
@click.option("--model", "ref", metavar="REF", help="Also say whether this model takes the files.")
@options.as_json
@options.token
def command(files: tuple[str, ...], axes: str, read: str, ref: str | None, as_json: bool, token: str | None) -> None:
    """Show the channels of each FILE with unit, number type, values and missing ones, its size, and what is kept of it.

    Large files are looked at in part: every n-th pixel. The histogram runs from the 0.1 to the 99.9 percentile.
    """
    found, errors = [], []
    for path in files:
        try:
            found.append(_inspect(path, axes, read, ref, token))
        except GanzooError as error:
            if len(files) == 1:
                raise
            errors.append(str(error))
            continue
        if not as_json:
            _print(found[-1], first=len(found) == 1)
    if as_json:
        output.print_json([_for_json(one) for one in found])
    if errors:
        raise ImageError(f"{len(errors)} of {len(files)} files cannot be read:\n  " + "\n  ".join(errors))


def _inspect(path: str, axes: str, read: str, ref: str | None, token: str | None) -> dict[str, Any]:
    """Return what a file is, by name of the fact."""
    from ganzoo.image_io import raster_files
    from ganzoo.rasters import statistics

    name, reader = raster_files.find_reader(path)
    with raster_files.open_with(reader, path, axes=axes, read=read) as frames:
        rasters = list(frames)
        first = rasters[0]
        sizes = {raster.shape[1:] for raster in rasters}
        return {
            "file": path,
            "reader": name,
            "images": len(frames),
            "axis": frames.axis,
            "height": first.shape[1],
            "width": first.shape[2],
            "same_size": len(sizes) == 1,
            "levels": [list(level) for level in first.levels],
            "dtype": str(first.dtype),
            "channels": statistics.measure(rasters),
            "kept": dict(frames.description),
            "use": _use(frames) if ref is None else _fit(frames, ref, token),
        }


def _use(frames: Frames) -> str:
    """Return what training would take for -1 and 1 without another word."""
    first = frames[0]
    if str(first.dtype) == "uint8":
        return "0:255 stands for -1:1 unless --range says otherwise"
    return "the 0.1 and 99.9 percentiles of the training set stand for -1 and 1 unless --range says otherwise"


def _fit(frames: Frames, ref: str, token: str | None) -> str:
    """Return whether a model takes a file, in words."""
    from ganzoo.inference import raster_channels
    from ganzoo.loading import load

    card = load.info(ref, token)
    try:
        fitted = raster_channels.fitting(frames[0], card.channels_in, card.name, list(frames))
    except GanzooError as error:
        return f"{card.name} does not take it: {error}"
    ranges = (
        f"{own.name or number} {channel.range[0]:g}:{channel.range[1]:g}"
        for number, (own, channel) in enumerate(zip(fitted.channels, fitted.channels, strict=True), 1)
        if channel.range
    )
    return f"{card.name} takes it; for -1:1 stand {', '.join(ranges)}"


def _for_json(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, "channels": [channel.to_dict() for channel in facts["channels"]]}


def _print(facts: dict[str, Any], first: bool) -> None:
    if not first:
        echo()
    channels: list[ChannelStatistics] = facts["channels"]
    count = facts["images"]
    words = {"page": "pages", "": "images"}.get(facts["axis"], f"images along {' and '.join(facts['axis'])}")
    several = f"{count} {words} of " if count > 1 else ""
    size = f"{facts['width']}x{facts['height']}" + ("" if facts["same_size"] else " and other sizes")
    plural = "s" if len(channels) > 1 else ""
    echo(
        click.style(facts["file"], bold=True)
        + f": {several}{size}, {len(channels)} channel{plural} of {facts['dtype']}"
    )
    head = ("  CHANNEL", "UNIT", "MIN", "0.1%", "MEDIAN", "99.9%", "MAX", "VALID", "HISTOGRAM")
    rows = [_row(channel, number) for number, channel in enumerate(channels[:MAX_CHANNELS], 1)]
    output.print_table(head, rows)
    if len(channels) > MAX_CHANNELS:
        echo(f"  and {len(channels) - MAX_CHANNELS} more; --json shows all")
    if channels[0].step > 1:
        echo(f"  values of one pixel in {channels[0].step} along both sides")
    if len(facts["levels"]) > 1:
        echo("  levels: " + ", ".join(f"{width}x{height}" for height, width in facts["levels"]))
    if facts["kept"]:
        echo("  kept: " + "; ".join(f"{name} {value}" for name, value in facts["kept"].items()))
    echo(f"  use: {facts['use']}")


def _row(channel: ChannelStatistics, number: int) -> list[str]:
    values = (channel.low, channel.percentiles[0], channel.percentiles[2], channel.percentiles[-1], channel.high)
    shown = [f"{value:.6g}" if value == value else "" for value in values]
    picture = channel.problem or _sparkline(channel.histogram)
    return [f"  {channel.name or number}", channel.unit, *shown, f"{channel.valid:.1%}", picture]


def _sparkline(counts: tuple[int, ...]) -> str:
    """Return a histogram in one line: the height of a block is the count."""
    blocks = BLOCKS
    try:
        BLOCKS.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        blocks = PLAIN_BLOCKS
    top = max(counts) or 1
    return "".join(blocks[-(-count * (len(blocks) - 1) // top)] for count in counts)
