"""Time features of pictures beside torch-fidelity's own loop: `python benchmarks/evaluation.py`.

Both use torch-fidelity's Inception network with the same weights, random ones where no file is given. Every variant
runs in a process of its own, for its peak of memory, and the processes take turns. A ratio is the median over these
rounds of torch-fidelity's time over ours, features included as they come out on the CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import Dataset
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.utils import get_featuresdict_from_dataset
from training import peak_memory, peaks, timed

import ganzoo
from ganzoo.cards.protocol import Sample
from ganzoo.evaluation.features import FeatureExtractor
from ganzoo.inference import devices

FEWEST = 3  # rounds
NAME, LAYER = "inception-v3-compat", "2048"  # torch-fidelity's
PRECISIONS = {"fp32": "float32", "bf16": "bfloat16"}


@dataclass(frozen=True)
class Variant:
    """One way to make the features; ``side`` is "torch-fidelity" or "ours"."""

    side: str
    precision: str = "fp32"

    @property
    def title(self) -> str:
        return f"{self.side} {self.precision}"


VARIANTS = [Variant("torch-fidelity"), Variant("ours"), Variant("ours", "bf16")]


@dataclass(frozen=True)
class Job:
    """What a worker process is told: how to make features of which pictures, and on what."""

    variant: Variant
    pictures: str
    weights: str
    batch_size: int
    device: str
    threads: int
    clock: str


class Pictures(Dataset):
    """uint8 pictures (N, 3, H, W): one by one, as torch-fidelity wants them, and in batches, as ganzoo does."""

    key = ""  # not to be cached

    def __init__(self, pictures: Tensor) -> None:
        self.pictures = pictures
        self.sample = Sample("random", len(pictures))

    def batches(self, at_once: int) -> Iterator[Tensor]:
        yield from self.pictures.split(at_once)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> Tensor:
        return self.pictures[number]


def main() -> None:
    given = arguments()
    if given.worker:
        job = json.loads(given.worker)
        work(Job(**{**job, "variant": Variant(**job["variant"])}))
        return
    torch.set_num_threads(given.threads)
    device = devices.choose(given.device)
    console = Console(width=None if sys.stdout.isatty() else 130)
    about = f"{devices.describe(device)}; torch {torch.__version__}; {given.clock} time"
    console.print(f"{about}. Matrix products of 2048: {', '.join(peaks(device, given.clock))}.")
    with tempfile.TemporaryDirectory() as folder:
        console.print(report(given, measure(given, Path(folder))))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=32, help="how many, random ones")
    parser.add_argument("--size", type=int, default=32, help="pixels a side")
    parser.add_argument("--batch-size", type=int, default=32, help="of both sides")
    parser.add_argument("--weights", help="of torch-fidelity's Inception; else random ones")
    parser.add_argument("--no-bf16", action="store_true", help="leave it out: a CPU without bf16 takes very long")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=1, help="of each process on a CPU")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: where others use the machine")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.clock == "cpu" and given.threads != 1:
        parser.error("--clock cpu adds up the time of all threads: it goes with --threads 1")
    return given


def measure(given: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Let the variants take turns, and return what is known of each, torch-fidelity first."""
    shape = (given.pictures, 3, given.size, given.size)
    random = torch.Generator().manual_seed(0)
    torch.save(torch.randint(256, shape, dtype=torch.uint8, generator=random), folder / "pictures.pt")
    weights = given.weights or str(random_weights(folder / "weights.pth"))
    shared = (str(folder / "pictures.pt"), weights, given.batch_size, given.device, given.threads, given.clock)
    variants = [variant for variant in VARIANTS if not (given.no_bf16 and variant.precision == "bf16")]
    workers = [Worker(Job(variant, *shared), folder / f"{variant.title}.pt") for variant in variants]
    for _ in range(max(given.rounds, FEWEST)):
        for worker in workers:
            worker.visit()
    return rows(workers)


def rows(workers: list[Worker]) -> list[dict[str, Any]]:
    """Return a row of figures for each worker, and end it."""
    first, found = workers[0], []
    for worker in workers:
        ratios = [theirs / own for theirs, own in zip(first.seconds, worker.seconds, strict=True)]
        row = {"title": worker.title, "seconds": statistics.median(worker.seconds)}
        found.append({**row, "ratio": statistics.median(ratios), "peak": worker.end()})
    expected = torch.load(first.features, weights_only=True)
    for row, worker in zip(found, workers, strict=True):
        row.update(differences(torch.load(worker.features, weights_only=True), expected))
    return found


def differences(made: Tensor, expected: Tensor) -> dict[str, float]:
    """Return how far off features are: their norm's, and the largest of any, relative to the largest feature."""
    made, expected = made.double(), expected.double()
    off = made - expected
    return {
        "norm": (off.norm() / expected.norm()).item(),
        "largest": (off.abs().max() / expected.abs().max()).item(),
    }


def random_weights(path: Path) -> Path:
    """Write weights with which features neither vanish nor explode, the batch norms' statistics random too."""
    from ganzoo_plugins.extractors.inception import parts

    torch.manual_seed(0)
    network = parts()[1].to_empty(device="cpu")
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
    nn.init.zeros_(network.fc.bias)
    torch.save(network.state_dict(), path)
    return path


def theirs(job: Job) -> Callable[[Pictures], Tensor]:
    """Return what makes features by torch-fidelity's loop, without worker processes: the pictures are in memory."""
    device = devices.choose(job.device)
    extractor = FeatureExtractorInceptionV3(NAME, [LAYER], feature_extractor_weights_path=job.weights).to(device)
    on_gpu = device.type == "cuda"
    return lambda shown: get_featuresdict_from_dataset(shown, extractor, job.batch_size, on_gpu, True, False)[LAYER]


def ours(job: Job) -> Callable[[Pictures], Tensor]:
    """Return what makes features as `ganzoo.evaluate` does, without its cache."""
    extractor = ganzoo.build("extractor:inception", weights=job.weights)
    precision = PRECISIONS[job.variant.precision]
    features = FeatureExtractor(
        extractor, devices.choose(job.device), precision, cache=False, batch_size=job.batch_size
    )
    return lambda images: torch.from_numpy(features.extract(images))


class Worker:
    """A process that makes features of all pictures when it is its turn, and writes those of the first time."""

    def __init__(self, job: Job, features: Path) -> None:
        self.title, self.features = job.variant.title, features
        self.seconds: list[float] = []
        told = [sys.executable, __file__, "--worker", json.dumps(asdict(job))]
        self.process = subprocess.Popen(told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ask(str(features))

    def visit(self) -> None:
        self.seconds.append(self._ask("again"))

    def end(self) -> float:
        """Return its peak of memory in MiB."""
        peak = self._ask("end")
        self.process.wait()
        return peak

    def _ask(self, what: str) -> float:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"A worker ended with code {self.process.wait()}: its own message is above.")
        return float(line)


def work(job: Job) -> None:
    """Be a worker: write features to the first line's path; answer "again" with seconds, "end" with the peak in MiB."""
    torch.set_num_threads(job.threads)
    device = devices.choose(job.device)
    pictures = Pictures(torch.load(job.pictures, weights_only=True))
    features = {"torch-fidelity": theirs, "ours": ours}[job.variant.side](job)
    path = sys.stdin.readline().strip()
    torch.save(features(pictures), path)
    print(0.0, flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        print(timed(lambda: features(pictures), device, job.clock), flush=True)
    print(peak_memory(device), flush=True)


def report(given: argparse.Namespace, found: list[dict[str, Any]]) -> Table:
    """Return the table."""
    kind = "given weights" if given.weights else "random weights"
    title = f"Inception features of {given.pictures} random {given.size}x{given.size} pictures, {kind}, "
    table = Table(title=title + f"batches of {given.batch_size}", title_justify="left")
    table.add_column("features")
    for column in ("ms a picture", "ratio", "peak MiB", "off by, norm", "off by, largest"):
        table.add_column(column, justify="right")
    for row in found:
        speed = [f"{row['seconds'] / given.pictures * 1e3:,.1f}", f"{row['ratio']:.2f}x", f"{row['peak']:,.0f}"]
        table.add_row(row["title"], *speed, f"{row['norm']:.1e}", f"{row['largest']:.1e}")
    return table


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a process that waits for its turn leaves the cores alone
    main()
