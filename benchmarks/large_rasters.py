"""Peak memory of a large GeoTIFF to a COG, and of a large slide to a pyramidal OME-TIFF, through a small network.

    python benchmarks/large_rasters.py            20,000x20,000 GeoTIFF, 40,000x40,000 slide: minutes each
    python benchmarks/large_rasters.py --side 2000 --only geotiff

The inputs are made here and are sparse: one corner has values. Prints seconds, the peak memory of the process, and
whether the output holds what the network returns. Needs the extra geo.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

from ganzoo import Card, Channel, Model
from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.image_io import raster_files
from ganzoo.inference.image_pass import Settings

CORNER = 512
LIMIT = 2 << 30


def model() -> Model:
    """Return a model of one 8-bit channel that turns its values round."""
    import torch
    from torch import nn

    class Inverse(nn.Module):
        stride, in_channels, out_channels = 1, 1, 1

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(1, 1, 1)
            nn.init.constant_(self.layer.weight, -1.0)
            nn.init.zeros_(self.layer.bias)

        def forward(self, images):
            return self.layer(images)

    channel = Channel("1", range=(0, 255), dtype="uint8")
    card = Card(
        name="test/inverse",
        entry="generator:resnet",
        task="image-to-image",
        image_size=64,
        in_channels=1,
        out_channels=1,
        input_channels=(channel,),
        output_channels=(channel,),
    )
    return Model(Inverse(), card, torch.device("cpu"))


def make_geotiff(path: Path, side: int) -> None:
    import rasterio
    from rasterio.windows import Window

    profile = {"driver": "GTiff", "count": 1, "height": side, "width": side, "dtype": "uint8", "tiled": True}
    transform = rasterio.Affine(10, 0, 500_000, 0, -10, 4_600_000)
    with rasterio.open(
        path, "w", crs="EPSG:32631", transform=transform, sparse_ok=True, compress="deflate", **profile
    ) as file:
        file.write(corner(), 1, window=Window(0, 0, CORNER, CORNER))


def make_slide(path: Path, side: int) -> None:
    """Write a pyramid of four levels, whose first tile alone is stored."""
    tile = 512

    def tiles(across: int, first: np.ndarray) -> Iterator[np.ndarray | None]:
        yield first
        for _ in range(across * across - 1):
            yield None

    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for level in range(4):
            length = side >> level
            file.write(
                tiles(-(-length // tile), np.zeros((tile, tile), np.uint8) if level else corner()),
                shape=(length, length),
                dtype="uint8",
                tile=(tile, tile),
                compression="deflate",
                photometric="minisblack",
                metadata=None,
                **({"subfiletype": 1} if level else {"subifds": 3}),
            )


def corner() -> np.ndarray:
    return (np.arange(CORNER * CORNER).reshape(CORNER, CORNER) % 251).astype(np.uint8)


def measure(kind: str, side: int, folder: Path) -> bool:
    source, target = folder / f"{kind}.tif", folder / (f"{kind}.cog.tif" if kind == "geotiff" else f"{kind}.ome.tif")
    (make_geotiff if kind == "geotiff" else make_slide)(source, side)
    started = time.monotonic()
    translate_file(model(), str(source), str(target), Selection(), Settings(max_memory=256 << 20))
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    with raster_files.open_frames(target) as frames:
        right = np.array_equal(frames[0].window((0, CORNER), (0, CORNER))[0], 255 - corner())
        right &= bool((frames[0].window((side - 64, side), (side - 64, side)) == 255).all())
        levels = frames[0].levels
    print(
        f"{kind}: {side}x{side} in {seconds:.0f} s, peak {peak / 2**30:.2f} GB, {len(levels)} levels, "
        f"{target.stat().st_size / 2**20:.0f} MB, values {'right' if right else 'WRONG'}",
        flush=True,
    )
    return right and peak < LIMIT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=0, help="pixels; 0: 20,000 and 40,000")
    parser.add_argument("--only", choices=["geotiff", "slide"])
    parser.add_argument("--folder", help="where the files are made; a temporary folder by default")
    asked = parser.parse_args()
    sides = {"geotiff": asked.side or 20_000, "slide": asked.side or 40_000}
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        right = [measure(kind, side, Path(folder)) for kind, side in sides.items() if asked.only in (None, kind)]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
