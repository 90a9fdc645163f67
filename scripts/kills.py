"""Kill a run again and again, at random moments, and compare its end, bit for bit, with a run that was left alone.

    python scripts/kills.py                            500 kills of one process, 500 of two that train together
    python scripts/kills.py --kills 100 --processes 2

A run is killed and resumed until it is done; then it is compared, and the next one begins. Every start is forked from
this process, which has imported everything, so that a kill takes a second. A third of the kills is aimed at a
checkpoint or a sheet of samples that is being written. Of two processes sometimes one alone is killed: the other is
ended as torchrun does. The exit code is 1 if a run differs, or ends with an error.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "plugins"), str(ROOT / "tests")]

import timm.utils  # noqa: E402, F401 - imported once, for all that is forked
import torch  # noqa: E402
from training_cases import checkpoint, differences, lines, make_data  # noqa: E402

import ganzoo  # noqa: E402
from ganzoo.errors import GanzooError  # noqa: E402
from ganzoo.training.train import train  # noqa: E402

STEPS = 60
LONGEST = 1.5  # seconds until a kill: the start, and on a quiet machine some steps
PATIENCE = 120.0  # seconds after which what should have ended hangs
KINDS = ("any", "any", "any", "any", "checkpoints", "samples")
# Averages, pool, dropout, flips, a falling learning rate: all that a run can have to remember.
SETTINGS: dict[str, Any] = {
    "steps": STEPS, "batch_size": 2, "seed": 3, "device": "cpu", "ema_decay": 0.9, "validation": 0.3,
    "log_every": 1, "sample_every": 4, "checkpoint_every": 3,
    "options": {
        "image_size": 16, "pool_size": 3, "identity_weight": 0.5, "schedule": "linear", "clip_norm": 5.0,
        "augment": "color,translation,cutout",
    },
    "part_options": {
        "generator": {"width": 4, "blocks": 1, "dropout": True},
        "discriminator": {"width": 4, "receptive_field": 16},
    },
}  # fmt: skip


class Victims:
    """The processes that train a run together, forked from this one.

    Attributes:
        codes: Exit code of those that have ended, negative for a signal.
    """

    def __init__(self, data: Path, run: Path, processes: int) -> None:
        self.run, self.log, self.codes = run, run.with_suffix(".log"), dict[int, int]()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.pids = []
        for rank in range(processes):
            pid = os.fork()
            if not pid:
                if processes > 1:
                    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
                    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
                work(data, run, self.log)
            self.pids.append(pid)

    def poll(self) -> list[int]:
        """Return the ids of those that still run."""
        for pid in self.pids:
            if pid not in self.codes:
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    self.codes[pid] = os.waitstatus_to_exitcode(status)
        return [pid for pid in self.pids if pid not in self.codes]

    def wait(self, seconds: float, happened: Callable[[], bool] = lambda: False) -> None:
        """Return when something has happened, all have ended, or the time is over."""
        end = time.monotonic() + seconds
        while self.poll() and not happened() and time.monotonic() < end:
            time.sleep(0.001)

    def writes(self, folder: str) -> bool:
        """Tell whether a file is being written there."""
        path = self.run / folder
        return path.exists() and any(name.endswith(".tmp") for name in os.listdir(path))

    def kill(self, chosen: list[int]) -> None:
        """SIGKILL some of them; the others are asked to end, and then ended, as torchrun does."""
        for pid in chosen:
            os.kill(pid, signal.SIGKILL)
        self.wait(3.0)
        for number, patience in ((signal.SIGTERM, 30.0), (signal.SIGKILL, PATIENCE)):
            for pid in self.poll():
                os.kill(pid, number)
            self.wait(patience)


class Failure(Exception):
    """What must not be."""


def work(data: Path, run: Path, log: Path) -> None:
    """Begin or resume a run in a forked process, and end it: 0 done, 1 refused, 2 anything else."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    code = 0
    try:
        if (run / "run.json").exists():
            ganzoo.resume(run)
        else:
            train("cyclegan", data, run, **SETTINGS)
    except GanzooError as error:
        print(f"{type(error).__name__}: {error}")
        code = 1
    except BaseException:
        traceback.print_exc()
        code = 2
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def attack(data: Path, run: Path, processes: int, chance: random.Random, longest: float) -> bool:
    """Start, and kill at a random moment; return False where the run was done before. Raises Failure."""
    victims, kind = Victims(data, run, processes), chance.choice(KINDS)
    victims.wait(chance.uniform(0, longest))
    if kind != "any":
        victims.wait(longest, lambda: victims.writes(kind))
    if alive := victims.poll():
        victims.kill([chance.choice(alive)] if processes > 1 and chance.random() < 0.3 else alive)
        if 2 in victims.codes.values():
            raise Failure(f"a process ended with a traceback:\n{victims.log.read_text()}")
        return True
    if any(victims.codes.values()) and f"has done {STEPS} steps of {STEPS}" not in victims.log.read_text():
        raise Failure(f"the run ended by itself with {victims.codes}:\n{victims.log.read_text()}")
    return False


def compare(alone: Path, killed: Path) -> None:
    """Raise Failure unless two runs have the same state, files and logs."""
    if found := differences(checkpoint(alone, STEPS), checkpoint(killed, STEPS)):
        raise Failure(f"the checkpoints differ in {found[:5]}")
    for path in sorted(alone.rglob("*.safetensors")):
        if path.read_bytes() != (killed / path.relative_to(alone)).read_bytes():
            raise Failure(f"{path.name} differs")
    for name in ("metrics.jsonl", "validation.jsonl"):
        if lines(alone, name) != lines(killed, name):
            raise Failure(f"{name} differs")
    if left := [path.name for path in killed.rglob(".*.tmp")]:
        raise Failure(f"unfinished files are left: {left}")


def campaign(folder: Path, processes: int, kills: int, chance: random.Random) -> str:
    """Kill until it is enough; return what was done in words. Raises Failure."""
    data, alone = make_data(folder, "unpaired"), folder / f"alone-{processes}"
    began = time.monotonic()
    victims = Victims(data, alone, processes)
    victims.wait(PATIENCE * 5)
    if victims.poll() or any(victims.codes.values()):
        raise Failure(f"the run that is left alone fails:\n{victims.log.read_text()}")
    done, runs = 0, 0
    while done < kills:
        runs += 1
        run, own = folder / f"killed-{processes}-{runs}", 0
        while attack(data, run, processes, chance, LONGEST if done < kills else PATIENCE):
            done, own = done + 1, own + 1
            if not done % 50:
                print(f"{processes}: {done} kills", flush=True)
        compare(alone, run)
        print(f"{processes}: {done} kills, {runs} runs, the last of {own}, all equal", flush=True)
    return f"{processes}: {done} kills over {runs} runs, all equal, in {time.monotonic() - began:.0f} s"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/kills.py")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--processes", type=int, choices=(1, 2), help="[default: one, then two]")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"the moments are drawn with seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for processes in [arguments.processes] if arguments.processes else (1, 2):
            try:
                print(campaign(Path(folder), processes, arguments.kills, random.Random(arguments.seed)), flush=True)
            except Failure as failure:
                print(f"{processes} processes: {failure}", flush=True)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
