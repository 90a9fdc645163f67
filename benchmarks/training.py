"""Time ganzoo's training steps beside plain textbook ones: `python benchmarks/training.py`.

Every variant runs in a process of its own, for its peak of memory, and the processes take turns: textbook, ours,
textbook, ours, ... A ratio is the median over these rounds of the textbook's time over ours. Losses and gradients
are compared with those of the same step in float64.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accuracy import differences
from cases import CASES, our_steps, random_pictures, real_pictures, textbook_steps
from rich.console import Console
from rich.table import Table

from ganzoo.inference import devices
from ganzoo.training.validation import Machine

VISIT = 1.0  # seconds that a process computes before it is the next one's turn, or one step where that is longer
FEWEST, MOST = 3, 25  # rounds


@dataclass(frozen=True)
class Variant:
    """One way to do a case's step; ``side`` is "textbook" or "ours"."""

    side: str
    precision: str = "fp32"
    channels_last: bool = False
    compiled: bool = False

    @property
    def title(self) -> str:
        extras = [name for name in ("channels_last", "compiled") if getattr(self, name)]
        return " ".join([self.side, self.precision, *extras])

    def machine(self, device: str) -> Machine:
        return Machine(devices.choose(device), self.precision, self.channels_last)


ON_CPU = [Variant("textbook"), Variant("textbook", "bf16"), Variant("ours"), Variant("ours", "bf16")]
ON_GPU = [
    *(Variant("textbook", precision) for precision in ("fp32", "bf16")),
    *(Variant("ours", precision, last) for precision in ("fp32", "bf16") for last in (False, True)),
    Variant("ours", "bf16", True, compiled=True),
]


@dataclass(frozen=True)
class Job:
    """What a worker process is told: which step to do, on what, with how many threads and which clock."""

    case: str
    pictures: str
    variant: Variant
    device: str
    threads: int
    clock: str


def main() -> None:
    given = arguments()
    if given.worker:
        job = json.loads(given.worker)
        work(Job(**{**job, "variant": Variant(**job["variant"])}), given.accuracy)
        return
    console = Console(width=None if sys.stdout.isatty() else 150)
    torch.set_num_threads(given.threads)
    device = devices.choose(given.device)
    about = f"{devices.describe(device)}; torch {torch.__version__}; {given.clock} time"
    console.print(f"{about}. Matrix products of 2048: {', '.join(peaks(device, given.clock))}.")
    for name in given.only or CASES:
        with tempfile.TemporaryDirectory() as folder:
            kind, pictures = prepare(name, given, Path(folder))
            console.print(report(name, kind, measure(name, pictures, given, device)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(CASES), help="this case; may be given again")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda, which adds channels_last and torch.compile")
    parser.add_argument("--threads", type=int, default=1, help="of each process on a CPU")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: where others use the machine")
    parser.add_argument("--seconds", type=float, default=45, help=f"for a case, though at least {FEWEST} rounds")
    parser.add_argument("--no-accuracy", action="store_true", help="leave out the comparison with float64")
    parser.add_argument("--fashion-mnist", type=Path, help="folder of the IDX files; else random pictures")
    parser.add_argument("--horse2zebra", type=Path, help="folder or .zip with trainA and trainB; else random pictures")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--accuracy", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.clock == "cpu" and given.threads != 1:
        parser.error("--clock cpu adds up the time of all threads: it goes with --threads 1")
    return given


def peaks(device: torch.device, clock: str) -> Iterator[str]:
    """Yield the speed of a large matrix product in each precision, in words: what this machine can do at all."""
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a = torch.randn(2048, 2048, device=device).to(dtype)
        seconds = min(timed(lambda a=a: a @ a, device, clock) for _ in range(6))
        yield f"{2 * 2048**3 / seconds / 1e9:,.0f} GFLOP/s {name}"


def prepare(name: str, given: argparse.Namespace, folder: Path) -> tuple[str, Path]:
    """Write the case's pictures to a file, and return what they are with its path."""
    case = CASES[name]
    real = given.horse2zebra if case.unpaired else given.fashion_mnist
    pictures = real_pictures(case, real) if real else random_pictures(case)
    torch.save(pictures, folder / "pictures.pt")
    return f"pictures of {real.name}" if real else "random pictures", folder / "pictures.pt"


def measure(name: str, pictures: Path, given: argparse.Namespace, device: torch.device) -> list[dict[str, Any]]:
    """Let all variants of a case take turns, and return what is known of each, the textbook in fp32 first."""
    jobs = [Job(name, str(pictures), each, given.device, given.threads, given.clock) for each in variants(device)]
    rows: list[dict[str, Any]] = [{"title": job.variant.title} for job in jobs]
    workers = [Worker(job) for job in jobs]
    end = time.monotonic() + given.seconds
    while len(workers[0].seconds) < FEWEST or (time.monotonic() < end and len(workers[0].seconds) < MOST):
        for worker in workers:
            worker.visit()
    for row, worker in zip(rows, workers, strict=True):
        ratios = [plain / own for plain, own in zip(workers[0].seconds, worker.seconds, strict=True)]
        row.update(seconds=statistics.median(worker.seconds), ratio=statistics.median(ratios), rounds=len(ratios))
        row["peak"] = worker.end()
    if not given.no_accuracy:
        told = subprocess.check_output(command(jobs[0], "--accuracy"), text=True).splitlines()
        for row, line in zip(rows, told, strict=True):
            row.update(json.loads(line))
    return rows


def variants(device: torch.device) -> list[Variant]:
    return ON_GPU if device.type == "cuda" else ON_CPU


def command(job: Job, *more: str) -> list[str]:
    return [sys.executable, __file__, "--worker", json.dumps(asdict(job)), *more]


class Worker:
    """A process that does steps of one variant when it is its turn."""

    def __init__(self, job: Job) -> None:
        self.process = subprocess.Popen(command(job), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.steps = max(1, math.ceil(VISIT / self._answer()))
        self.seconds: list[float] = []  # a step's, in each round

    def visit(self) -> None:
        self._tell(self.steps)
        self.seconds.append(self._answer())

    def end(self) -> float:
        """Return its peak of memory in MiB."""
        self._tell(0)
        peak = self._answer()
        self.process.wait()
        return peak

    def _tell(self, steps: int) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()

    def _answer(self) -> float:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"A worker ended with code {self.process.wait()}: its own message is above.")
        return float(line)


def work(job: Job, accuracy: bool) -> None:
    """Be a worker: answer numbers of steps on the standard input with seconds a step, and 0 with the peak in MiB.

    For ``accuracy`` print how far off every variant of the case is, a line of JSON each.
    """
    torch.set_num_threads(job.threads)
    case, machine = CASES[job.case], job.variant.machine(job.device)
    pictures = torch.load(job.pictures, weights_only=True)
    if accuracy:
        ways = [(each.side, each.machine(job.device)) for each in variants(machine.device)]
        for off in differences(case, pictures, ways):
            print(json.dumps(off))
        return
    if job.variant.side == "textbook":
        steps = textbook_steps(case, pictures, machine)
    else:
        steps = our_steps(case, pictures, machine, job.variant.compiled)
    for _ in range(2):  # the first step makes Adam's state and compiles
        seconds = timed(lambda: next(steps), machine.device, job.clock)
    print(seconds, flush=True)
    for line in sys.stdin:
        count = int(line)
        if not count:
            break
        seconds = timed(lambda count=count: [next(steps) for _ in range(count)], machine.device, job.clock)
        print(seconds / count, flush=True)
    print(peak_memory(machine.device), flush=True)


def timed(act: Callable[[], Any], device: torch.device, clock: str = "wall") -> float:
    """Return the seconds that ``act`` takes, a GPU's work included."""
    now = time.process_time if clock == "cpu" else time.perf_counter
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    started = now()
    act()
    wait()
    return now() - started


def peak_memory(device: torch.device) -> float:
    """Return the most memory in use so far, in MiB: of the GPU's tensors, or of the whole process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says on Linux may be the parent's peak
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def report(name: str, kind: str, rows: list[dict[str, Any]]) -> Table:
    """Return the case's table."""
    case = CASES[name]
    table = Table(title=f"{case.title}; {kind}; {rows[0]['rounds']} rounds", title_justify="left")
    table.add_column("step")
    for column in ("ms a step", "ratio", "pictures/s", "peak MiB", "losses off by", "gradients off by"):
        table.add_column(column, justify="right")
    for row in rows:
        off = [f"{row[what]:.1e}" if what in row else "" for what in ("losses", "gradients")]
        speed = [
            f"{row['seconds'] * 1e3:,.1f}",
            f"{row['ratio']:.2f}x",
            f"{case.pictures_a_step / row['seconds']:,.1f}",
        ]
        table.add_row(row["title"], *speed, f"{row['peak']:,.0f}", *off)
    return table


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a process that waits for its turn leaves the cores alone
    main()
