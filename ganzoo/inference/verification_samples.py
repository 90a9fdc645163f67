"""Inputs on which a converted generator is compared with the original: photographs, or latents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.image_io import arrays, decoding, resizing

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array, Signature

FOLDER = Path(__file__).parent / "photographs"


def samples(signature: Signature) -> list[Array]:
    """Return float32 inputs of several sizes: photographs (N, C, H, W) in [-1, 1], or latents (N, latent_dim).

    The sides of one photograph are odd multiples of the stride: a conversion that only holds for multiples of some
    inner step computes something else there.
    """
    if not signature.channels:
        random = np.random.default_rng(0)
        return [random.standard_normal((n, signature.latent_dim), np.float32) for n in (1, 3, 8)]
    images = [_of_channels(decoding.read(path), signature.channels) for path in sorted(FOLDER.glob("*.jpg"))]
    least, stride = signature.smallest, signature.stride
    sizes = ((256, 256), (192, 320), (stride * (128 // stride | 1), stride * (64 // stride | 1)), (64, 192))
    samples = [
        resizing.resize_floats(one, *(max(least, round(side / stride) * stride) for side in size))[None]
        for one, size in zip(images, sizes, strict=True)
    ]
    return [*samples[:-1], np.concatenate([samples[-1], samples[-1][..., ::-1]])]


def _of_channels(image: decoding.DecodedImage, channels: int) -> Array:
    """Return a photograph with any number of channels: its colors in turn, each further one shifted, so all differ."""
    if channels in (1, 3):
        return arrays.to_floats(image, channels)
    colors = arrays.to_floats(image, 3)
    return np.stack([np.roll(colors[index % 3], 16 * (index // 3), axis=-1) for index in range(channels)])
