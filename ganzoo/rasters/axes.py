"""Letters for the dimensions of arrays, as OME names them: T, C, Z, Y, X, S (samples: channels as well)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from ganzoo.errors import ImageError, OptionError

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

LETTERS = "TCZYXS"
CHANNEL_LETTERS = "CS"
FRAME_LETTERS = "TZ"  # dimensions along which one file holds several images


def check(axes: str, dimensions: int, name: str) -> str:
    """Return axes in upper case.

    Raises:
        OptionError: A letter is unknown or comes twice, Y or X is missing, or their number is not ``dimensions``.
    """
    axes = axes.upper()
    if set(axes) - set(LETTERS) or len(set(axes)) < len(axes) or not {"Y", "X"} <= set(axes):
        raise OptionError(
            f"axes '{axes}' is not right. Write each dimension's letter once, Y and X among them: C channels, Z depth, "
            "T time, as in CYX, YXC or TZCYX."
        )
    if len(axes) != dimensions:
        raise OptionError(f"{name} has {dimensions} dimensions, and axes '{axes}' names {len(axes)}.")
    return axes


def to_cyx(array: Array, axes: str, name: str) -> Array:
    """Return a view (C, Y, X) of an array with these axes.

    Raises:
        ImageError: A dimension of time or depth is longer than 1.
        OptionError: The axes do not fit the array.
    """
    axes = check(axes, array.ndim, name)
    for letter in FRAME_LETTERS:
        if letter in axes:
            place = axes.index(letter)
            if array.shape[place] != 1:
                raise ImageError(f"{name} has {array.shape[place]} images along {letter}. Give one of them at a time.")
            array, axes = array.squeeze(place), axes.replace(letter, "")
    order = [axes.index(letter) for letter in axes if letter in CHANNEL_LETTERS]
    array = array.transpose(*order, axes.index("Y"), axes.index("X"))
    height, width = array.shape[-2:]
    return array.reshape(-1, height, width)
