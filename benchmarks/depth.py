"""Time training on 16-bit images against 8-bit ones of the same size: `python benchmarks/depth.py`.

Both are read from files as `ganzoo train` reads them, held in memory, and trained on by the same recipe in turns. The
ratio is the 16-bit images' steps a second divided by the 8-bit ones', the median over rounds, in processor time.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch
from PIL import Image

from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.catalog.building import ChosenParts
from ganzoo.contracts.recipe import StepState
from ganzoo.data.config import DataConfig
from ganzoo.data.open_data import open_data
from ganzoo.data.rasters.open_rasters import open_files, open_rasters
from ganzoo.data.rasters.options import RasterOptions
from ganzoo.training.batches import Batches
from ganzoo.training.data_order import draws


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--width", type=int, default=16, help="of both networks: small ones show the data's share")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=4, help="of one before the other's turn")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), arguments.size)
        runs = {depth: steps(Path(folder, str(depth)), depth, arguments) for depth in (8, 16)}
        speeds: dict[int, list[float]] = {8: [], 16: []}
        for _ in range(arguments.rounds + 1):
            for depth, run in runs.items():
                start = time.process_time()
                for _ in range(arguments.steps):
                    next(run)
                speeds[depth].append(arguments.steps * arguments.batch / (time.process_time() - start))
    ratio = statistics.median(b / a for a, b in zip(speeds[8][1:], speeds[16][1:], strict=True))
    eight, sixteen = (statistics.median(values[1:]) for values in speeds.values())
    print(f"{eight:,.0f} images/s of 8 bits, {sixteen:,.0f} of 16 bits: {ratio:.2f}")


def write(folder: Path, size: int) -> None:
    random = np.random.default_rng(0)
    for depth in (8, 16):
        Path(folder, str(depth)).mkdir()
    for number in range(48):
        values = random.integers(0, 65536, (size, size, 3)).astype(np.uint16)
        Image.fromarray((values >> 8).astype(np.uint8)).save(folder / "8" / f"{number}.png")
        tifffile.imwrite(folder / "16" / f"{number}.tif", values, photometric="rgb")


def steps(folder: Path, depth: int, arguments: argparse.Namespace) -> Iterator[Any]:
    """Do one step of DCGAN's recipe per iteration, loading included."""
    size, entry = arguments.size, catalog.find("recipe:dcgan")
    config = options.parse(entry, {"image_size": size, "channels": 3})
    if depth == 8:
        data = open_data(folder, "images", config)
    else:
        request = open_files([str(folder)], "images", DataConfig(image_size=size), RasterOptions(), 0.0)
        data = open_rasters(request)
    torch.manual_seed(0)
    width = {"width": arguments.width}
    recipe = entry.build(config, ChosenParts(entry, {}, {"generator": width, "discriminator": width}))
    batches = Batches(data.train, batch_size=arguments.batch)
    for step in itertools.count():
        for batch in batches.get(step):
            recipe.step_state = StepState(step, random=draws(0, step))
            yield recipe.step(batch)


if __name__ == "__main__":
    main()
