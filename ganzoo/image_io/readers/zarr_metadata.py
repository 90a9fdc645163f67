"""What an OME-Zarr image says: its dimensions, levels, channels and pixel size (OME-NGFF 0.4 and 0.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.errors import ImageError
from ganzoo.rasters.channel import Channel, default_channels

AXES = "tczyx"
CHANNELS_KEY = "ganzoo.channels"
SAFE_PATH = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")


@dataclass(frozen=True)
class Multiscale:
    """One image of a group.

    Attributes:
        axes: A letter for each dimension, in order.
        paths: Of the arrays, the full resolution first.
        scale: Size of an element along each dimension, at full resolution.
        units: Of each dimension; "" where it has none.
        attributes: Of the group, as it has them.
    """

    axes: str
    paths: tuple[str, ...]
    scale: tuple[float, ...]
    units: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def pixel_size(self) -> str:
        """As "0.25 x 0.25 micrometer", x first; "" where nothing is known."""
        sizes = [self.scale[self.axes.index(letter)] for letter in "xyz" if letter in self.axes]
        unit = self.units[self.axes.index("x")]
        known = unit or any(size != 1 for size in sizes)
        return f"{' x '.join(f'{size:.4g}' for size in sizes)} {unit}".rstrip() if known else ""


def words(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return OME's part of a group's attributes: all of them before NGFF 0.5, then under "ome"."""
    found = attributes.get("ome", attributes)
    return found if isinstance(found, Mapping) else {}


def parse(attributes: Mapping[str, Any], name: str) -> Multiscale:
    """Return the image that a group's attributes describe.

    Raises:
        ImageError: They describe none, or one of other dimensions.
    """
    try:
        first = words(attributes)["multiscales"][0]
        axes = [one if isinstance(one, str) else one["name"] for one in first.get("axes", list(AXES))]
        units = tuple("" if isinstance(one, str) else str(one.get("unit", "")) for one in first.get("axes", list(AXES)))
        paths = tuple(str(one["path"]) for one in first["datasets"])
        scale = _scale(first["datasets"][0], len(axes))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ImageError(f"{name} does not describe an OME-Zarr image. Its attributes lack {error}.") from error
    letters = "".join(axes)
    if not {"y", "x"} <= set(letters) or set(letters) - set(AXES) or len(set(letters)) < len(letters):
        raise ImageError(f"{name} has the dimensions {', '.join(axes)}. Supported are t, c, z, y and x.")
    if not all(SAFE_PATH.fullmatch(path) for path in paths):
        raise ImageError(f"{name} refers to arrays outside of itself.")
    return Multiscale(letters, paths, scale, units, attributes)


def _scale(dataset: Mapping[str, Any], count: int) -> tuple[float, ...]:
    for one in dataset.get("coordinateTransformations", ()):
        if one.get("type") == "scale" and len(one["scale"]) == count:
            return tuple(float(size) for size in one["scale"])
    return (1.0,) * count


def channels(attributes: Mapping[str, Any], count: int) -> tuple[Channel, ...]:
    """Return the channels that ganzoo wrote, or those that OMERO's part names."""
    written = attributes.get(CHANNELS_KEY)
    if isinstance(written, list) and len(written) == count:
        return tuple(Channel.from_dict(one) for one in written)
    given: Sequence[Any] = (words(attributes).get("omero") or {}).get("channels") or ()
    names = [str(one.get("label") or "") for one in given if isinstance(one, Mapping)]
    return tuple(map(Channel, names)) if len(names) == count and any(names) else default_channels(count)
