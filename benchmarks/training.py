"""Time ganzoo's training steps against textbook implementations: `python benchmarks/training.py`.

Every variant runs in a process of its own, to measure peak memory, and the processes take turns: textbook, ours,
textbook, ours, ... A ratio is the textbook's time divided by ours, the median over rounds. Losses and gradients are
compared with those of the same step in float64.
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
from cases import CASES, our_steps, random_images, real_images, textbook_steps
from rich.console import Console
from rich.table import Table

from ganzoo.inference import devices
from ganzoo.training.machine import Machine

TURN = 1.0  # seconds that a process computes before the next one's turn; at least one step
MIN_ROUNDS, MAX_ROUNDS = 3, 25


@dataclass(frozen=True)
class Variant:
    """One way to run a step; ``side`` is "textbook" or "ours"."""

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
    """The task of a worker process: which step, on which images, with how many threads and which clock."""

    case: str
    images: str
    variant: Variant
    device: str
    threads: int
    clock: str


def main() -> None:
    arguments = parse_arguments()
    if arguments.worker:
        job = json.loads(arguments.worker)
        work(Job(**{**job, "variant": Variant(**job["variant"])}), arguments.accuracy)
        return
    console = Console(width=None if sys.stdout.isatty() else 150)
    torch.set_num_threads(arguments.threads)
    device = devices.choose(arguments.device)
    about = f"{devices.describe(device)}; torch {torch.__version__}; {arguments.clock} time"
    console.print(f"{about}. Matrix products of 2048: {', '.join(peaks(device, arguments.clock))}.")
    for name in arguments.only or CASES:
        with tempfile.TemporaryDirectory() as folder:
            kind, images = prepare(name, arguments, Path(folder))
            console.print(report(name, kind, measure(name, images, arguments, device)))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(CASES), help="run this case; can be repeated")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; cuda adds channels_last and torch.compile")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process on a CPU")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu: for machines that others use too"
    )
    parser.add_argument(
        "--seconds", type=float, default=45, help=f"time for each case; at least {MIN_ROUNDS} rounds are run"
    )
    parser.add_argument("--no-accuracy", action="store_true", help="skip the comparison with float64")
    parser.add_argument("--fashion-mnist", type=Path, help="folder of the IDX files [default: random images]")
    parser.add_argument(
        "--horse2zebra", type=Path, help="folder or .zip with trainA and trainB [default: random images]"
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--accuracy", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.clock == "cpu" and parsed.threads != 1:
        parser.error("--clock cpu sums the time of all threads; use it with --threads 1")
    return parsed


def peaks(device: torch.device, clock: str) -> Iterator[str]:
    """Yield the speed of a large matrix product in each precision as text: the peak of this machine."""
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a = torch.randn(2048, 2048, device=device).to(dtype)
        seconds = min(timed(lambda a=a: a @ a, device, clock) for _ in range(6))
        yield f"{2 * 2048**3 / seconds / 1e9:,.0f} GFLOP/s {name}"


def prepare(name: str, arguments: argparse.Namespace, folder: Path) -> tuple[str, Path]:
    """Write the case's images to a file. Return a description and the path."""
    case = CASES[name]
    real = arguments.horse2zebra if case.unpaired else arguments.fashion_mnist
    images = real_images(case, real) if real else random_images(case)
    torch.save(images, folder / "images.pt")
    return f"images of {real.name}" if real else "random images", folder / "images.pt"


def measure(name: str, images: Path, arguments: argparse.Namespace, device: torch.device) -> list[dict[str, Any]]:
    """Let all variants of a case take turns. Return a row for each, the textbook in fp32 first."""
    jobs = [
        Job(name, str(images), each, arguments.device, arguments.threads, arguments.clock) for each in variants(device)
    ]
    rows: list[dict[str, Any]] = [{"title": job.variant.title} for job in jobs]
    workers = [Worker(job) for job in jobs]
    end = time.monotonic() + arguments.seconds
    while len(workers[0].seconds) < MIN_ROUNDS or (time.monotonic() < end and len(workers[0].seconds) < MAX_ROUNDS):
        for worker in workers:
            worker.take_turn()
    for row, worker in zip(rows, workers, strict=True):
        ratios = [plain / own for plain, own in zip(workers[0].seconds, worker.seconds, strict=True)]
        row.update(seconds=statistics.median(worker.seconds), ratio=statistics.median(ratios), rounds=len(ratios))
        row["peak"] = worker.end()
    if not arguments.no_accuracy:
        lines = subprocess.check_output(command(jobs[0], "--accuracy"), text=True).splitlines()
        for row, line in zip(rows, lines, strict=True):
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
        self.steps = max(1, math.ceil(TURN / self._receive()))
        self.seconds: list[float] = []  # per step, in each round

    def take_turn(self) -> None:
        self._send(self.steps)
        self.seconds.append(self._receive())

    def end(self) -> float:
        """Stop the process and return its peak memory in MiB."""
        self._send(0)
        peak = self._receive()
        self.process.wait()
        return peak

    def _send(self, steps: int) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()

    def _receive(self) -> float:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"A worker exited with code {self.process.wait()}; its error message is above.")
        return float(line)


def work(job: Job, accuracy: bool) -> None:
    """Run a worker: read numbers of steps from stdin and print the seconds per step; for 0, print peak memory in MiB.

    With ``accuracy``, print the errors of every variant of the case instead, one JSON object per line.
    """
    torch.set_num_threads(job.threads)
    case, machine = CASES[job.case], job.variant.machine(job.device)
    images = torch.load(job.images, weights_only=True)
    if accuracy:
        machines = [(each.side, each.machine(job.device)) for each in variants(machine.device)]
        for errors in differences(case, images, machines):
            print(json.dumps(errors))
        return
    if job.variant.side == "textbook":
        steps = textbook_steps(case, images, machine)
    else:
        steps = our_steps(case, images, machine, job.variant.compiled)
    for _ in range(2):  # the first step creates Adam's state and compiles
        seconds = timed(lambda: next(steps), machine.device, job.clock)
    print(seconds, flush=True)
    for line in sys.stdin:
        count = int(line)
        if not count:
            break
        seconds = timed(lambda count=count: [next(steps) for _ in range(count)], machine.device, job.clock)
        print(seconds / count, flush=True)
    print(peak_memory(machine.device), flush=True)


def timed(function: Callable[[], Any], device: torch.device, clock: str = "wall") -> float:
    """Return the seconds that ``function`` takes, including work on the GPU."""
    now = time.process_time if clock == "cpu" else time.perf_counter
    synchronize = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    synchronize()
    started = now()
    function()
    synchronize()
    return now() - started


def peak_memory(device: torch.device) -> float:
    """Return peak memory in MiB: of tensors on the GPU, or of the whole process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # on Linux getrusage may return the parent's peak
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def report(name: str, kind: str, rows: list[dict[str, Any]]) -> Table:
    """Return the case's table."""
    case = CASES[name]
    table = Table(title=f"{case.title}; {kind}; {rows[0]['rounds']} rounds", title_justify="left")
    table.add_column("step")
    for column in ("ms per step", "ratio", "images/s", "peak MiB", "error of losses", "of gradients"):
        table.add_column(column, justify="right")
    for row in rows:
        errors = [f"{row[what]:.1e}" if what in row else "" for what in ("losses", "gradients")]
        speed = [
            f"{row['seconds'] * 1e3:,.1f}",
            f"{row['ratio']:.2f}x",
            f"{case.images_per_step / row['seconds']:,.1f}",
        ]
        table.add_row(row["title"], *speed, f"{row['peak']:,.0f}", *errors)
    return table


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # processes that wait for their turn leave the cores free
    main()
