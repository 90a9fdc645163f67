"""libtiff, as it lies in Pillow: what prints its error messages."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

from PIL import Image


def set_error_printer(printer: int | None) -> int | None:
    """Set what prints libtiff's errors, None for nothing; return what did before. Pillow raises them all the same."""
    function = _error_handler_setter()
    before: int | None = function(printer) if function else None
    return before


@cache
def _error_handler_setter() -> Any:
    """Return libtiff's TIFFSetErrorHandler, or None where Pillow was built without a shared library."""
    try:
        function = ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
    return function
