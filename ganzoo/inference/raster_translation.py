"""A raster through a network, in its own units: read in windows, written in windows, never whole in memory.

Networks see float32; files keep their number types. Rasters are translated at their own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io import arrays
from ganzoo.inference import raster_channels
from ganzoo.inference.conditions import Conditions
from ganzoo.inference.image_pass import ImagePass, Network, Progress, Settings, run_pass
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import ArraySource, Raster
from ganzoo.rasters.values import stack_to_network

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array

ROWS = 1 << 22  # values that are written at once


@dataclass
class TranslationReport:
    """What happened to the values of one image.

    Attributes:
        cut: Output channel to the share of its valid values that was cut at its range or its number type.
        invalid: Share of pixels that are not valid in the input.
        constant: Input channels that have one value everywhere, by name.
        passes: Whether what is not valid has the input's values in the output; else it is missing there.
    """

    cut: dict[str, float] = field(default_factory=dict)
    invalid: float = 0.0
    constant: dict[str, float] = field(default_factory=dict)
    passes: bool = True

    def sentences(self) -> list[str]:
        """Return what the user should know, a sentence each."""
        texts = [
            f"{share:.2%} of '{name}' lay beyond its range and was cut." for name, share in self.cut.items() if share
        ]
        texts += [f"'{name}' is {value:g} everywhere in the input." for name, value in self.constant.items()]
        what = "pass unchanged" if self.passes else "are missing in the output"
        return texts + ([f"{self.invalid:.2%} of the pixels are not valid and {what}."] if self.invalid else [])


@dataclass(frozen=True)
class RasterNetwork:
    """A network, and what its channels mean.

    Attributes:
        network: See `Network`.
        inputs: What the model takes.
        outputs: What it returns.
        name: Of the model.
        conditions: The task's other inputs: a label or a style.
    """

    network: Network
    inputs: Sequence[Channel]
    outputs: Sequence[Channel]
    name: str
    conditions: Conditions = field(default_factory=Conditions)

    def prepared(
        self, raster: Raster, volume: Sequence[Raster] = (), by_position: bool = False, like: Raster | None = None
    ) -> Raster:
        """Return the raster's channels as the model takes them.

        Args:
            raster: One image.
            volume: All images of its file, on which ranges with the scope "volume" are measured.
            by_position: Its channels are in the model's order, whatever they are called.
            like: Another image of the volume that is prepared already, whose ranges need not be measured again.

        Raises:
            ImageError: They do not fit.
        """
        known = like.channels if like is not None else ()
        return raster_channels.fitting(raster, self.inputs, self.name, volume, by_position, known)

    def assumptions(self, prepared: Raster) -> list[str]:
        """Return what had to be assumed because the card does not say it, a sentence each."""
        unknown = [one for one in (*self.inputs, *self.outputs) if one.range is None and one.scope == "set"]
        if not unknown or str(prepared.dtype) == "uint8":
            return []
        low, high = unknown[0].with_full_range(prepared.dtype).range or (0, 0)
        return [f"{self.name} says no range of its channels: {low:g}:{high:g} of {prepared.dtype} stands for -1:1."]

    def spec(self, raster: Raster, frames: int = 1, axis: str = "", lengths: Sequence[int] = ()) -> OutputSpec:
        """Return what the output of a prepared raster is; see `OutputSpec` for what its images lie along."""
        channels = raster_channels.of_output(self.outputs, raster)
        kinds = {str(channel.dtype) for channel in channels}
        dtype = kinds.pop() if len(kinds) == 1 else str(np.result_type(*kinds))
        scale = self.network.scale
        shape = (len(channels), raster.shape[1] * scale, raster.shape[2] * scale)
        return OutputSpec(shape, dtype, channels, frames, axis, raster, scale * raster.zoom, lengths)


def translate_raster(
    raster: Raster,
    network: RasterNetwork,
    settings: Settings,
    file: OpenFile,
    spec: OutputSpec,
    progress: Progress | None = None,
    frame: int = 0,
) -> TranslationReport:
    """Translate one prepared raster into an open file.

    Where an input pixel is not valid, the output has the input's values bit for bit if both have the same channels
    and type, else the format's mark for a missing value.

    Args:
        raster: From `RasterNetwork.prepared`.
        network: What translates.
        settings: Tiles and memory; the size must be "auto" or "native".
        file: Takes the output.
        spec: Of the output.
        progress: Called with the share that is done.
        frame: Of the output.

    Raises:
        ImageError: No pixel is valid, the network returns NaN, or memory runs out.
        OptionError: The settings do not fit.
    """
    if settings.size not in ("auto", "native"):
        raise OptionError("Images whose values have units are not resized. Omit --size, or write --size native.")
    if network.conditions.mask is not None:
        raise OptionError("Inpainting takes photographs with a mask, not rasters.")
    return _RasterTranslation(raster, network, settings, file, spec, progress, frame).run()


class _RasterTranslation:
    """One raster on its way through one network."""

    def __init__(
        self,
        raster: Raster,
        network: RasterNetwork,
        settings: Settings,
        file: OpenFile,
        spec: OutputSpec,
        progress: Progress | None,
        frame: int,
    ) -> None:
        self.raster, self.settings, self.file, self.spec = raster, settings, file, spec
        self.progress, self.frame = progress, frame
        self.network = replace(network.network, run=network.conditions.bound(network.network.run))
        self.height, self.width = raster.shape[1:]
        self.low = np.full(len(raster.channels), np.inf)
        self.high = np.full(len(raster.channels), -np.inf)
        self.cut = np.zeros(len(spec.channels))
        self.valid = 0
        same = len(raster.channels) == len(spec.channels) and str(raster.dtype) == spec.dtype
        self.passes = same and network.network.scale == 1

    def run(self) -> TranslationReport:
        """Run the network, and report."""
        pixels = self.height * self.width
        buffers = 4 * pixels * (len(self.raster.channels) + len(self.spec.channels) * self.network.scale**2)
        whole = self.network.memory(self.height, self.width)
        network = replace(self.network, memory=lambda height, width: whole and whole + buffers)
        try:
            run_pass(
                ImagePass(self._rows, self._put, (self.height, self.width), 0), network, self.settings, self.progress
            )
        except (MemoryError, RuntimeError) as error:
            if "memory" not in f"{type(error).__name__} {error}".lower():
                raise
            raise ImageError(
                f"{self.raster.name}: {self.width}x{self.height} pixels do not fit in memory at once. "
                "Give --max-memory 2GB (or less)."
            ) from error
        if not self.valid:
            raise ImageError(f"{self.raster.name} has no valid pixel: all are missing values.")
        return self._report(pixels)

    def _report(self, pixels: int) -> TranslationReport:
        names = [channel.name or str(number) for number, channel in enumerate(self.spec.channels, 1)]
        inputs = [channel.name or str(number) for number, channel in enumerate(self.raster.channels, 1)]
        area = self.network.scale**2
        return TranslationReport(
            {name: float(count / (self.valid * area)) for name, count in zip(names, self.cut, strict=True)},
            1 - self.valid / pixels,
            {name: float(low) for name, low, high in zip(inputs, self.low, self.high, strict=True) if low == high},
            self.passes,
        )

    def _rows(self, down: Array, across: Array) -> Array:
        """Return rows as the network sees them; ``down`` and ``across`` are reflected at the ends."""
        first, last = int(down.min()), int(down.max()) + 1
        values, seen, valid = self._window(first, last)
        if valid.any():
            for index, layer in enumerate(values):
                good = layer[valid]
                self.low[index] = min(self.low[index], good.min())
                self.high[index] = max(self.high[index], good.max())
        return seen[:, down - first][:, :, across]

    def _window(self, first: int, last: int) -> tuple[Array, Array, Array]:
        """Return rows in the file's type, as the network sees them, and bool (h, W)."""
        values = self.raster.window((first, last))
        mask = self.raster.mask_window((first, last))
        seen, valid = stack_to_network(values, self.raster.channels, mask)
        return values, seen, valid

    def _put(self, first: int, output: Array) -> None:
        """Write rows of the network's output, some at a time."""
        scale, step = self.network.scale, max(1, ROWS // (output.shape[0] * output.shape[2]))
        step = -(-step // scale) * scale
        for top in range(0, output.shape[1], step):
            self._write(first + top, output[:, top : top + step])

    def _write(self, first: int, output: Array) -> None:
        if not np.isfinite(output).all():
            raise arrays.not_finite(has_nan=bool(np.isnan(output).any()))
        scale = self.network.scale
        last = first + output.shape[1]
        values, valid = self._valid(first // scale, -(-last // scale))
        start = first - first // scale * scale
        large = valid.repeat(scale, 0).repeat(scale, 1)[start : start + output.shape[1]] if scale > 1 else valid
        self.valid += int(valid.sum())
        layers = np.empty(output.shape, self.spec.dtype)
        for index, channel in enumerate(self.spec.channels):
            layers[index], share = channel.from_network(output[index], channel.dtype)
            if share:
                beyond = channel.from_network(output[index][large], channel.dtype)[1]
                self.cut[index] += beyond * int(large.sum())
        if large.all():
            self.file.write_window(first, 0, layers, None, self.frame)
        elif self.passes:
            self._pass(first, np.where(large, layers, values))
        else:
            self.file.write_window(first, 0, np.where(large, layers, layers.dtype.type(0)), large, self.frame)

    def _pass(self, first: int, layers: Array) -> None:
        """Write rows with the input's values where they are not valid, and what the input itself says is missing."""
        rows = (first, first + layers.shape[1])
        mask = self.raster.mask_window(rows) if self.raster.masked_by_file else None
        if mask is None:  # a transform has no value for some, say
            self.file.write_window(first, 0, layers, None, self.frame)
        else:
            self.file.write_passing(first, 0, layers, np.logical_and.reduce(mask, axis=0), self.frame)

    def _valid(self, first: int, last: int) -> tuple[Array, Array]:
        """Return rows of the input, and where they are valid; the values only where some are not."""
        if self._all_valid():
            return np.empty(0), np.ones((last - first, self.width), bool)
        values, _, valid = self._window(first, last)
        return values, valid

    def _all_valid(self) -> bool:
        """Tell, without reading, that every value is valid: integers without a missing value."""
        plain = all(channel.transform not in ("log", "db") for channel in self.raster.channels)
        return plain and self.raster.dtype.kind != "f" and not self.raster.may_have_mask


class MemoryFile(OpenFile):
    """An output that is kept in memory, as a raster."""

    def __init__(self, spec: OutputSpec) -> None:
        """Take the memory for it. Raises ImageError where there is not enough."""
        self.spec = spec
        try:
            self.values = np.zeros((spec.frames, *spec.shape), spec.dtype)
        except (MemoryError, ValueError) as error:
            size = "x".join(map(str, spec.shape))
            raise ImageError(
                f"The output, {size} of {spec.dtype}, does not fit in memory. Translate into a file: ganzoo translate."
            ) from error
        self.valid: Array | None = None

    def write_window(self, top: int, left: int, values: Array, valid: Array | None = None, frame: int = 0) -> None:
        """Keep a part; missing floats are NaN."""
        place = (slice(None), slice(top, top + values.shape[1]), slice(left, left + values.shape[2]))
        if valid is not None:
            if self.values.dtype.kind == "f":
                values = np.where(valid, values, np.nan)
            if self.valid is None:
                self.valid = np.ones(self.values.shape, bool)
            self.valid[frame][place] = valid
        self.values[frame][place] = values

    def write_passing(self, top: int, left: int, values: Array, valid: Array, frame: int = 0) -> None:
        """Keep a part as it is, and where it is valid."""
        if self.valid is None:
            self.valid = np.ones(self.values.shape, bool)
        place = (slice(None), slice(top, top + values.shape[1]), slice(left, left + values.shape[2]))
        self.values[frame][place], self.valid[frame][place] = values, valid

    def close(self) -> None:
        """There is nothing to complete."""

    def discard(self) -> None:
        """There is nothing to drop."""

    def raster(self, frame: int = 0) -> Raster:
        """Return an image, with the metadata of the raster that it was made from."""
        template = self.spec.template
        mask = None if self.valid is None else self.valid[frame]
        source = ArraySource(self.values[frame], mask)
        channels = tuple(self.spec.channels)
        if template is None:
            return Raster(source, channels)
        return Raster(source, channels, template.name, template.format, template.metadata, template.group)
