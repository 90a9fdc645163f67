"""Whose a run's folder is: one process trains in it at a time, and a run that made nothing gives way to the next."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganzoo.errors import OutputError, TrainingError
from ganzoo.training import checkpoint, environment, logs, report, settings
from ganzoo.weights import model_folder

try:
    import fcntl
except ImportError:  # Windows: two processes in one folder go unnoticed there
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


def check_free(run: Path) -> None:
    """Raise TrainingError where a new run in ``run`` would overwrite a model, a checkpoint, or anybody's files."""
    if run.exists() and not run.is_dir():
        raise TrainingError(f"{run} is a file. Name a folder for the run.")
    if (run / settings.FILE).exists() and not _wrote_nothing(run):
        raise TrainingError(f"{run} holds a run already. {resume_hint(run)}, or name another folder.")
    if (run / model_folder.CONFIG).exists():
        raise TrainingError(f"{run} holds a model, which the run would overwrite. Name another folder.")
    if not (run / settings.FILE).exists() and any(run.glob("[!.]*")):
        raise TrainingError(f"{run} holds files that are no run's. Name a new or an empty folder.")


def clear(run: Path) -> bool:
    """Remove what a run without a checkpoint left in ``run``, and tell whether there was one."""
    if not (run / settings.FILE).exists():
        return False
    logs.sweep(run)
    for name in (settings.FILE, *logs.FILES, environment.FILE, report.FILE):
        (run / name).unlink(missing_ok=True)
    for sheet in (run / logs.SAMPLES).glob("step-*.png"):
        sheet.unlink()
    return True


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Within the block no other process may train in ``run``, which is made where it is missing.

    The system forgets the lock when the process ends, in whatever way, so none outlives a kill.
    Raises TrainingError that names the process which has it, OutputError where nothing can be written.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
        file = _take(run) if fcntl else None
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"Cannot write {run}: {reason}. Choose a folder that is writable and has space.") from error
    try:
        yield
    finally:
        if file is not None:
            (run / LOCK).unlink(missing_ok=True)  # before it is let go: whoever opened it meanwhile sees that
            os.close(file)


def resume_hint(run: Path) -> str:
    return f"Go on with: ganzoo train --resume {shlex.quote(str(run))}"


def _wrote_nothing(run: Path) -> bool:
    """Tell whether a run has neither model nor checkpoint, not even a damaged one; a strange run.json is no run's."""
    try:
        settings.read(run)
    except TrainingError:
        return False
    kept = (run / checkpoint.FOLDER).glob("[!.]*")  # what begins with a dot was never finished
    return not (run / model_folder.CONFIG).exists() and not any(kept)


def _take(run: Path) -> int | None:
    """Return the descriptor that holds the lock, or None on a file system that knows no locks."""
    path = run / LOCK
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 200).decode(errors="replace").strip() or "another process"
            os.close(file)
            raise TrainingError(f"{run} is being trained by {holder}. Wait for its end, or stop it first.") from None
        except OSError:
            os.close(file)
            return None
        if _is_at(file, path):
            os.truncate(file, 0)
            os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
            return file
        os.close(file)  # its owner removed it between our opening and our locking it


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
