"""One file of any channels through a model: frame by frame, window by window, in the model's units."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.image_io import raster_files
from ganzoo.image_io.several_files import named_parts, open_source
from ganzoo.inference.image_pass import Progress, Settings
from ganzoo.inference.raster_translation import TranslationReport, translate_raster
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.panels import input_panels
from ganzoo.rasters.stacked import neighbor_offsets, with_neighbors

if TYPE_CHECKING:
    from ganzoo.contracts.reader import Frames
    from ganzoo.loading.model import Model
    from ganzoo.rasters.raster import Raster


@dataclass(frozen=True)
class Selection:
    """What of a file is translated.

    Attributes:
        bands: Channels by name or number from 1, as "B4,B3,B2"; "" for the model's.
        frames: Images by number from 1, as "1-3,7"; "" for all.
        axes: What the file's dimensions are, where it does not say so.
        level: Of a pyramid; 0 is the full resolution.
        panels: Images side by side in one, as in training: "1:2-6", of which those before the colon are translated.
        read: What readers do only when asked; see `ganzoo.image_io.raster_files.open_with`.
    """

    bands: str = ""
    frames: str = ""
    axes: str = ""
    level: int = 0
    panels: str = ""
    read: str = ""

    def __bool__(self) -> bool:
        return bool(self.bands or self.frames or self.axes or self.level or self.panels or self.read)


def translate_file(
    model: Model,
    source: str,
    target: str,
    selection: Selection,
    settings: Settings,
    max_pixels: int = 0,
    progress: Progress | None = None,
) -> list[str]:
    """Translate a file into another of the kind that its name says.

    Args:
        model: What translates.
        source: Path of the input, or of its channels: "GM=a_gm.tif,WM=a_wm.tif".
        target: Path of the output, another file.
        selection: What of it.
        settings: How; the size must be "auto" or "native".
        max_pixels: The most that is decoded at once; 0: the default.
        progress: Called with the share that is done.

    Returns:
        What the user should know, a sentence each.

    Raises:
        GanzooError: With one sentence; there is no output then.
    """
    inputs = named_parts(source).values() or [source]
    if os.path.exists(target) and any(os.path.exists(one) and os.path.samefile(one, target) for one in inputs):
        raise OutputError(f"{target} would replace its own input. Write to another folder or name.")
    with open_source(source, axes=selection.axes, max_pixels=max_pixels, read=selection.read) as frames:
        numbers = chosen_frames(selection.frames, len(frames), source)
        network = model.raster_network(settings.inputs)
        rasters = [_selected(frames, number, selection, network.inputs) for number in numbers]
        in_order = bool(selection.bands) and not neighbor_offsets(network.inputs)
        prepared = network.prepared(rasters[0], rasters, by_position=in_order)
        spec = network.spec(prepared, len(numbers), *dimensions(frames, numbers))
        writer = raster_files.find_writer(target, prepared)
        writer.check(spec)
        reports = []
        with writer.open(target, spec) as file:
            for place, raster in enumerate(rasters):
                if raster.shape[1:] != prepared.shape[1:]:
                    raise ImageError(f"{raster.name} has another size than the first one. Choose with --frames.")
                ready = network.prepared(raster, rasters, by_position=in_order, like=prepared)
                shown = _shared(progress, place, len(rasters))
                reports.append(translate_raster(ready, network, settings, file, spec, shown, place))
    notes = [*_units_assumed(rasters[0], network.inputs), *network.assumptions(prepared)]
    return [*notes, *merged(reports).sentences()]


def _units_assumed(raster: Raster, wanted: Sequence[Channel]) -> list[str]:
    """Return a sentence where a file says no unit at all, and the model's channels have some."""
    units = list(dict.fromkeys(channel.unit for channel in wanted if channel.unit))
    if not units or any(channel.unit for channel in raster.channels):
        return []
    return [f"The file says no unit: its values are taken as {' and '.join(units)}, as the model's."]


def _selected(frames: Frames, number: int, selection: Selection, wanted: Sequence[Channel]) -> Raster:
    """Return one image with the bands that are chosen, and with its neighbors where the model takes those."""
    own, offsets = _with_bands(frames, number, selection), neighbor_offsets(wanted)
    count = len(own.channels)
    if not offsets or count * len(offsets) != len(wanted):
        return own
    bases = wanted[offsets.index(0) * count :][:count]
    renamed = bool(selection.bands) or not {one.name for one in own.channels} & {one.name for one in bases}

    def frame(index: int) -> Raster:
        raster = _with_bands(frames, index, selection)
        if not renamed:
            return raster
        return raster.described(
            [replace(one, name=base.name) for one, base in zip(raster.channels, bases, strict=True)]
        )

    return with_neighbors(frame, number, len(frames), offsets)


def _with_bands(frames: Frames, number: int, selection: Selection) -> Raster:
    raster = frames[number].at_level(selection.level)
    if selection.panels:
        raster = input_panels(raster, selection.panels)
    return raster.select(selection.bands) if selection.bands else raster


def _shared(progress: Progress | None, place: int, count: int) -> Progress | None:
    if progress is None:
        return None
    return lambda share: progress((place + share) / count)


def merged(reports: Sequence[TranslationReport]) -> TranslationReport:
    """Return the report on all frames: shares are means, and constant is what is so in all."""
    first = reports[0]
    return TranslationReport(
        {name: sum(one.cut[name] for one in reports) / len(reports) for name in first.cut},
        sum(one.invalid for one in reports) / len(reports),
        {
            name: value
            for name, value in first.constant.items()
            if all(one.constant.get(name) == value for one in reports)
        },
        first.passes,
    )


def dimensions(frames: Frames, numbers: Sequence[int]) -> tuple[str, Sequence[int]]:
    """Return along which dimensions some images of a file lie, and how many along each where those are several.

    Of a file of several times and depths, some may lie along one of them alone; of what is no grid, "Z".
    """
    axis, lengths = frames.axis, tuple(frames.lengths)
    if len(numbers) < 2:
        return "", ()
    if not lengths or len(lengths) != len(axis):
        return axis, ()
    places = np.unravel_index(np.array(numbers), lengths)
    chosen = [sorted(set(map(int, each))) for each in places]
    grid = np.ravel_multi_index(np.meshgrid(*chosen, indexing="ij"), lengths).ravel()
    if grid.tolist() != list(numbers):
        return "Z", ()
    kept = [(letter, len(each)) for letter, each in zip(axis, chosen, strict=True) if len(each) > 1]
    return "".join(letter for letter, _ in kept), [length for _, length in kept] if len(kept) > 1 else ()


def chosen_frames(text: str, count: int, name: str) -> list[int]:
    """Return the indices that "1-3,7" names; "" names all.

    Raises:
        OptionError: One is not there, or the text is no such list.
    """
    if not text:
        return list(range(count))
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (one.strip() for one in part.partition("-"))
        ends = (first, last if dash else first)
        if not all(end.isdecimal() for end in ends):
            raise OptionError(f"frames '{text}' is not right. Write numbers from 1, as 1-3,7.")
        start, stop = map(int, ends)
        if not 1 <= start <= stop <= count:
            images = f"{count} image{'s' if count > 1 else ''}"
            raise OptionError(f"{name} has {images}, not frames {part.strip()}.")
        found += range(start - 1, stop)
    return found
