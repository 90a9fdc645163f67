"""An image through a network, at the size it works at: whole, in exact strips, or in blended tiles.

Everything here is numpy and Pillow, so that an engine without torch imports none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.contracts.engine import Runner, Signature
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io import arrays, resizing
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.inference.conditions import Conditions, with_mask
from ganzoo.inference.working_size import working_size

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array
    from ganzoo.inference.tiling.strips import Strips

TILES = ("auto", "exact", "blend", "off")
SMALL = 1 << 20  # pixels that are translated whole without a look at the free memory
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


def translate(
    image: DecodedImage,
    network: Network,
    settings: Settings,
    progress: Progress | None = None,
    conditions: Conditions | None = None,
) -> DecodedImage:
    """Translate one image.

    Args:
        image: the input.
        network: what translates it.
        settings: size, tiles, memory and bits.
        progress: called with the share that is done, where the image is processed in pieces.
        conditions: the network's other inputs. Outside a mask the image stays as it is.

    Returns:
        An image of the input's size times the network's scale, with the input's alpha and metadata.

    Raises:
        ImageError: the network returns NaN, or memory runs out.
        OptionError: the settings do not fit the network.
    """
    return _Translation(image, network, settings, conditions or Conditions(), progress).result()


class _Translation:
    """One image on its way through one network."""

    def __init__(
        self,
        image: DecodedImage,
        network: Network,
        settings: Settings,
        conditions: Conditions,
        progress: Progress | None,
    ) -> None:
        self.image, self.settings, self.conditions, self.progress = image, settings, conditions, progress
        self.network = replace(network, run=conditions.bound(network.run))
        self.height, self.width = image.rgb.shape[:2]
        self.bits = settings.bits or (16 if image.rgb.dtype == np.uint16 else 8)
        shape = (self.height * network.scale, self.width * network.scale, network.out_channels)
        self.output = np.empty(shape, np.uint8 if self.bits == 8 else np.uint16)
        self._check_mask()

    def _check_mask(self) -> None:
        mask = self.conditions.mask
        if mask is not None and mask.shape != (self.height, self.width):
            raise ImageError(
                f"The mask is {mask.shape[1]}x{mask.shape[0]}, the image {self.width}x{self.height}. "
                "Give a mask of the image's size."
            )

    def result(self) -> DecodedImage:
        """Run the network at the size it works at, and put alpha and metadata back."""
        size = working_size(self.height, self.width, self.settings.size, self.network.trained)
        try:
            if size == (self.height, self.width):
                self._at_own_size()
            else:
                self._at_another_size(size)
        except (MemoryError, RuntimeError) as error:
            if "memory" not in f"{type(error).__name__} {error}".lower():
                raise
            raise ImageError(
                f"{self.width}x{self.height} pixels do not fit in memory at once. "
                "Give --max-memory 2GB (or less), or --size 512."
            ) from error
        if self.conditions.mask is not None:
            _restore_outside(self.image, self.conditions.mask, self.output)
        gray, alpha = self.network.out_channels == 1, self.image.alpha
        return replace(
            self.image,
            rgb=self.output.repeat(3, axis=2) if gray else self.output,
            alpha=None if alpha is None else _enlarged(_of_bits(alpha, self.bits), self.network.scale),
            gray=gray,
        )

    def _at_own_size(self) -> None:
        """Convert rows when they are needed, and back when they are done: no whole image of floats."""
        channels, mask = self.network.signature.channels, self.conditions.mask

        def rows(down: Array, across: Array) -> Array:
            floats = arrays.to_floats(self.image.rgb[down][:, across], channels)
            return floats if mask is None else with_mask(floats, mask[down][:, across])

        def put(first: int, output: Array) -> None:
            self.output[first : first + output.shape[1]] = arrays.from_floats(output, self.bits)

        buffers = self.image.rgb.nbytes + self.output.nbytes
        _run(_Pass(rows, put, (self.height, self.width), buffers), self.network, self.settings, self.progress)

    def _at_another_size(self, size: tuple[int, int]) -> None:
        """Resize, translate, resize back."""
        small = self._resized_input(size)
        shape = (self.network.out_channels, *(side * self.network.scale for side in size))
        output = np.empty(shape, np.float32)
        mask = self.conditions.mask
        shown = small if mask is None else with_mask(small, _resized_mask(mask, size))

        def rows(down: Array, across: Array) -> Array:
            return shown[:, down][:, :, across]

        def put(first: int, strip: Array) -> None:
            output[:, first : first + strip.shape[1]] = strip

        buffers = self.image.rgb.nbytes + self.output.nbytes + small.nbytes + output.nbytes
        _run(_Pass(rows, put, size, buffers), self.network, self.settings, self.progress)
        for index in range(len(output)):  # one channel at a time, for memory
            large = self._resized_output(output, small, index)
            self.output[..., slice(index, index + 1)] = arrays.from_floats(large, self.bits)

    def _resized_input(self, size: tuple[int, int]) -> Array:
        whole = arrays.to_floats(self.image, self.network.signature.channels)
        if self.conditions.mask is not None:  # what is missing leaves no trace in the pixels around it
            whole = whole * (self.conditions.mask == 0)
        return resizing.resize_floats(whole, *size)

    def _resized_output(self, output: Array, small: Array, index: int) -> Array:
        """Return one channel (1, H, W) of the output at the image's size.

        Of a generator that learns a change of its input only the change is resized, half of it because
        `resizing.resize_floats` keeps to [-1, 1]: the full image keeps its detail.
        """
        network, channel, size = self.network, slice(index, index + 1), self.output.shape[:2]
        same_channels = network.out_channels == network.signature.channels
        if not (network.global_skip and same_channels and network.scale == 1):
            return resizing.resize_floats(output[channel], *size)
        full = arrays.to_floats(self.image if len(output) == 1 else self.image.rgb[..., channel], 1)
        change: Array = resizing.resize_floats((output[channel] - small[channel]) / 2, *size)
        resized: Array = full + 2 * change
        return resized


@dataclass(frozen=True)
class _Pass:
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


def _run(image: _Pass, network: Network, settings: Settings, progress: Progress | None) -> None:
    """Run the network over an image that is reflected to a multiple of its stride, and crop the result."""
    height, width = image.size
    signature, scale = network.signature, network.scale
    multiple = signature.stride if min(image.size) >= signature.smallest else signature.smallest
    high, wide = (-(-side // multiple) * multiple for side in image.size)
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

        tile = _tile_side(network, memory)
        blend(network.run, rows, high, wide, crop, tile, tile // 4, signature.stride, progress)


def _mode(network: Network, settings: Settings, height: int, width: int, buffers: int) -> tuple[str, int]:
    """Return "whole", "exact" or "blend", and the bytes that the work itself may take."""
    if settings.tiles == "off" or (settings.tiles == "auto" and height * width <= SMALL and not settings.max_memory):
        return "whole", 0
    memory = (settings.max_memory or _half_of_free()) - buffers
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


def _restore_outside(image: DecodedImage, mask: Array, rgb: Array) -> None:
    """Put back into ``rgb`` (H, W, C) what is not missing, and where the mask is gray a share of it."""
    bits = 8 * rgb.itemsize
    same = image.rgb.dtype == rgb.dtype and rgb.shape[2] == 3
    own = image.rgb if same else arrays.from_floats(arrays.to_floats(image, rgb.shape[2]), bits)
    share = mask[..., None]
    mixed = np.round(own + (rgb.astype(np.float32) - own) * share)
    rgb[...] = np.where(share > 0, mixed, own).astype(rgb.dtype)


def _resized_mask(mask: Array, size: tuple[int, int]) -> Array:
    """Return a mask at another size: a pixel is missing where any of those it stands for is."""
    floats = resizing.resize_floats(2 * (mask > 0).astype(np.float32)[None] - 1, *size)[0]
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
