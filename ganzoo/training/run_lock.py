"""One process trains in a run's folder at a time. A run without a checkpoint is replaced by the next."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganzoo.errors import OutputError, TrainingError
from ganzoo.training import checkpoint, environment, logs, report, run_file
from ganzoo.training.settings import FILE, read_settings
from ganzoo.weights import model_folder

try:
    import fcntl
except ImportError:  # Windows: two processes in one folder go unnoticed there
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


def check_free(run: Path) -> None:
    """Raise TrainingError where a new run in ``run`` would overwrite a model, a checkpoint or other files."""
    if run.exists() and not run.is_dir():
        raise TrainingError(f"{run} is a file. Name a folder for the run.")
    if (run / FILE).exists() and not _wrote_nothing(run):
        raise TrainingError(f"{run} already holds a run. {resume_hint(run)}, or name another folder.")
    if (run / model_folder.CONFIG).exists():
        raise TrainingError(f"{run} holds a model, which the run would overwrite. Name another folder.")
    if not (run / FILE).exists() and any(run.glob("[!.]*")):
        raise TrainingError(f"{run} holds files that do not belong to a run. Name a new or empty folder.")


def clear(run: Path) -> bool:
    """Remove what a run without a checkpoint left in ``run``; return whether there was such a run."""
    if not (run / FILE).exists():
        return False
    logs.sweep(run)
    for name in (FILE, run_file.FILE, *logs.FILES, environment.FILE, report.FILE):
        (run / name).unlink(missing_ok=True)
    for sheet in (run / logs.SAMPLES).glob("step-*.png"):
        sheet.unlink()
    return True


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Keep other processes from training in ``run`` within the block; create the folder where it is missing.

    The system releases the lock when the process ends, even when it is killed.

    Raises:
        TrainingError: another process holds the lock; the message names it.
        OutputError: the folder cannot be written.
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
            (run / LOCK).unlink(
                missing_ok=True
            )  # before the lock is released: a process that opened it meanwhile notices
            os.close(file)


def resume_hint(run: Path) -> str:
    """Return how to resume ``run``, for messages."""
    return f"Resume with: ganzoo train --resume {shlex.quote(str(run))}"


def _wrote_nothing(run: Path) -> bool:
    """Return whether a run has a valid run.json but neither model nor checkpoint, not even a damaged one."""
    try:
        read_settings(run)
    except TrainingError:
        return False
    checkpoints = (run / checkpoint.FOLDER).glob("[!.]*")  # files that start with a dot were never finished
    return not (run / model_folder.CONFIG).exists() and not any(checkpoints)


def _take(run: Path) -> int | None:
    """Return the descriptor that holds the lock, or None on a file system without locks."""
    path = run / LOCK
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 200).decode(errors="replace").strip() or "another process"
            os.close(file)
            raise TrainingError(f"{run} is being trained by {holder}. Wait until it ends, or stop it first.") from None
        except OSError:
            os.close(file)
            return None
        if _is_at(file, path):
            os.truncate(file, 0)
            os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
            return file
        os.close(file)  # its owner removed the file after it was opened and before it was locked here


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
