"""The size at which an image is translated: its own, or a smaller one."""

from __future__ import annotations

from ganzoo.errors import OptionError

LARGEST = 1_000_000  # pixels of the shorter side


def working_size(height: int, width: int, size: str | int, trained: int) -> tuple[int, int]:
    """Return the (height, width) at which an image is translated; the result is scaled back to its own size.

    "native" is the image's own size; a number is the shorter side; "auto" is the image's own size as long as
    its shorter side is at most the training size, else that: in a larger image, objects are larger than any the
    network has seen.
    Raises OptionError for anything else.
    """
    check(size)
    shorter = min(height, width)
    if size == "native":
        return height, width
    if size == "auto":
        target = min(shorter, trained) if trained else shorter
    else:
        target = int(size)
    scale = target / shorter
    return max(1, round(height * scale)), max(1, round(width * scale))


def check(size: str | int) -> None:
    """Raise OptionError unless ``size`` is "auto", "native" or a number from 1."""
    if size in ("auto", "native"):
        return
    try:
        number = int(size)
    except (ValueError, TypeError) as error:
        raise OptionError(f"size '{size}' is not right. Write auto, native, or the shorter side in pixels.") from error
    if number < 1:
        raise OptionError(f"size {number} is not right: it should be at least 1 pixel.")
    if number > LARGEST:
        raise OptionError(f"size {str(number)[:30]} is not right: it should be at most {LARGEST} pixels.")
