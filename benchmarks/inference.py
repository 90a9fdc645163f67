"""Time translation against plain PyTorch: `python benchmarks/inference.py`.

Two tables for each network. "Whole process" is the time a user waits: from the shell to one translated image of 256x256
pixels on disk, for `reference.py`, which imports torch and torchvision, loads, runs and saves, and for `ganzoo
translate` with each engine. Conversions are in the cache, as they are from the second run on. "Steady state" is the
network alone, 256x256, batch 1, on arrays in memory; eager PyTorch in fp32 and each engine run in separate processes
that take turns. A ratio is the reference's time divided by the row's, the median over rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from reference import load, translate
from rich.console import Console
from rich.table import Table
from training import timed

import ganzoo
from ganzoo.cards.card import Card
from ganzoo.image_io import arrays, decoding
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.loading.model import Model

SIDE = 256
PRODUCT = 2048  # rows and columns of the matrices whose product measures the machine's peak
# engine, dtype; the first is the reference
ENGINES = (
    ("reference", "float32"),
    ("torch", "float32"),
    ("torch", "bfloat16"),
    ("compile", "float32"),
    ("winograd", "float32"),
    ("onnxruntime", "float32"),
    ("openvino", "float32"),
    ("openvino", "bfloat16"),
    ("openvino", "int8"),
)
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
NETWORKS = {"small": (32, 6, True), "paper": (64, 9, False)}  # width, blocks, global_skip


@dataclass(frozen=True)
class Job:
    """The task of a worker process."""

    engine: str
    dtype: str
    folder: str  # with reference.pth, model/ and the images
    network: str
    clock: str = "wall"

    @property
    def title(self) -> str:
        return f"{self.engine} {self.dtype}"


def main() -> None:
    arguments = parse_arguments()
    if arguments.worker:
        work(Job(**json.loads(arguments.worker)))
        return
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    torch.set_num_threads(arguments.threads)
    console = Console(width=None if sys.stdout.isatty() else 150)
    dtypes = [dtype for dtype in ("float32", "bfloat16") if arguments.dtype in ("", dtype)]
    best = {dtype: max(matrix_peak(dtype, arguments.clock), torch_peak(dtype, arguments.clock)) for dtype in dtypes}
    peaks = ", ".join(f"{speed:.0f} GFLOP/s {dtype}" for dtype, speed in best.items())
    console.print(f"{arguments.threads} threads; torch {torch.__version__}. Matrix products of 2048 at best: {peaks}.")
    for network in arguments.only or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["GANZOO_CACHE"] = os.path.join(folder, "cache")
            engines = [(engine, dtype) for engine, dtype in ENGINES if arguments.dtype in ("", dtype)]
            prepare(network, Path(folder), arguments.calibration, engines)
            jobs = [Job(engine, dtype, folder, network, arguments.clock) for engine, dtype in engines]
            if not arguments.alone:
                console.print(whole_processes(jobs, arguments.rounds))
            console.print(steady_state(jobs, arguments.rounds, best))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", action="append", choices=list(NETWORKS), help="small: width 32, 6 blocks; paper: 64, 9"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of each process")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="cpu: if others use the machine too")
    parser.add_argument("--dtype", default="", help="only engines in this number type, such as float32")
    parser.add_argument("--alone", action="store_true", help="only the network alone, no whole processes")
    parser.add_argument("--calibration", help="folder of images for int8 [default: the four photographs]")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def prepare(network: str, folder: Path, calibration: str | None, engines: list[tuple[str, str]]) -> None:
    """Write model/, reference.pth and the photographs, cropped to 256x256, and convert the model for each engine."""
    width, blocks, skip = NETWORKS[network]
    torch.manual_seed(0)
    generator = ganzoo.build("generator:resnet", width=width, blocks=blocks, global_skip=skip)
    torch.nn.init.normal_(generator.layers[-1].weight, 0.0, 0.02)  # with a skip it is initialized to zero
    card = Card(
        "bench/resnet", "generator:resnet", "image-to-image", SIDE, 3, 3, options=generator.architecture.options
    )
    model = Model(generator, card)
    model.save(folder / "model")
    torch.save(model.generator.state_dict(), folder / "reference.pth")
    for path in sorted(PHOTOGRAPHS.glob("*.jpg")):
        with Image.open(path) as image:
            left = (image.width - SIDE) // 2
            image.crop((left, 0, left + SIDE, SIDE)).save(folder / f"{path.stem}.png")
    images = sorted(Path(calibration).rglob("*.jpg") if calibration else folder.glob("*.png"))
    for engine, dtype in engines:
        if engine in ("onnxruntime", "openvino"):
            converted = ganzoo.load(f"dir:{folder / 'model'}", "cpu", dtype, engine, calibration=images)
            converted.translate(str(folder / "horses.png"), "native")


def whole_processes(jobs: list[Job], rounds: int) -> Table:
    seconds: dict[str, list[float]] = {job.title: [] for job in jobs}
    for turn in range(rounds + 1):  # the first fills the disk cache
        for job in jobs:
            started = time.perf_counter()
            subprocess.run(shell_command(job), check=True, capture_output=True)
            if turn:
                seconds[job.title].append(time.perf_counter() - started)
    table = Table(title=f"Whole process, {describe(jobs[0].network)}; {rounds} rounds", title_justify="left")
    table.add_column("what")
    for column in ("s", "ratio"):
        table.add_column(column, justify="right")
    for job in jobs:
        own = seconds[job.title]
        ratio = statistics.median(a / b for a, b in zip(seconds[jobs[0].title], own, strict=True))
        table.add_row(job.title, f"{statistics.median(own):.2f}", f"{ratio:.2f}x")
    return table


def shell_command(job: Job) -> list[str]:
    """Return the command that translates one image."""
    source, target = (str(Path(job.folder, name)) for name in ("horses.png", "translated.png"))
    if job.engine == "reference":
        width, blocks, skip = (str(value) for value in NETWORKS[job.network])
        script = str(Path(__file__).parent / "reference.py")
        return [sys.executable, script, str(Path(job.folder, "reference.pth")), width, blocks, skip, source, target]
    running = ["--size", "native", "--device", "cpu", "--engine", job.engine, "--dtype", job.dtype]
    command = str(Path(sys.executable).parent / "ganzoo")
    return [command, "translate", f"dir:{job.folder}/model", source, "-o", target, *running]


def torch_peak(dtype: str, clock: str) -> float:
    """Return the GFLOP/s of torch's matrix product."""
    a = torch.randn(PRODUCT, PRODUCT).to(getattr(torch, dtype))
    seconds = min(timed(lambda: a @ a, torch.device("cpu"), clock) for _ in range(10))
    return 2 * PRODUCT**3 / seconds / 1e9


def matrix_peak(dtype: str, clock: str) -> float:
    """Return the GFLOP/s of OpenVINO's matrix product, which is far faster than torch's on some CPUs."""
    from ganzoo_plugins.engines.openvino import HINTS, import_openvino

    openvino = import_openvino()
    from openvino import opset13

    parameter = opset13.parameter([PRODUCT, PRODUCT], np.float32)
    values = np.random.default_rng(0).random((PRODUCT, PRODUCT), np.float32)
    model = openvino.Model([opset13.matmul(parameter, opset13.constant(values), False, False)], [parameter])
    settings = {"INFERENCE_PRECISION_HINT": HINTS[dtype], "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    seconds = min(timed(lambda: request.infer([values]), torch.device("cpu"), clock) for _ in range(10))
    return 2 * PRODUCT**3 / seconds / 1e9


def steady_state(jobs: list[Job], rounds: int, peak: dict[str, float]) -> Table:
    workers = [Worker(job) for job in jobs]
    for _ in range(rounds):
        for worker in workers:
            worker.take_turn()
    results = [worker.end() for worker in workers]
    work_done = count_flops(jobs[0].network)
    title = f"Steady state, {describe(jobs[0].network)}, {work_done / 1e9:.1f} GFLOP per image; {rounds} rounds"
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    for column in ("ms", "ratio", "GFLOP/s", "of peak", "8-bit values equal", "PSNR, dB", "max error"):
        table.add_column(column, justify="right")
    for worker, images in zip(workers, results, strict=True):
        own = statistics.median(worker.seconds)
        ratio = statistics.median(a / b for a, b in zip(workers[0].seconds, worker.seconds, strict=True))
        speed = work_done / own / 1e9
        share = f"{speed / peak[worker.job.dtype]:.0%}" if worker.job.dtype in peak else ""
        row = (f"{own * 1e3:.1f}", f"{ratio:.2f}x", f"{speed:.0f}", share)
        table.add_row(worker.job.title, *row, *differences(images, results[0]))
    return table


def differences(images: Any, expected: Any) -> tuple[str, str, str]:
    """Return the share of equal 8-bit values, the mean PSNR over photographs, and the largest difference."""
    levels = [np.round((values + 1) * 127.5).astype(int) for values in (images, expected)]
    equal = float((levels[0] == levels[1]).mean())
    errors = np.square(images.astype(np.float64) - expected).mean(axis=(1, 2, 3))
    psnr = "" if not errors.any() else f"{np.mean(10 * np.log10(4 / np.maximum(errors, 1e-12))):.1f}"
    return f"{equal:.3%}", psnr, f"{np.abs(images - expected).max():.1e}"


def count_flops(network: str) -> float:
    """Return the number of multiplications and additions in the convolutions for one image."""
    from textbook import resnet_generator
    from torch.utils.flop_counter import FlopCounterMode

    width, blocks, _ = NETWORKS[network]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        resnet_generator(width, blocks)(torch.zeros(1, 3, SIDE, SIDE))
    return float(counter.get_total_flops())


def describe(network: str) -> str:
    width, blocks, _ = NETWORKS[network]
    return f"width {width}, {blocks} blocks, {SIDE}x{SIDE}"


class Worker:
    """A process that translates when it is its turn."""

    def __init__(self, job: Job) -> None:
        self.job, self.seconds = job, list[float]()
        command = [sys.executable, __file__, "--worker", json.dumps(asdict(job))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._receive()

    def take_turn(self) -> None:
        self._send("go")
        self.seconds.append(float(self._receive()))

    def end(self) -> Any:
        """Stop the process and return the translated photographs, float32 (4, 3, H, W)."""
        self._send("end")
        path = self._receive()
        self.process.wait()
        return np.load(path)

    def _send(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def _receive(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.job.title} exited with code {self.process.wait()}; its error message is above.")
        return line.strip()


def work(job: Job) -> None:
    """Run a worker: for each line "go", translate for a third of a second and print the seconds per image."""
    run, clock = build_runner(job), CLOCKS[job.clock]
    folder = Path(job.folder)
    paths = [folder / f"{path.stem}.png" for path in sorted(PHOTOGRAPHS.glob("*.jpg"))]
    floats = [arrays.to_floats(decoding.read(path))[None] for path in paths]
    for _ in range(3):
        started = clock()
        run(floats[0])
        once = clock() - started
    count = max(2, round(0.33 / once))
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        started = clock()
        for _ in range(count):
            run(floats[0])
        print((clock() - started) / count, flush=True)
    path = folder / f"{job.title}.npy"
    np.save(path, np.concatenate([run(one) for one in floats]))
    print(path, flush=True)


def build_runner(job: Job) -> Callable[[Any], Any]:
    """Return a function that takes and returns float32 (1, 3, H, W)."""
    if job.engine == "reference":
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        width, blocks, skip = NETWORKS[job.network]
        generator = load(str(Path(job.folder, "reference.pth")), width, blocks)

        def run_reference(array: Any) -> Any:
            with torch.no_grad():
                return translate(generator, torch.from_numpy(array), skip).numpy()

        return run_reference
    model = ganzoo.load(f"dir:{job.folder}/model", "cpu", job.dtype, job.engine)
    return model._running.run


if __name__ == "__main__":
    main()
