"""The child process that reads hostile files, under limits of memory and with a guard that watches what it does.

    python -m fuzz.child FOLDER < requests > answers

A request is a line of JSON, {"reader": ..., "first": ..., "count": ...} or {"reader": ..., "file": ...}; the answer to
each input is a line {"number": ..., "outcome": ..., "detail": ...}. A hang or a crash shows in missing lines.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from fuzz.mutation import mutate

EXTRA_MEMORY = 3 * 2**30  # bytes of address space besides what the libraries take
STATED_MEMORY = 2 * 2**30  # bytes that reading one small file may really use; the limits allow 1 GiB for its content
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "socket.connect", "pty.spawn")


class Guard:
    """An audit hook: remembers processes, connections, and files that are opened for writing outside a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen = os.path.realpath(folder), list[str]()
        sys.addaudithook(self._watch)

    def _watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            self.seen.append(f"{event} {arguments[0]!r}")
        elif event == "open" and isinstance(arguments[0], (str, bytes)):
            mode, flags = arguments[1], arguments[2]
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            writes = writes or (isinstance(mode, str) and mode[0] in "wax")
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if writes and not path.startswith((self.folder, "/dev/")):
                self.seen.append(f"wrote {path}")


def attempt(reader: Any, path: Path, guard: Guard) -> tuple[str, str]:
    """Return what became of a file: "read", "refused", or what must not be."""
    from ganzoo.errors import GanzooError

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    guard.seen.clear()
    try:
        reader(path)
        outcome, detail = "read", ""
    except GanzooError as error:
        outcome, detail = "refused", str(error)
        if len(detail) > 100_000:
            return "long message", f"{len(detail):,} characters"
    except BaseException:
        return "traceback", traceback.format_exc()[-3000:]
    if guard.seen:
        return "forbidden", "; ".join(guard.seen[:5])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    return ("memory", f"{grown:,} bytes more") if grown > STATED_MEMORY else (outcome, detail[:200])


def main() -> None:
    from fuzz.readers import READERS

    from ganzoo.errors import GanzooError

    folder = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    os.environ["GANZOO_CACHE"] = os.environ["TMPDIR"] = os.environ["HF_HOME"] = str(folder)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # nothing that a library prints is taken for an answer
    guard, seeds, prepared = Guard(folder), dict[str, list[bytes]](), set[str]()
    for line in sys.stdin:
        request = json.loads(line)
        reader = READERS[request["reader"]]
        if request["reader"] not in prepared:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            seeds[request["reader"]] = reader.seeds(folder)
            for index, seed in enumerate(seeds[request["reader"]]):  # imports what it needs, before memory is limited
                place = reader.place(folder, f"seed-{index}")
                place.write_bytes(seed)
                with suppress(GanzooError):  # a checkpoint of no known code base, say
                    reader.read(place)
            prepared.add(request["reader"])
            pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (pages + EXTRA_MEMORY, resource.RLIM_INFINITY))
        for number in range(request.get("first", 0), request.get("first", 0) + request.get("count", 1)):
            path = reader.place(folder, "input")
            given = request.get("file")
            path.write_bytes(Path(given).read_bytes() if given else mutate(seeds[request["reader"]], number))
            outcome, detail = attempt(reader.read, path, guard)
            answers.write(json.dumps({"number": number, "outcome": outcome, "detail": detail}) + "\n")


if __name__ == "__main__":
    main()
