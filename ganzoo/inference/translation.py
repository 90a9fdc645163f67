"""A photograph through a network, at the size it works at; `image_pass` runs it.

Everything here is numpy and Pillow, so that an engine without torch imports none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.image_io import arrays, resizing
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.inference.conditions import Conditions, with_mask
from ganzoo.inference.image_pass import ImagePass, Network, Progress, Settings, run_pass
from ganzoo.inference.working_size import working_size

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array


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
        run_pass(ImagePass(rows, put, (self.height, self.width), buffers), self.network, self.settings, self.progress)

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
        run_pass(ImagePass(rows, put, size, buffers), self.network, self.settings, self.progress)
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
    """Return an alpha channel ``scale`` times as high and wide, bicubically: edges stay smooth next to sharp colors."""
    if scale == 1:
        return alpha
    top, (height, width) = np.iinfo(alpha.dtype).max, alpha.shape
    larger = resizing.resize_floats(arrays.centered(alpha)[None], height * scale, width * scale)[0]
    rounded: Array = np.rint((larger + 1) * (top / 2)).clip(0, top).astype(alpha.dtype)
    return rounded


def _of_bits(alpha: Array, bits: int) -> Array:
    """Return an alpha channel with 8 or 16 bits."""
    if alpha.itemsize * 8 == bits:
        return alpha
    if bits == 8:
        return np.round(alpha / 257).astype(np.uint8)
    return alpha.astype(np.uint16) * 257
