"""An image through a network: whole, in exact strips, or in blended tiles, as memory and the user allow.

Everything here is numpy, so that an engine without torch imports none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ganzoo.contracts.engine import Runner, Signature
from ganzoo.errors import OptionError
from ganzoo.image_io import resizing

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array
    from ganzoo.inference.tiling.strips import Strips

TILES = ("auto", "exact", "blend", "off")
SMALL = 1 << 20  # pixels that are translated whole without a look at the free memory
UNKNOWN = 2 << 20  # pixels up to which a network of unknown memory gets a whole image, where it takes any size
Progress = Callable[[float], None]  # called with the share that is done


@dataclass(frozen=True)
class Network:
    """What translates, and what must be known of it.

    run       float32 (1, C, H, W) in [-1, 1] to the same, H and W multiples of ``signature.stride``; after the image
              it takes the task's other inputs
    trained   the side of the images it was trained on, 0 where unknown
    global_skip   it learns a change of its input
    memory    (height, width) -> bytes for a whole image, 0 where unknown
    strips    builds what runs it in exact strips; raises OptionError where it cannot
    scale     how many times as high and wide as its input its output is
    """

    run: Runner
    signature: Signature
    out_channels: int
    trained: int
    global_skip: bool
    memory: Callable[[int, int], int]
    strips: Callable[[], Strips]
    scale: int = 1


@dataclass(frozen=True)
class Settings:
    """How to translate.

    size         "auto", "native", or the shorter side in pixels: see `working_size`
    tiles        "auto": in exact strips where the whole does not fit in memory; "exact": always; "blend": in
                 overlapping tiles, which is approximate; "off": whole, whatever it takes
    max_memory   bytes beyond the loaded model; 0: half of the free memory
    bits         bits per channel of the result, 8 or 16; 0: as the input
    inputs       the task's other inputs by name: label (a name or number), mask and style (images)
    """

    size: str | int = "auto"
    tiles: str = "auto"
    max_memory: int = 0
    bits: int = 0
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.tiles not in TILES:
            raise OptionError(f"tiles '{self.tiles}' is not right. Write one of {', '.join(TILES)}.")
        if self.max_memory < 0:
            raise OptionError(f"max_memory {self.max_memory} is not right: it should be above 0, in bytes.")
        if self.bits not in (0, 8, 16):
            raise OptionError(f"bits {self.bits} is not right. Write 8 or 16.")


@dataclass(frozen=True)
class ImagePass:
    """The rows of one image into a network, and out of it.

    rows      row and column numbers -> (C, h, w) float32
    put       takes the number of a first row, and output (C, h, w)
    size      (height, width)
    buffers   bytes that the image itself takes, which count as memory too
    """

    rows: Callable[[Array, Array], Array]
    put: Callable[[int, Array], None]
    size: tuple[int, int]
    buffers: int


def run_pass(image: ImagePass, network: Network, settings: Settings, progress: Progress | None) -> None:
    """Run the network over an image that is reflected to a multiple of its stride, and crop the result."""
    height, width = image.size
    signature, scale = network.signature, network.scale
    high, wide = (signature.padded(side) for side in image.size)
    down, across = resizing.reflected_indices(height, high), resizing.reflected_indices(width, wide)

    def rows(first: int, last: int) -> Array:
        return image.rows(down[first:last], across)[None]

    def crop(first: int, output: Array) -> None:
        if first < height * scale:
            image.put(first, output[0, :, : height * scale - first, : width * scale])

    mode, memory = _mode(network, settings, high, wide, image.buffers)
    if mode == "whole":
        crop(0, network.run(rows(0, high)))
    elif mode == "exact":
        _in_strips(network.strips(), rows, (high, wide), crop, memory, progress)
    else:
        from ganzoo.inference.tiling.blending import blend

        tile = tile_side(network, memory)
        blend(network.run, rows, high, wide, crop, tile, tile // 4, signature.stride, progress)


def _mode(network: Network, settings: Settings, height: int, width: int, buffers: int) -> tuple[str, int]:
    """Return "whole", "exact" or "blend", and the bytes that the work itself may take."""
    if settings.tiles == "off" or (settings.tiles == "auto" and height * width <= SMALL and not settings.max_memory):
        return "whole", 0
    memory = (settings.max_memory or _half_of_free()) - buffers
    if settings.tiles != "auto":
        return settings.tiles, memory
    needed = network.memory(height, width)
    if needed > memory or (not needed and not network.trained and height * width > UNKNOWN):
        _check_strips(network, height, width, needed)
    return "whole" if needed <= memory else "exact", memory


def _check_strips(network: Network, height: int, width: int, needed: int) -> None:
    """Raise OptionError for an image that may not fit in memory, where strips are not possible."""
    try:
        network.strips()
    except OptionError as error:
        size = f"about {needed / 1e9:.3g} GB at once" if needed else "memory that nobody knows"
        raise OptionError(
            f"{width}x{height} pixels take {size}. {error} `--tiles off` tries the whole image."
        ) from error


def _half_of_free() -> int:
    import psutil

    return int(psutil.virtual_memory().available) // 2


def tile_side(network: Network, memory: int) -> int:
    """Return the largest side of a tile that fits: a multiple of the stride, at most 1024 or the training size."""
    stride = network.signature.stride
    least = 4 * network.signature.smallest
    side = max(1024, network.trained)
    while side > least and network.memory(*[network.signature.padded(side)] * 2) > memory // 2:
        side //= 2
    return max(least, side // stride * stride)


def _in_strips(
    strips: Strips,
    rows: Callable[[int, int], Array],
    size: tuple[int, int],
    put: Callable[[int, Array], None],
    memory: int,
    progress: Progress | None,
) -> None:
    import torch

    strips.run(
        lambda first, last: torch.from_numpy(rows(first, last)),
        *size,
        lambda first, output: put(first, output.numpy()),
        memory,
        progress,
    )
