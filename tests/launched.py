"""Real processes: one alone, or several under torchrun. None outlives the test that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from needs import needs

PATIENCE = 240.0  # seconds after which what should have ended hangs
linux = needs(Path("/proc/self/stat").exists(), "finds processes in /proc")


@contextmanager
def launched(log: Path, *arguments: object, processes: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """Start ``python ARGUMENTS``, under torchrun where ``processes`` are several; ``log`` gets all that they say."""
    # --standalone takes a free port; its workers are sessions of their own.
    several = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", processes) if processes > 1 else ()
    line = [sys.executable, *map(str, (*several, *arguments))]
    path = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    with log.open("wb") as file:
        process = subprocess.Popen(line, stdout=file, stderr=file, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        kill(process)


def complete(log: Path, *arguments: object, processes: int = 1) -> int:
    """Run ``python ARGUMENTS`` to its end and return the exit status. Fails where it hangs."""
    with launched(log, *arguments, processes=processes) as process:
        return end_of(process, log)


def end_of(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait for the end of a process and return its exit status. Fails where it hangs."""
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        pytest.fail(f"no end within {PATIENCE:.0f} s:\n{log.read_text()}")


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process and all below it, and wait until none is left."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGSTOP)  # it starts no other meanwhile
    everybody = [*below(process.pid), process.pid]
    for pid in everybody:
        if _alive(pid):
            os.kill(pid, signal.SIGKILL)
    process.wait(PATIENCE)
    wait_for(lambda: not any(_alive(pid) for pid in everybody))


def below(pid: int) -> list[int]:
    """Return the ids of a process's children, their children and so on."""
    children = [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _stat(stat)[1:] == (str(pid),)]
    return [each for child in children for each in (child, *below(child))]


def wait_for(happened: Callable[[], bool], pause: float = 0.002) -> None:
    """Return as soon as something has happened. Fails where it never does."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            pytest.fail(f"nothing for {PATIENCE:.0f} s")
        time.sleep(pause)


def _alive(pid: int) -> bool:
    return _stat(Path(f"/proc/{pid}/stat"))[:1] not in ((), ("Z",))


def _stat(path: Path) -> tuple[str, ...]:
    """Return a process's state and its parent's id; nothing where it is gone."""
    try:
        return tuple(path.read_text().rpartition(")")[2].split()[:2])
    except OSError:
        return ()
