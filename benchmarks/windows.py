"""Time training windows of a large file against crops of the same image in memory: `python benchmarks/windows.py`.

Both go through the batches that training sees, with the workers that it has by default, and take turns, so that other
processes slow both equally. The ratio is the file's windows a second divided by the memory's, the median over rounds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data
from ganzoo.data.rasters.open_rasters import open_files, open_rasters
from ganzoo.data.rasters.options import RasterOptions
from ganzoo.training.batches import Batches, default_workers

TURN = 2.0  # seconds of one before the other's turn
FILL = 8.0  # seconds of the first turns, which are not counted: the regions of the file are decoded
NOTHING, EVERYTHING = 0, 1 << 40  # bytes of memory that pixels may take


def main() -> None:
    """Print a line for each way to read."""
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or Path(folder, "large.tif")
        if not path.exists():
            write(path, arguments.side, arguments.tile, arguments.compression)
        held, stored = (opened(path, arguments.window, memory) for memory in (EVERYTHING, NOTHING))
        for workers in dict.fromkeys([0, default_workers(stored.train)]):
            compare(held, stored, workers, arguments)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=20_000, help="pixels on a side of the image")
    parser.add_argument("--tile", type=int, default=256, help="side of its tiles")
    parser.add_argument("--compression", default="zlib", help="of the file: zlib, zstd, none")
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--file", type=Path, help="where the image is, or is written to be used again")
    return parser.parse_args()


def write(path: Path, side: int, tile: int, compression: str) -> None:
    """Write an image of one channel of 16 bits, smooth with noise, as sensors give them."""
    packed = None if compression == "none" else compression
    pieces = tiles(side, tile)
    tifffile.imwrite(path, pieces, shape=(side, side), dtype="uint16", compression=packed, tile=(tile, tile))


def tiles(side: int, tile: int) -> Iterator[np.ndarray]:
    count = -(-side // tile)
    for number in range(count * count):
        yield pixels(number // count * tile, number % count * tile, tile, tile)


def pixels(top: int, left: int, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[top : top + height, left : left + width]
    noise = np.random.default_rng(top * 100_003 + left).normal(0, 60, (height, width))
    return (8000 + 3000 * np.sin(y / 90) + 2500 * np.cos(x / 130) + noise).astype(np.uint16)


def opened(path: Path, window: int, memory: int) -> Data:
    options = RasterOptions(range=["0:16000"], memory=memory)
    return open_rasters(open_files([str(path)], "images", DataConfig(image_size=window), options, 0.0))


def compare(held: Data, stored: Data, workers: int, arguments: argparse.Namespace) -> None:
    speeds: dict[str, list[float]] = {"memory": [], "file": []}
    batches = {
        "memory": Batches(held.train, batch_size=arguments.batch),
        "file": Batches(stored.train, batch_size=arguments.batch, workers=workers),
    }
    steps = dict.fromkeys(speeds, 0)
    for number in range(arguments.rounds + 1):
        for name, source in batches.items():
            start = time.perf_counter()
            first = steps[name]
            while time.perf_counter() - start < (TURN if number else FILL):
                source.get(steps[name])
                steps[name] += 1
            speeds[name].append((steps[name] - first) * arguments.batch / (time.perf_counter() - start))
    for source in batches.values():
        source.close()
    ratio = statistics.median(b / a for a, b in zip(speeds["memory"][1:], speeds["file"][1:], strict=True))
    memory, file = (statistics.median(values[1:]) for values in speeds.values())
    print(f"{workers} workers: {memory:,.0f} windows/s in memory, {file:,.0f} from the file: {ratio:.2f}")


if __name__ == "__main__":
    main()
