"""Options for images of any channels and depth, the same in every command that reads a data set."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Any)

read = click.option(
    "--read",
    default="",
    metavar="WORDS",
    help="What is read only when asked, with commas: of DICOM segmentation, 32-bit, lut; of slides tissue.",
)
_READING = (
    click.option(
        "--input", "input", metavar="FILES", help="Inputs of pairs: a file, folder, pattern, or NAME=PATTERN,..."
    ),
    click.option("--target", "target", metavar="FILES", help="Their targets, likewise."),
    click.option("--bands", metavar="NAMES", help="Channels of the input, such as B4,B3,B2 or 4,3,2 [default: all]."),
    click.option("--target-bands", metavar="NAMES", help="Channels of the target, or of B [default: all]."),
    click.option(
        "--split-by",
        metavar="GROUP",
        help="What is never parted by --validation: file, page, block:SIDE, tag:NAME (such as tag:PatientID), or a "
        "regular expression for names [default: file].",
    ),
    click.option("--panels", metavar="NUMBERS", help="Images side by side in a file, input:target, such as 1:2-6."),
    click.option("--z-neighbors", type=click.IntRange(0), help="Pages before and after as channels too (2.5-D)."),
    click.option(
        "--axes",
        "--slices",
        metavar="LETTERS",
        help="Dimensions of files that do not name them, such as ZCYX; of volumes axial, coronal or sagittal.",
    ),
    read,
)
_RANGES = (
    click.option(
        "--range",
        "range",
        multiple=True,
        metavar="[NAME=]RULE",
        help="Values that stand for -1 and 1: LOW:HIGH, minmax, percentile:LOW:HIGH; of inputs also image or volume, "
        "of outputs like:NAME [default: 0:255 of 8 bits, else percentile:0.1:99.9].",
    ),
    click.option(
        "--transform", multiple=True, metavar="[NAME=]WORD", help="linear, log, db or asinh [default: linear]."
    ),
)
NAMES = ("bands", "target_bands", "range", "transform", "split_by", "panels", "z_neighbors", "axes", "read")


def reading(function: F) -> F:
    """Add the options that say what is read."""
    for option in reversed(_READING):
        function = option(function)
    return function


def rasters(function: F) -> F:
    """Add all options, those that say how values are mapped to [-1, 1] as well."""
    for option in reversed(_RANGES):
        function = option(function)
    return reading(function)


def take(data: tuple[str, ...], values: MutableMapping[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Take the options out of a command's values.

    Returns:
        The paths, with those of --input and --target, and the options that the user set.

    Raises:
        click.UsageError: Paths were given twice, or a target without an input.
    """
    sides = [values.pop("input"), values.pop("target")]
    taken = {name: values.pop(name, None) for name in NAMES}
    found = {name: list(value) if isinstance(value, tuple) else value for name, value in taken.items() if value}
    if not any(sides):
        return data, found
    if data or not sides[0]:
        raise click.UsageError("Give the data as DATA, or as --input and --target; --target needs --input.")
    found.setdefault("split_by", "")  # files of one's own are rasters
    return tuple(side for side in sides if side), found
