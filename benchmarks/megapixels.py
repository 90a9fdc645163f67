"""Processor time a megapixel and memory besides the loaded model, of TIFF files of 4 channels of 16 bits.

    python benchmarks/megapixels.py                       1, 25, 100 and 400 megapixels; the last takes 6 GB of disk
    python benchmarks/megapixels.py --sides 1000,5000 --generator resnet

Each size runs in a process of its own, on one core. Files are tiled and deflated, and made here of random values. Of
files up to 1 megapixel, the output is compared with that of the same values in memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

import ganzoo
from ganzoo import Card, Channel, Model
from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.inference.image_pass import Settings

TILE, CHANNELS, TOP = 256, 4, 10_000
MAX_MEMORY = 1 << 30
OPTIONS: dict[str, dict[str, Any]] = {
    "pixelwise": {"in_channels": CHANNELS, "out_channels": CHANNELS, "width": 8},
    "resnet": {"in_channels": CHANNELS, "out_channels": CHANNELS, "width": 4, "blocks": 1},
}


def build(generator: str) -> Model:
    """Return a model with random weights that takes and returns four channels."""
    import torch

    torch.manual_seed(0)
    options = OPTIONS[generator]
    channels = tuple(Channel(str(number), range=(0, TOP), dtype="uint16") for number in range(1, CHANNELS + 1))
    card = Card(
        name="test/megapixels",
        entry=f"generator:{generator}",
        task="image-to-image",
        image_size=64,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        input_channels=channels,
        output_channels=channels,
        options=options,
    )
    return Model(ganzoo.build(f"generator:{generator}", **options).eval(), card, torch.device("cpu"))


def write(path: Path, side: int) -> None:
    """Write an image of random values, tile by tile."""
    random = np.random.default_rng(0)
    tiles = [random.integers(0, TOP, (TILE, TILE, CHANNELS)).astype(np.uint16) for _ in range(3)]

    def parts() -> Iterator[Any]:
        for number in range((-(-side // TILE)) ** 2):
            yield tiles[number % len(tiles)]

    words: dict[str, Any] = {"photometric": "minisblack", "planarconfig": "contig", "metadata": None, "bigtiff": True}
    shape = (side, side, CHANNELS)
    tifffile.imwrite(path, parts(), shape=shape, dtype=np.uint16, tile=(TILE, TILE), compression="zlib", **words)


def measure(side: int, generator: str, folder: Path) -> None:
    """Translate one image and print what it took."""
    source, target = folder / "in.tif", folder / "out.tif"
    write(source, side)
    model = build(generator)
    warm = np.random.default_rng(0).integers(0, TOP, (CHANNELS, TILE, TILE)).astype(np.uint16)
    model.translate(warm, axes="CYX")
    before, start = _peak(), time.process_time()
    translate_file(model, str(source), str(target), Selection(), Settings(max_memory=MAX_MEMORY))
    seconds, megapixels = time.process_time() - start, side * side / 1e6
    line = f"{generator} {megapixels:g} megapixels: {seconds / megapixels:.3f} s of processor time a megapixel, "
    line += f"{(_peak() - before) / 2**30:.2f} GiB besides the model"
    if megapixels <= 1:
        values = np.asarray(model.translate(tifffile.imread(source), axes="YXC"))
        difference = np.abs(values.astype(np.int64) - np.moveaxis(tifffile.imread(target), -1, 0)).max()
        line += f"; file and array differ by {difference} of {TOP:,}"
    print(line, flush=True)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", default="1000,5000,10000,20000", help="pixels, with commas between them")
    parser.add_argument("--generator", choices=list(OPTIONS), default="pixelwise")
    parser.add_argument("--folder", help="where the files are made; a temporary folder by default")
    given = parser.parse_args()
    sides = [int(side) for side in given.sides.split(",")]
    if len(sides) == 1:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            measure(sides[0], given.generator, Path(folder))
        return 0
    for side in sides:
        own = [sys.executable, __file__, "--sides", str(side), "--generator", given.generator]
        own += ["--folder", given.folder] if given.folder else []
        subprocess.run(own, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return 0


if __name__ == "__main__":
    sys.exit(main())
