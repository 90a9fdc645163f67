"""Time engines on networks that enlarge images, beside spandrel's own call in eager PyTorch.

    python benchmarks/restoration.py realesr-animevideov3.pth            # 256x256 pixels
    python benchmarks/restoration.py --esrgan                            # 23 blocks, random weights, 128x128 pixels
    python benchmarks/restoration.py model.pth --clock cpu --int8        # on a machine that others use too

Each has a process of its own, and they take turns. A ratio is spandrel's time divided by the row's, the median over
rounds. Differences are the largest from spandrel's output for a photograph, of [-1, 1]; PSNR is that of the 8-bit
values. With --auto, the last line is the engine that `ganzoo` takes for a folder of images.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from training import timed

import ganzoo
from ganzoo.checkpoints.opened import open_checkpoint
from ganzoo.image_io import arrays, decoding
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.inference.workload import KINDS

SPANDREL = "spandrel, eager"
ENGINES = ("torch", "winograd", "onnxruntime", "openvino")
Run = Callable[[Any], Any]


def main() -> None:
    arguments = parse_arguments()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GANZOO_CACHE"] = os.path.join(folder, "cache")
        path = arguments.file or write_esrgan(Path(folder))
        side = arguments.side or (256 if arguments.file else 128)
        opened = open_checkpoint(path, checked=False)
        ganzoo.Model(opened.network, opened.card).save(Path(folder, "model"))
        names = [SPANDREL, *(arguments.engine or ENGINES), *(["openvino int8"] if arguments.int8 else [])]
        workers = [Worker(name, path, Path(folder), side, arguments.clock) for name in names]
        for _ in range(arguments.rounds):
            for worker in workers:
                worker.take_turn()
        for worker in workers:
            worker.pipe.send("")  # the end
        title = f"{path.stem}, {side}x{side}, {arguments.threads} threads, {arguments.clock} time"
        Console(width=None if sys.stdout.isatty() else 120).print(table(title, workers))
        if arguments.auto:
            chosen = ganzoo.load(f"dir:{folder}/model", "cpu", work=KINDS["folder"])._running.choice.name
            print(f"auto takes {chosen}.")


class Worker:
    """A process that enlarges the photograph when it is its turn."""

    def __init__(self, name: str, path: Path, folder: Path, side: int, clock: str) -> None:
        self.name, self.seconds = name, list[float]()
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        context.Process(target=serve, args=(other, name, path, folder, side, clock), daemon=True).start()
        other.close()  # so that a worker that fails ends the wait
        self.output = self.pipe.recv()

    def take_turn(self) -> None:
        self.pipe.send("go")
        self.seconds.append(self.pipe.recv())


def serve(pipe: Any, name: str, path: Path, folder: Path, side: int, clock: str) -> None:
    """Send the enlarged photograph, and then for each message the seconds of doing it again."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    engine, _, dtype = name.partition(" ")
    if name == SPANDREL:
        run = spandrel_of(path)
    else:
        images = sorted(PHOTOGRAPHS.glob("*.jpg")) if dtype else []
        run = ganzoo.load(f"dir:{folder}/model", "cpu", dtype or None, engine, calibration=images)._running.run
    image = photograph(side)
    pipe.send(run(image))
    while pipe.recv():
        pipe.send(timed(lambda: run(image), torch.device("cpu"), clock))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="a checkpoint that spandrel recognizes")
    parser.add_argument("--esrgan", action="store_true", help="ESRGAN with random weights instead")
    parser.add_argument("--side", type=int, help="of the image [default: 256, and 128 for ESRGAN]")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: the time of all threads")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="time this one; can be repeated")
    parser.add_argument("--int8", action="store_true", help="time OpenVINO's int8 too, calibrated on four photographs")
    parser.add_argument("--auto", action="store_true", help='also tell what "auto" takes, which measures again')
    parsed = parser.parse_args()
    if bool(parsed.file) == parsed.esrgan:
        parser.error("give a file, or --esrgan")
    return parsed


def write_esrgan(folder: Path) -> Path:
    """Write ESRGAN with 23 blocks and random weights."""
    from ganzoo_plugins.restore.networks import build, find_architecture

    torch.manual_seed(0)
    torch.save(build(find_architecture("ESRGAN"), "RRDBNet", {}).state_dict(), folder / "esrgan.pth")
    return folder / "esrgan.pth"


def photograph(side: int) -> Any:
    """Return the middle of a photograph, float32 (1, 3, side, side) in [-1, 1]."""
    values = arrays.to_floats(decoding.read(PHOTOGRAPHS / "astronaut.jpg"), 3)
    top, left = ((size - side) // 2 for size in values.shape[1:])
    return np.ascontiguousarray(values[None, :, top : top + side, left : left + side])


def spandrel_of(path: Path) -> Run:
    """Return spandrel's own call of a file, as its users make it, on arrays in [-1, 1]."""
    from spandrel import ModelLoader

    descriptor: Any = ModelLoader(device="cpu").load_from_file(str(path)).eval()

    def run(array: Any) -> Any:
        with torch.inference_mode():
            return descriptor(torch.from_numpy(array) * 0.5 + 0.5).numpy() * 2 - 1

    return run


def table(title: str, workers: list[Worker]) -> Table:
    """Return times, ratios and differences."""
    first = workers[0]
    made = Table(title=title, title_justify="left")
    for column in ("what", "ms", "ratio", "difference", "PSNR, dB"):
        made.add_column(column, justify="left" if column == "what" else "right")
    for worker in workers:
        ratio = statistics.median(a / b for a, b in zip(first.seconds, worker.seconds, strict=True))
        error = np.square(np.round((worker.output - first.output) * 127.5)).mean()
        psnr = f"{10 * np.log10(255**2 / error):.1f}" if error else ""
        difference = f"{np.abs(worker.output - first.output).max():.0e}"
        milliseconds = statistics.median(worker.seconds) * 1e3
        made.add_row(worker.name, f"{milliseconds:.0f}", f"{ratio:.2f}x", difference, psnr)
    return made


if __name__ == "__main__":
    main()
