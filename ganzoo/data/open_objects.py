"""Arrays, lists and data sets of other libraries -> a data set."""

from __future__ import annotations

from typing import Any

from ganzoo.contracts.config import Config
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data
from ganzoo.data.image_stores import MAX_BYTES
from ganzoo.data.objects import Objects, ObjectSource, open_sides
from ganzoo.data.open_data import OPENERS
from ganzoo.data.rasters.open_rasters import from_objects, open_rasters
from ganzoo.data.rasters.options import RasterOptions
from ganzoo.data.request import DataRequest
from ganzoo.data.sources import Combined, Source
from ganzoo.errors import DataError, OptionError
from ganzoo.rasters.raster import Raster


def open_objects(
    data: Any,
    kind: str,
    config: Config,
    options: RasterOptions | None,
    validation: float,
    keep_duplicates: bool = False,
) -> Data:
    """Open data that are no files; see `ganzoo.data.objects.open_sides`.

    8-bit gray and RGB images are handled as a folder of them would be, unless there are options of rasters.

    Raises:
        DataError: They are not images of one kind.
        OptionError: The recipe trains on clips, or an option does not fit.
    """
    if kind == "clips":
        raise OptionError("The recipe trains on clips. Give a folder or a .zip of videos.")
    sides, data_config = open_sides(data, kind, options.axes if options else ""), DataConfig.from_config(config)
    if options is None and not any(isinstance(side.image(0), Raster) for side in sides):
        return OPENERS[kind](DataRequest(_source(sides), data_config, validation, MAX_BYTES, keep_duplicates))
    if kind == "labeled":
        raise DataError("Labels of images deeper than 8 bits are taken from folders. Store the images as files.")
    return open_rasters(from_objects(sides, kind, data_config, options or RasterOptions(), validation))


def _source(sides: tuple[Objects, ...]) -> Source:
    sources = [ObjectSource(side) for side in sides]
    return sources[0] if len(sources) == 1 else Combined(sources[0], sources[1])
