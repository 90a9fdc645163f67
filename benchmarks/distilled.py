"""Time students beside their teacher, with each engine: `python benchmarks/distilled.py TEACHER STUDENT...`.

    python benchmarks/distilled.py cyclegan/horse2zebra cyclegan/horse2zebra-live
    python benchmarks/distilled.py TEACHER dir:runs/live --threads 1 --clock cpu     # if others use the CPU too

Images of the teacher's size, batch 1, float32 (and OpenVINO's int8 with --int8), on arrays in memory. Each model and
engine has a process of its own, and they take turns. A ratio is the teacher's time with the same engine divided by the
row's, the median over rounds. Frames a second are those of the network alone, without reading and showing them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from training import timed

import ganzoo
from ganzoo.image_io import arrays, decoding
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.layers.multiply_adds import count_multiply_adds

ENGINES = ("torch", "onnxruntime", "openvino")
INT8 = "openvino int8"
IMAGES = 4  # in a turn


def main() -> None:
    arguments = parse_arguments()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    console = Console(width=None if sys.stdout.isatty() else 120)
    refs = [arguments.teacher, *arguments.students]
    side = ganzoo.load(arguments.teacher, "cpu", engine="torch").card.image_size
    console.print(sizes(refs, side))
    engines = [*(arguments.engine or ENGINES), *([INT8] if arguments.int8 else [])]
    workers = [Worker(ref, engine, side, arguments) for engine in engines for ref in refs]
    for _ in range(arguments.rounds):
        for worker in workers:
            worker.take_turn()
    for worker in workers:
        worker.pipe.send("")  # the end
    title = f"{side}x{side}, {arguments.threads} threads, {arguments.clock} time, {arguments.rounds} rounds"
    console.print(times(title, workers, len(refs)))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher")
    parser.add_argument("students", nargs="+")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of each process")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu: of all threads, over their number"
    )
    parser.add_argument("--engine", action="append", help="time this one; can be repeated")
    parser.add_argument("--int8", action="store_true", help="time OpenVINO's int8 too, calibrated on four photographs")
    return parser.parse_args()


class Worker:
    """A process that translates a photograph when it is its turn."""

    def __init__(self, ref: str, engine: str, side: int, arguments: argparse.Namespace) -> None:
        self.ref, self.engine, self.seconds = ref, engine, list[float]()
        self.threads = arguments.threads if arguments.clock == "cpu" else 1
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        details = (other, ref, engine, side, arguments.clock)
        context.Process(target=serve, args=details, daemon=True).start()
        other.close()  # so that a worker that fails ends the wait
        self.output = self.pipe.recv()

    def take_turn(self) -> None:
        self.pipe.send("go")
        self.seconds.append(self.pipe.recv() / self.threads)


def serve(pipe: Any, ref: str, name: str, side: int, clock: str) -> None:
    """Send the translated photograph, and then for each message the seconds of doing it again."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    engine, _, dtype = name.partition(" ")
    images = sorted(PHOTOGRAPHS.glob("*.jpg")) if dtype else []
    run = ganzoo.load(ref, "cpu", dtype or "float32", engine, calibration=images)._running.run
    image = photograph(side)
    pipe.send(run(image))
    run(image)
    while pipe.recv():
        pipe.send(timed(lambda: [run(image) for _ in range(IMAGES)], torch.device("cpu"), clock) / IMAGES)


def photograph(side: int) -> Any:
    """Return the middle of a photograph of horses, float32 (1, 3, side, side) in [-1, 1]."""
    values = arrays.to_floats(decoding.read(PHOTOGRAPHS / "horses.jpg"), 3)
    top, left = ((size - side) // 2 for size in values.shape[1:])
    return np.ascontiguousarray(values[None, :, top : top + side, left : left + side])


def sizes(refs: list[str], side: int) -> Table:
    """Return parameters, multiply-adds and the first score of each model."""
    made = Table(title=f"Multiply-adds for {side}x{side}", title_justify="left")
    for column in ("model", "parameters", "multiply-adds", "scores on the card"):
        made.add_column(column, justify="left" if column == "model" else "right")
    for ref in refs:
        model = ganzoo.load(ref, "cpu", engine="torch")
        count = count_multiply_adds(model.generator, torch.zeros(1, model.card.in_channels, side, side))
        scores = ", ".join(f"{score.metric} {score.value:.4g}" for score in model.card.scores)
        made.add_row(ref, f"{model.card.parameters:,}", f"{count / 1e9:.2f} G", scores)
    return made


def times(title: str, workers: list[Worker], models: int) -> Table:
    """Return times, frames a second, ratios, and the PSNR to what the model's first engine returns."""
    made = Table(title=title, title_justify="left")
    for column in ("engine", "model", "ms", "frames/s", "ratio", "PSNR, dB"):
        made.add_column(column, justify="left" if column in ("engine", "model") else "right")
    for place, worker in enumerate(workers):
        teacher = workers[place // models * models]
        ratio = statistics.median(a / b for a, b in zip(teacher.seconds, worker.seconds, strict=True))
        error = np.square(worker.output - workers[place % models].output).mean()
        psnr = f"{10 * np.log10(4 / error):.1f}" if error else ""
        own = statistics.median(worker.seconds)
        made.add_row(worker.engine, worker.ref, f"{own * 1e3:.1f}", f"{1 / own:.1f}", f"{ratio:.2f}x", psnr)
    return made


if __name__ == "__main__":
    main()
