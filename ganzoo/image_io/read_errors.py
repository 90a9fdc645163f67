"""Errors of decoders and of the system, as an `ImageError` that names the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ganzoo.errors import GanzooError, ImageError


@contextmanager
def as_image_errors(name: str) -> Iterator[None]:
    """Turn any error of a decoder (they raise nearly everything) into an ImageError; ganzoo's own pass."""
    try:
        yield
    except GanzooError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"No file {name}. Check the path.") from error
    except MemoryError as error:
        raise ImageError(f"{name} does not fit in memory. Make it smaller.") from error
    except Exception as error:
        raise ImageError(
            f"{name} cannot be read: {_reason(error)}. Check that the file is complete and readable."
        ) from error


def _reason(error: Exception) -> str:
    """Say in plain words what decoders say about damaged pixels."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if re.search("truncated|not enough image data", text):
        return "it is cut off"
    if re.search(
        r"[dD]ecod|[cC]odec|data stream|next frame|corrupted|^-\d+$|^Read failed|^imcd_|^\w+_\w+ returned", text
    ):
        return "its pixels are damaged"
    return " ".join(text.split()).strip(" .")


def check_window(name: str, height: int, width: int, max_pixels: int) -> None:
    """Raise ImageError for a window of more pixels than may be decoded at once."""
    if height * width > max_pixels:
        raise ImageError(
            f"{name}: {width}x{height} pixels at once are more than the limit of {max_pixels}. Read smaller windows, "
            f"or raise the limit: --max-pixels {height * width}, or max_pixels={height * width} in Python."
        )
