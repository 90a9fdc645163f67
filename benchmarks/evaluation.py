"""Time feature extraction against torch-fidelity's own loop: `python benchmarks/evaluation.py`.

Both use torch-fidelity's Inception network with the same weights, by default random ones. Every variant runs in a
process of its own, to measure peak memory, and the processes take turns. A ratio is torch-fidelity's time divided by
ours, the median over rounds. Times include moving the features to the CPU.
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
from training import peak_memory, peaks, timed

import ganzoo
from ganzoo.cards.protocol import Sample
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.inference import devices

MIN_ROUNDS = 3
NAME, LAYER = "inception-v3-compat", "2048"  # torch-fidelity's
PRECISIONS = {"fp32": "float32", "bf16": "bfloat16"}


@dataclass(frozen=True)
class Variant:
    """One way to compute the features; ``side`` is "torch-fidelity" or "ours"."""

    side: str
    precision: str = "fp32"

    @property
    def title(self) -> str:
        return f"{self.side} {self.precision}"


VARIANTS = [Variant("torch-fidelity"), Variant("ours"), Variant("ours", "bf16")]


@dataclass(frozen=True)
class Job:
    """The task of a worker process: how to compute features of which images, and on which device."""

    variant: Variant
    images: str
    weights: str
    batch_size: int
    device: str
    threads: int
    clock: str


class RandomImages(Dataset):
    """uint8 images (N, 3, H, W): one by one for torch-fidelity, in batches for ganzoo."""

    key = ""  # disables the cache

    def __init__(self, images: Tensor) -> None:
        self.images = images
        self.sample = Sample("random", len(images))

    def batches(self, at_once: int) -> Iterator[Tensor]:
        yield from self.images.split(at_once)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> Tensor:
        return self.images[number]


def main() -> None:
    arguments = parse_arguments()
    if arguments.worker:
        job = json.loads(arguments.worker)
        work(Job(**{**job, "variant": Variant(**job["variant"])}))
        return
    torch.set_num_threads(arguments.threads)
    device = devices.choose(arguments.device)
    console = Console(width=None if sys.stdout.isatty() else 130)
    about = f"{devices.describe(device)}; torch {torch.__version__}; {arguments.clock} time"
    console.print(f"{about}. Matrix products of 2048: {', '.join(peaks(device, arguments.clock))}.")
    with tempfile.TemporaryDirectory() as folder:
        console.print(report(arguments, measure(arguments, Path(folder))))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=32, help="number of random images")
    parser.add_argument("--size", type=int, default=32, help="width and height in pixels")
    parser.add_argument("--batch-size", type=int, default=32, help="batch size of all variants")
    parser.add_argument("--weights", help="weights of torch-fidelity's Inception [default: random]")
    parser.add_argument("--no-bf16", action="store_true", help="skip bf16, which is very slow on CPUs without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process on a CPU")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu: for machines that others use too"
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.clock == "cpu" and parsed.threads != 1:
        parser.error("--clock cpu sums the time of all threads; use it with --threads 1")
    return parsed


def measure(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Let the variants take turns. Return a row for each, torch-fidelity first."""
    shape = (arguments.images, 3, arguments.size, arguments.size)
    random = torch.Generator().manual_seed(0)
    torch.save(torch.randint(256, shape, dtype=torch.uint8, generator=random), folder / "images.pt")
    weights = arguments.weights or str(random_weights(folder / "weights.pth"))
    shared = (
        str(folder / "images.pt"),
        weights,
        arguments.batch_size,
        arguments.device,
        arguments.threads,
        arguments.clock,
    )
    variants = [variant for variant in VARIANTS if not (arguments.no_bf16 and variant.precision == "bf16")]
    workers = [Worker(Job(variant, *shared), folder / f"{variant.title}.pt") for variant in variants]
    for _ in range(max(arguments.rounds, MIN_ROUNDS)):
        for worker in workers:
            worker.take_turn()
    return build_rows(workers)


def build_rows(workers: list[Worker]) -> list[dict[str, Any]]:
    """Stop the workers and return a row of measurements for each."""
    first, rows = workers[0], []
    for worker in workers:
        ratios = [baseline / own for baseline, own in zip(first.seconds, worker.seconds, strict=True)]
        row = {"title": worker.title, "seconds": statistics.median(worker.seconds)}
        rows.append({**row, "ratio": statistics.median(ratios), "peak": worker.end()})
    expected = torch.load(first.features, weights_only=True)
    for row, worker in zip(rows, workers, strict=True):
        row.update(differences(torch.load(worker.features, weights_only=True), expected))
    return rows


def differences(features: Tensor, expected: Tensor) -> dict[str, float]:
    """Return relative errors: of the norm, and the largest of any feature relative to the largest feature."""
    features, expected = features.double(), expected.double()
    error = features - expected
    return {
        "norm": (error.norm() / expected.norm()).item(),
        "largest": (error.abs().max() / expected.abs().max()).item(),
    }


def random_weights(path: Path) -> Path:
    """Write random weights and batch norm statistics with which features neither vanish nor explode."""
    from ganzoo_plugins.extractors.inception import load_layers

    torch.manual_seed(0)
    network = load_layers()[1].to_empty(device="cpu")
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


def build_baseline(job: Job) -> Callable[[RandomImages], Tensor]:
    """Return a function that computes features with torch-fidelity's loop, without workers: images are in memory."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torch_fidelity.utils import get_featuresdict_from_dataset

    device = devices.choose(job.device)
    extractor = FeatureExtractorInceptionV3(NAME, [LAYER], feature_extractor_weights_path=job.weights).to(device)
    on_gpu = device.type == "cuda"
    return lambda images: get_featuresdict_from_dataset(images, extractor, job.batch_size, on_gpu, True, False)[LAYER]


def build_ours(job: Job) -> Callable[[RandomImages], Tensor]:
    """Return a function that computes features as `ganzoo.evaluate` does, without its cache."""
    extractor = ganzoo.build("extractor:inception", weights=job.weights)
    precision = PRECISIONS[job.variant.precision]
    features = FeatureExtractor(
        extractor, devices.choose(job.device), precision, cache=False, batch_size=job.batch_size
    )
    return lambda images: torch.from_numpy(features.extract(images))


class Worker:
    """A process that computes features of all images when it is its turn, and saves those of the first time."""

    def __init__(self, job: Job, features: Path) -> None:
        self.title, self.features = job.variant.title, features
        self.seconds: list[float] = []
        command = [sys.executable, __file__, "--worker", json.dumps(asdict(job))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._request(str(features))

    def take_turn(self) -> None:
        self.seconds.append(self._request("again"))

    def end(self) -> float:
        """Stop the process and return its peak memory in MiB."""
        peak = self._request("end")
        self.process.wait()
        return peak

    def _request(self, text: str) -> float:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"A worker exited with code {self.process.wait()}; its error message is above.")
        return float(line)


def work(job: Job) -> None:
    """Run a worker: save features to the first line's path; answer "again" with seconds, "end" with peak MiB."""
    torch.set_num_threads(job.threads)
    device = devices.choose(job.device)
    images = RandomImages(torch.load(job.images, weights_only=True))
    compute = {"torch-fidelity": build_baseline, "ours": build_ours}[job.variant.side](job)
    path = sys.stdin.readline().strip()
    torch.save(compute(images), path)
    print(0.0, flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        print(timed(lambda: compute(images), device, job.clock), flush=True)
    print(peak_memory(device), flush=True)


def report(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> Table:
    """Return the table."""
    kind = "pretrained weights" if arguments.weights else "random weights"
    title = f"Inception features of {arguments.images} random {arguments.size}x{arguments.size} images, {kind}, "
    table = Table(title=title + f"batches of {arguments.batch_size}", title_justify="left")
    table.add_column("features")
    for column in ("ms per image", "ratio", "peak MiB", "error, norm", "error, largest"):
        table.add_column(column, justify="right")
    for row in rows:
        speed = [f"{row['seconds'] / arguments.images * 1e3:,.1f}", f"{row['ratio']:.2f}x", f"{row['peak']:,.0f}"]
        table.add_row(row["title"], *speed, f"{row['norm']:.1e}", f"{row['largest']:.1e}")
    return table


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # processes that wait for their turn leave the cores free
    main()
