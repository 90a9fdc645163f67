"""`ganzoo demo` in a process of its own that logs what it should never do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Logs every connection to another host, and every time two threads use a network at once.
PROGRAM = """
import signal, sys, threading, time
import torch
from torch.nn.modules import module

notes, slowness, busy = open(sys.argv.pop(1), "a", buffering=1), float(sys.argv.pop(1)), {}

def audit(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        target = arguments[1] if event == "socket.connect" else arguments[0]
        host = target[0] if isinstance(target, tuple) else target
        if host not in (None, "127.0.0.1", "localhost", "::1"):
            notes.write(f"contacted {host}\\n")

def enter(network, inputs):
    me = threading.get_ident()
    busy[me] = busy.get(me, 0) + 1
    if busy[me] == 1:
        if sum(map(bool, busy.values())) > 1:
            notes.write("two at once\\n")
        end = time.monotonic() + slowness
        while time.monotonic() < end:
            torch.rand(500, 500) @ torch.rand(500, 500)

def leave(network, inputs, output):
    busy[threading.get_ident()] -= 1

sys.addaudithook(audit)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it in the background
module.register_module_forward_pre_hook(enter)
module.register_module_forward_hook(leave)
from ganzoo.cli.demo_command import command
command(prog_name="ganzoo demo")
"""


@dataclass
class Server:
    """A running page. ``notes``: a log of what it should not do; ``folder``: where its temporary files are."""

    process: subprocess.Popen[str]
    address: str
    notes: Path
    folder: Path

    def stderr(self) -> str:
        """Return what it has written to stderr so far."""
        return (self.folder.parent / "errors").read_text()


@contextmanager
def served(place: Path, *arguments: object, slowness: float = 0.02, **environment: str) -> Iterator[Server]:
    """Run ``ganzoo demo ARGUMENTS`` with its files in ``place``. Each network call takes ``slowness`` seconds."""
    folder, notes = place / "temporary", place / "notes"
    folder.mkdir(parents=True)
    notes.touch()
    variables = {**os.environ, "TMPDIR": str(folder), "DISPLAY": "", "WAYLAND_DISPLAY": "", **environment}
    line = [sys.executable, "-c", PROGRAM, str(notes), str(slowness), *map(str, arguments)]
    with (place / "errors").open("w") as errors:
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors, text=True, env=variables)
    assert process.stdout
    try:
        first = process.stdout.readline()
        assert "http://" in first, (place / "errors").read_text()
        yield Server(process, first.split()[1], notes, folder)
    finally:
        process.kill()
        process.communicate()
