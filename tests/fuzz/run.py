"""Runs readers on mutated files in a child process; what hangs, crashes or does what it must not is kept as a file."""

from __future__ import annotations

import hashlib
import json
import os
import select
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.mutation import mutate

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
SECONDS = 10.0  # for one input
START = 300.0  # for a child that imports its libraries on a busy machine
GOOD = ("read", "refused")


@dataclass
class Result:
    """Counts of one reader's outcomes, and the inputs whose outcome is not `GOOD`: (outcome, detail, content)."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str, bytes]] = field(default_factory=list)


class Child:
    """A child process that is started again after a hang or a crash."""

    def __init__(self, folder: Path, seconds: float = SECONDS) -> None:
        self.folder, self.seconds = folder, seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.rest = b""

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def ask(self, request: dict[str, Any]) -> Any:
        """Yield the answers; the last is an outcome "hang" or "crash" where the child failed."""
        fresh = self.process is None or self.process.poll() is not None
        if fresh:
            self._start()
        assert self.process and self.process.stdin
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        first = request.get("first", 0)
        for number in range(first, first + request.get("count", 1)):
            line = self._line(START if number == first else self.seconds)
            if line:
                yield json.loads(line)
                continue
            code = self.process.poll()
            self.stop()
            errors = (self.folder / "stderr").read_text(errors="replace")[-1000:]
            outcome = "hang" if code is None else "crash"
            yield {"number": number, "outcome": outcome, "detail": f"exit code {code}\n{errors}"}
            return

    def _start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path])}
        command = [sys.executable, "-m", "fuzz.child", str(self.folder)]
        self.rest = b""
        with (self.folder / "stderr").open("ab") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
            )

    def _line(self, seconds: float) -> bytes:
        """Return the next line, b"" where none comes in time."""
        assert self.process and self.process.stdout
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], seconds)
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not data:
                if ready:
                    self.process.wait()
                return b""
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line


def fuzz(child: Child, reader: str, first: int, count: int) -> Result:
    """Read ``count`` mutated files, from mutation ``first`` on."""
    from fuzz.readers import READERS

    result, number, seeds = Result(), first, list[bytes]()
    while number < first + count:
        for answer in child.ask({"reader": reader, "first": number, "count": first + count - number}):
            number = answer["number"] + 1
            result.counts[answer["outcome"]] += 1
            if answer["outcome"] not in GOOD:
                if not seeds:
                    with tempfile.TemporaryDirectory() as folder:
                        seeds = READERS[reader].seeds(Path(folder))
                content = mutate(seeds, answer["number"])
                result.failures.append((answer["outcome"], answer["detail"], content))
    return result


def replay(child: Child, path: Path) -> dict[str, Any]:
    """Read a file of the corpus: corpus/READER/NAME."""
    (answer,) = child.ask({"reader": path.parent.name, "file": str(path)})
    return dict(answer)


def keep(reader: str, content: bytes) -> Path:
    """Add a file to the corpus, by its hash."""
    path = CORPUS / reader / hashlib.sha256(content).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
