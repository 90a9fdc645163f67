"""Files that appear completely or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ganzoo.errors import GanzooError, OutputError

# Temporary files of `replacing`: target, thread unless it is the main one, and process.
UNFINISHED = re.compile(r"\.(.+?)(?:\.t\d+)?\.(\d+)\.tmp")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to ``path``, which becomes ``path`` when the block ends without an error.

    The block writes one regular file there. If it raises, ``path`` keeps its old content and the temporary file is
    removed. Missing parent folders are created; a symbolic link is followed, not replaced.

    Raises:
        OutputError: Any OSError, also of the block. Other errors pass through.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            kind = "a folder" if target.is_dir() else "not a regular file"
            raise OutputError(f"Cannot write {path}: it is {kind}. Give the path of a file.")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{_writer()}.tmp")
        try:
            yield temporary
            os.replace(temporary, target)
        finally:  # after os.replace there is nothing left to remove
            with contextlib.suppress(OSError):
                temporary.unlink()
    except GanzooError:  # some are OSErrors with a better message
        raise
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"Cannot write {path}: {reason}. Choose a folder that is writable and has space.") from error


def _writer() -> str:
    """Return what tells this writer from all others: two threads may write one file, too."""
    is_main = threading.current_thread() is threading.main_thread()
    return f"{os.getpid()}" if is_main else f"t{threading.get_ident()}.{os.getpid()}"


def remove_unfinished(targets: Iterable[Path], processes: Collection[int] | None = None) -> None:
    """Remove temporary files of `replacing` that killed processes left next to ``targets``.

    Args:
        targets: The files that the processes were writing.
        processes: Their process IDs; None: all processes, for targets that none is writing now.
    """
    folders: dict[Path, set[str]] = {}
    for path in targets:
        target = Path(os.path.realpath(path))
        folders.setdefault(target.parent, set()).add(target.name)
    for folder, names in folders.items():
        with contextlib.suppress(OSError):
            for path in folder.glob(".*.tmp"):
                found = UNFINISHED.fullmatch(path.name)
                if found and found[1] in names and (processes is None or int(found[2]) in processes):
                    path.unlink(missing_ok=True)
