"""Which stored frame of a DICOM segmentation is which segment at which place: places are images, segments channels.

A segmentation leaves out frames without a pixel of their segment (DICOM PS3.3, C.8.20): there its values are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ganzoo.errors import ImageError

SAME = 3  # digits of a position in mm


@dataclass(frozen=True)
class Segments:
    """The places and segments of a file.

    Attributes:
        names: Of the segments, by their numbers; one name for labels of all.
        places: For each image the stored frame of each segment, -1 where there is none.
        most: The number that stands for 1 in fractions; 0: numbers are 0 and 1, or labels.
    """

    names: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]
    most: int = 0


def is_segmentation(data: Any) -> bool:
    """Tell whether a data set says that it is one."""
    return str(data.get("Modality")) == "SEG" or int(data.BitsAllocated) == 1


def find(data: Any, count: int, path: str) -> Segments:
    """Return how the ``count`` frames of a segmentation belong together.

    Raises:
        ImageError: There are several segments, and the file does not say where their frames lie.
    """
    described = data.get("SegmentSequence") or []
    numbers = [int(one.get("SegmentNumber") or place) for place, one in enumerate(described, 1)]
    names = [
        str(one.get("SegmentLabel") or f"segment {number}") for number, one in zip(numbers, described, strict=True)
    ]
    kind = str(data.get("SegmentationType") or "BINARY")
    if len(numbers) < 2 or kind == "LABELMAP":
        name = names[0] if names and kind != "LABELMAP" else "label" if kind == "LABELMAP" else "segment 1"
        order = _in_space([_position(data, frame) for frame in range(count)])
        return Segments((name,), tuple((frame,) for frame in order), _most(data, kind))
    owner = [_segment(data, frame) for frame in range(count)]
    positions = [_position(data, frame) for frame in range(count)]
    if any(place is None for place in positions) or not set(owner) <= set(numbers):
        raise ImageError(f"{path} has several segments, and does not say where each frame lies. Convert it to TIFF.")
    by_place: dict[Any, dict[int, int]] = {}
    for frame in _in_space(positions):
        if by_place.setdefault(positions[frame], {}).setdefault(owner[frame], frame) != frame:
            raise ImageError(f"{path} has two frames of one segment at one place. Convert it to TIFF.")
    places = tuple(tuple(found.get(number, -1) for number in numbers) for found in by_place.values())
    return Segments(tuple(names), places, _most(data, kind))


def _most(data: Any, kind: str) -> int:
    return int(data.get("MaximumFractionalValue") or 0) if kind == "FRACTIONAL" else 0


def _groups(data: Any, frame: int) -> list[Any]:
    """Return the functional groups of a frame: its own, then those of all."""
    own = data.get("PerFrameFunctionalGroupsSequence") or []
    return [*own[frame : frame + 1], *(data.get("SharedFunctionalGroupsSequence") or [])]


def _segment(data: Any, frame: int) -> int:
    for group in _groups(data, frame):
        for one in group.get("SegmentIdentificationSequence") or []:
            return int(one.ReferencedSegmentNumber)
    return 0


def _position(data: Any, frame: int) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return orientation and position of a frame in mm, rounded; None where the file does not say."""
    place: tuple[float, ...] | None = None
    orientation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    for group in reversed(_groups(data, frame)):
        for one in group.get("PlanePositionSequence") or []:
            place = tuple(round(float(number), SAME) for number in one.ImagePositionPatient)
        for one in group.get("PlaneOrientationSequence") or []:
            orientation = tuple(round(float(number), SAME) for number in one.ImageOrientationPatient)
    return None if place is None else (orientation, place)


def _in_space(positions: list[tuple[tuple[float, ...], tuple[float, ...]] | None]) -> list[int]:
    """Return the frames in the order in which they lie along their normal; as stored where that is not known."""
    known = [each for each in positions if each is not None]
    if len(known) < len(positions) or len({orientation for orientation, _ in known}) > 1:
        return list(range(len(positions)))
    normal = np.cross(known[0][0][:3], known[0][0][3:])
    return [int(frame) for frame in np.argsort([float(np.dot(normal, place)) for _, place in known], kind="stable")]
