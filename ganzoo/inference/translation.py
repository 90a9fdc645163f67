"""Picture -> picture through a network, at the size it works at: whole, in exact strips, or in blended tiles.

Everything here is numpy and Pillow: an engine that needs no torch brings none in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.contracts.engine import Runner, Signature
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io import images
from ganzoo.image_io.decoding import Picture
from ganzoo.inference.conditions import Conditions
from ganzoo.inference.working_size import working_size

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array
    from ganzoo.inference.tiling.strips import Strips

TILES = ("auto", "exact", "blend", "off")
SMALL = 1 << 20  # pixels that are translated whole without asking how much memory there is
Progress = Callable[[float], None]  # gets the share that is done


@dataclass(frozen=True)
class Network:
    """What translates, and what must be known of it.

    run       float32 (1, C, H, W) in [-1, 1] to the same, H and W multiples of ``signature.stride``; after the picture
              it takes what the task has beside it
    scale     how many times as high and wide the output is
    trained   the side of the pictures it was trained on, 0 where unknown
    global_skip   it learns a change of its input
    memory    bytes it needs for a whole picture of a height and width, 0 where that cannot be told
    strips    makes what runs it in exact strips; raises OptionError where it cannot
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
    max_memory   bytes beyond the loaded model; 0: half of what is free
    bits         8 or 16 bits a channel of the result; 0: as the picture has
    given        what the model's task takes beside the picture: label (a name or number), mask and style (pictures)
    """

    size: str | int = "auto"
    tiles: str = "auto"
    max_memory: int = 0
    bits: int = 0
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.tiles not in TILES:
            raise OptionError(f"tiles '{self.tiles}' is not right. Write one of {', '.join(TILES)}.")
        if self.max_memory < 0:
            raise OptionError(f"max_memory {self.max_memory} is not right: it should be above 0, in bytes.")
        if self.bits not in (0, 8, 16):
            raise OptionError(f"bits {self.bits} is not right. Write 8 or 16.")


def translate(
    picture: Picture,
    network: Network,
    settings: Settings,
    progress: Progress | None = None,
    conditioning: Conditions | None = None,
) -> Picture:
    """Return the translated picture, with the input's size (times the network's scale) and alpha.

    Of a picture with a mask, what is not missing stays as it is.
    Raises ImageError where the network makes NaN or memory runs out, OptionError for settings that do not fit.
    """
    height, width = picture.rgb.shape[:2]
    size = working_size(height, width, settings.size, network.trained)
    bits = settings.bits or (16 if picture.rgb.dtype == np.uint16 else 8)
    scale, conditioning = network.scale, conditioning or Conditions()
    rgb = np.empty((height * scale, width * scale, network.out_channels), np.uint8 if bits == 8 else np.uint16)
    if conditioning.mask is not None and conditioning.mask.shape != (height, width):
        raise ImageError(
            f"The mask is {conditioning.mask.shape[1]}x{conditioning.mask.shape[0]}, the picture {width}x{height}. "
            "Give a mask of the picture's size."
        )
    network = replace(network, run=conditioning.bound(network.run))
    run = _at_own_size if size == (height, width) else _at_another_size
    try:
        run(picture, size, network, settings, conditioning, rgb, progress)
    except (MemoryError, RuntimeError) as error:
        if "memory" not in f"{type(error).__name__} {error}".lower():
            raise
        raise ImageError(
            f"{width}x{height} pixels do not fit in memory at once. Give --max-memory 2GB (or less), or --size 512."
        ) from error
    gray = network.out_channels == 1
    if conditioning.mask is not None:
        _keep(picture, conditioning.mask, rgb)
    return replace(
        picture,
        rgb=rgb.repeat(3, axis=2) if gray else rgb,
        alpha=None if picture.alpha is None else _enlarged(_of_bits(picture.alpha, bits), scale),
        gray=gray,
    )


def _at_own_size(
    picture: Picture,
    size: tuple[int, int],
    network: Network,
    settings: Settings,
    conditioning: Conditions,
    rgb: Array,
    progress: Progress | None,
) -> None:
    """Convert rows when they are asked for, and back when they are made: no whole picture of floats."""
    bits = 8 * rgb.itemsize

    def rows(down: Array, across: Array) -> Array:
        floats = images.to_floats(picture.rgb[down][:, across], network.signature.channels)
        return floats if conditioning.mask is None else conditioning.hidden(floats, conditioning.mask[down][:, across])

    def put(first: int, made: Array) -> None:
        rgb[first : first + made.shape[1]] = images.from_floats(made, bits)

    _run(rows, size, put, network, settings, picture.rgb.nbytes + rgb.nbytes, progress)


def _at_another_size(
    picture: Picture,
    size: tuple[int, int],
    network: Network,
    settings: Settings,
    conditioning: Conditions,
    rgb: Array,
    progress: Progress | None,
) -> None:
    """Scale, translate, scale back.

    Of a generator that learns a change of its input only the change is scaled back, half of it because
    `images.resize_floats` keeps to [-1, 1]: the full picture keeps its detail.
    """
    whole = images.to_floats(picture, network.signature.channels)
    if conditioning.mask is not None:  # what is missing leaves no trace in the pixels around it
        whole = whole * (conditioning.mask == 0)
    small = images.resize_floats(whole, *size)
    shown = small if conditioning.mask is None else conditioning.hidden(small, _lessened(conditioning.mask, size))
    made = np.empty((network.out_channels, *(side * network.scale for side in size)), np.float32)

    def rows(down: Array, across: Array) -> Array:
        return shown[:, down][:, :, across]

    def put(first: int, part: Array) -> None:
        made[:, first : first + part.shape[1]] = part

    _run(rows, size, put, network, settings, picture.rgb.nbytes + rgb.nbytes + small.nbytes + made.nbytes, progress)
    keeps_detail = network.global_skip and network.out_channels == network.signature.channels and network.scale == 1
    for index in range(network.out_channels):  # one at a time, for memory
        channel = slice(index, index + 1)
        if keeps_detail:
            full = images.to_floats(picture, 1) if len(made) == 1 else images.to_floats(picture.rgb[..., channel], 1)
            change = images.resize_floats((made[channel] - small[channel]) / 2, *rgb.shape[:2])
            large = full + 2 * change
        else:
            large = images.resize_floats(made[channel], *rgb.shape[:2])
        rgb[..., channel] = images.from_floats(large, 8 * rgb.itemsize)


def _run(
    rows_of: Callable[[Array, Array], Array],
    size: tuple[int, int],
    put: Callable[[int, Array], None],
    network: Network,
    settings: Settings,
    held: int,
    progress: Progress | None,
) -> None:
    """Run the network over a picture that is reflected to what its stride wants, and cut the result back.

    ``held``: bytes of the pictures themselves, which count as memory too.
    """
    height, width = size
    signature = network.signature
    multiple = signature.stride if min(size) >= signature.smallest else signature.smallest
    high, wide = (-(-side // multiple) * multiple for side in size)
    down, across = images.mirrored(height, high), images.mirrored(width, wide)

    def rows(first: int, last: int) -> Array:
        return rows_of(down[first:last], across)[None]

    scale = network.scale

    def cut(first: int, made: Array) -> None:
        if first < height * scale:
            put(first, made[0, :, : height * scale - first, : width * scale])

    way, memory = _way(network, settings, high, wide, held)
    if way == "whole":
        cut(0, network.run(rows(0, high)))
    elif way == "exact":
        _in_strips(network.strips(), rows, high, wide, cut, memory, progress)
    else:
        from ganzoo.inference.tiling.blending import blend

        tile = _tile_side(network, memory)
        blend(network.run, rows, high, wide, cut, tile, tile // 4, signature.stride, progress)


def _way(network: Network, settings: Settings, height: int, width: int, held: int) -> tuple[str, int]:
    """Return "whole", "exact" or "blend", and the bytes that the work itself may take."""
    if settings.tiles == "off" or (settings.tiles == "auto" and height * width <= SMALL and not settings.max_memory):
        return "whole", 0
    memory = (settings.max_memory or _half_of_free()) - held
    if settings.tiles != "auto":
        return settings.tiles, memory
    return "whole" if network.memory(height, width) <= memory else "exact", memory


def _half_of_free() -> int:
    import psutil

    return int(psutil.virtual_memory().available) // 2


def _tile_side(network: Network, memory: int) -> int:
    """Return the largest side of a tile that fits: a multiple of the stride, at most 1024 or the training size."""
    stride = network.signature.stride
    least = 4 * network.signature.smallest
    side = max(1024, network.trained)
    while side > least and network.memory(side, side) > memory // 2:
        side //= 2
    return max(least, side // stride * stride)


def _in_strips(
    strips: Strips,
    rows: Callable[[int, int], Array],
    height: int,
    width: int,
    put: Callable[[int, Array], None],
    memory: int,
    progress: Progress | None,
) -> None:
    import torch

    strips.run(
        lambda first, last: torch.from_numpy(rows(first, last)),
        height,
        width,
        lambda first, made: put(first, made.numpy()),
        memory,
        progress,
    )


def _keep(picture: Picture, mask: Array, rgb: Array) -> None:
    """Put back into ``rgb`` (H, W, C) what is not missing, and where the mask is gray a share of it."""
    bits = 8 * rgb.itemsize
    same = picture.rgb.dtype == rgb.dtype and rgb.shape[2] == 3
    own = picture.rgb if same else images.from_floats(images.to_floats(picture, rgb.shape[2]), bits)
    share = mask[..., None]
    mixed = np.round(own + (rgb.astype(np.float32) - own) * share)
    rgb[...] = np.where(share > 0, mixed, own).astype(rgb.dtype)


def _lessened(mask: Array, size: tuple[int, int]) -> Array:
    """Return a mask at another size: a pixel is missing where any of those it stands for is."""
    floats = images.resize_floats(2 * (mask > 0).astype(np.float32)[None] - 1, *size)[0]
    missing: Array = (floats > -0.98).astype(np.float32)
    return missing


def _enlarged(alpha: Array, scale: int) -> Array:
    larger: Array = np.repeat(np.repeat(alpha, scale, 0), scale, 1)
    return larger


def _of_bits(alpha: Array, bits: int) -> Array:
    """Return an alpha channel with 8 or 16 bits."""
    if alpha.itemsize * 8 == bits:
        return alpha
    if bits == 8:
        return np.round(alpha / 257).astype(np.uint8)
    return alpha.astype(np.uint16) * 257
