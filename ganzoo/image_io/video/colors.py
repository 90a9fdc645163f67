"""How the frames of a video are shown: size, color matrix and range, rotation."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ganzoo.image_io.decoding import Array

# FFmpeg's numbers.
BT709, BT601 = 1, 6
LIMITED, FULL = 1, 2  # ranges
_MATRICES = (1, 4, 5, 6, 7, 9)  # which it converts with: BT.709, FCC, BT.601 three times, BT.2020
_IDENTITY = [1, 0, 0, 1]


@dataclass(frozen=True)
class Appearance:
    """How the first frame is shown, which holds for all frames.

    Attributes:
        width: As stored, before rotation.
        height: As stored, before rotation.
        matrix: FFmpeg's number of what converts between (Y, U, V) and RGB.
        range: FFmpeg's number, 1 or 2 (full).
        primaries: FFmpeg's number.
        transfer: FFmpeg's number.
        rotation: The signs of (a, b, c, d), which move a pixel from (x, y) to (ax + cy, bx + dy).
        pixel_aspect: Width by height of an upright pixel.
    """

    width: int
    height: int
    matrix: int
    range: int
    primaries: int
    transfer: int
    rotation: tuple[int, int, int, int]
    pixel_aspect: Fraction

    @classmethod
    def from_frame(cls, frame: Any, video: Any) -> Appearance:
        """Return the appearance that PyAV's frame and stream declare, or the default where they do not."""
        matrix, full = frame.colorspace, frame.color_range == FULL or frame.format.name.startswith("yuvj")
        if frame.format.is_rgb or matrix not in _MATRICES:
            matrix = default_matrix(frame.height, frame.width)
            full = full and not frame.format.is_rgb
        display = frame.side_data.get("DISPLAYMATRIX")
        rotation = np.sign(np.frombuffer(bytes(display), np.int32)[[0, 1, 3, 4]]).tolist() if display else _IDENTITY
        pixel_aspect = video.sample_aspect_ratio or Fraction(1)
        return cls(
            width=frame.width,
            height=frame.height,
            matrix=matrix,
            range=FULL if full else LIMITED,
            primaries=video.codec_context.color_primaries,
            transfer=video.codec_context.color_trc,
            rotation=tuple(rotation),
            pixel_aspect=pixel_aspect if rotation[0] else 1 / pixel_aspect,
        )

    @property
    def rgb_range(self) -> int:
        """The range to declare for RGB, which has only one: PyAV before 17 converts nothing where both are the same."""
        return FULL + LIMITED - self.range

    def upright(self, pixels: Array) -> Array:
        """Turn (H, W, C) upright, for cameras that were held on their side."""
        a, b, c, d = self.rotation
        if not a:
            pixels, a, d = pixels.swapaxes(0, 1), c, b
        return pixels[:: d or 1, :: a or 1]


def default_matrix(height: int, width: int) -> int:
    """Return what players assume where a file does not say: BT.709 for high definition, else BT.601."""
    return BT709 if height > 576 or width > 1024 else BT601


def color_conversion(matrix: int, source_range: int, target_range: int) -> dict[str, int]:
    """Return PyAV's arguments for converting from one range to another, by a matrix, to the nearest number.

    The flags are swscale's: bicubic, full chroma in and out, rounding; without them all gets darker by 1 of 255.
    """
    number = 5 if matrix == BT601 else matrix  # swscale has one number for both variants of BT.601
    flags = 0x4 | 0x2000 | 0x4000 | 0x40000
    ranges = {"src_color_range": source_range, "dst_color_range": target_range}
    return {"src_colorspace": number, "dst_colorspace": number, "interpolation": flags, **ranges}
