"""Where the frames of DICOM files lie in space: an affine matrix as NIfTI has it.

DICOM's axes run to the patient's left, posterior and superior (PS3.3, C.7.6.2.1.1), those of NIfTI to the right,
anterior and superior: x and y change their signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
UNEVEN = 0.01  # of a distance between frames, in mm relative to the usual one
TO_NIFTI = np.diag([-1.0, -1.0, 1.0, 1.0])


def affine(orientation: Sequence[float], spacing: Sequence[float], first: Array, step: Array) -> Array:
    """Return the matrix (4, 4) from (column, row, frame) to millimeters to the right, anterior and superior.

    Args:
        orientation: ImageOrientationPatient: where columns increase, then where rows do.
        spacing: PixelSpacing: between rows, then between columns, in mm.
        first: (3,), the place of the first frame's first pixel, in DICOM's axes.
        step: (3,), from one frame to the next.
    """
    found = np.eye(4)
    found[:3, 0] = np.asarray(orientation[:3], float) * float(spacing[1])
    found[:3, 1] = np.asarray(orientation[3:], float) * float(spacing[0])
    found[:3, 2], found[:3, 3] = step, first
    return TO_NIFTI @ found


def of_frames(data: Any, count: int) -> Array | None:
    """Return the matrix of a file's frames, None where it does not say, or they are not evenly spaced."""
    described = [_place(data, frame) for frame in range(count)]
    known = [each for each in described if each is not None]
    if len(known) < count or len({(each[0], each[1]) for each in known}) > 1:
        return None
    orientation, spacing, _, thickness = known[0]
    positions = np.array([each[2] for each in known])
    normal = np.cross(orientation[:3], orientation[3:])
    step = evenly_spaced(positions) if count > 1 else normal * thickness
    return None if step is None else affine(orientation, spacing, positions[0], step)


def evenly_spaced(positions: Array) -> Array | None:
    """Return the step (3,) from each of several positions (N, 3) to the next; None where it is not one step."""
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    length = float(np.linalg.norm(step))
    differences = np.abs(np.diff(positions, axis=0) - step).max()
    return step if length > 0 and differences <= UNEVEN * length else None


def _place(data: Any, frame: int) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...], float] | None:
    """Return orientation, spacing, position and thickness of a frame; None where the file does not say."""
    own = list(data.get("PerFrameFunctionalGroupsSequence") or [])[frame : frame + 1]
    groups = [*own, *(data.get("SharedFunctionalGroupsSequence") or [])]
    inner = [
        one
        for group in groups
        for name in ("PlaneOrientationSequence", "PixelMeasuresSequence", "PlanePositionSequence")
        for one in group.get(name) or []
    ]
    sets = inner if groups else [data]
    found = [
        next((one.get(name) for one in sets if one.get(name) is not None), None)
        for name in ("ImageOrientationPatient", "PixelSpacing", "ImagePositionPatient")
    ]
    known = [value for value in found if value is not None]
    if len(known) < len(found):
        return None
    names = ("SpacingBetweenSlices", "SliceThickness")
    between = next((float(one.get(name)) for name in names for one in sets if one.get(name)), 1.0)
    orientation, spacing, position = (tuple(float(number) for number in value) for value in known)
    return orientation, spacing, position, abs(between) or 1.0
