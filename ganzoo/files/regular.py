"""Opens regular files, and nothing else.

A path from outside may name a pipe, a socket or a device. Opening a pipe waits until somebody writes; /dev/zero never
ends. Everything that ganzoo reads at a given path is opened here, or checked here before a library opens it.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import IO

from ganzoo.errors import GanzooError
from ganzoo.files.limits import TEXT, Limit

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class IrregularFileError(OSError):
    """A path that names a pipe, a socket or a device."""


def require_regular(path: str | os.PathLike[str]) -> int:
    """Return the length of a regular file in bytes. It is not opened.

    Raises:
        IrregularFileError: The path names a pipe, a socket or a device.
        OSError: There is no such file, it is a folder, or it cannot be looked up; also for a NUL character in the path.
    """
    try:
        return _check(os.stat(path))
    except ValueError as error:  # a NUL character
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a regular file for reading; never waits. Raises what `require_regular` raises."""
    require_regular(path)  # opening some devices has effects
    file = open(path, "rb", -1, None, None, None, True, _opened)  # noqa: SIM115 - returned
    try:
        _check(os.fstat(file.fileno()))
    except BaseException:
        file.close()
        raise
    return file


def _opened(path: str, flags: int) -> int:
    # Without O_NONBLOCK, a pipe that replaces the file between the two checks would block. Windows has no such flag.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_regular(path: str | os.PathLike[str], limit: Limit, error: type[GanzooError]) -> bytes:
    """Return the content of a regular file.

    Raises:
        GanzooError: ``error``, for a file over the limit.
        OSError: What `require_regular` raises.
    """
    with open_regular(path) as file:
        limit.check(os.fstat(file.fileno()).st_size, os.fsdecode(path), error)
        content = file.read(limit.value + 1)  # a file that grows meanwhile
    limit.check(len(content), os.fsdecode(path), error)
    return content


def read_text(path: str | os.PathLike[str], error: type[GanzooError], errors: str = "strict") -> str:
    """Return the text of a UTF-8 file of at most `TEXT` bytes, with \\n at the ends of lines.

    Args:
        path: Of the file.
        error: Raised for a file over the limit.
        errors: What happens to bytes that are not UTF-8, as in `bytes.decode`.

    Raises:
        GanzooError: ``error``.
        OSError: What `require_regular` raises.
        UnicodeDecodeError: The file is not UTF-8.
    """
    text = read_regular(path, TEXT, error).decode("utf-8", errors)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _check(found: os.stat_result) -> int:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise IrregularFileError(f"it is {kind}, not a regular file")
    return found.st_size
