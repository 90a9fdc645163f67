"""Paths and a recipe's options -> a data set, checked, and split into training and validation."""

from __future__ import annotations

from collections.abc import Callable

from ganzoo.contracts.config import Config
from ganzoo.data import shards
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data
from ganzoo.data.image_stores import MAX_BYTES
from ganzoo.data.open_clips import open_clips
from ganzoo.data.open_images import open_images, open_labeled
from ganzoo.data.open_pairs import open_pairs
from ganzoo.data.open_shards import open_shards
from ganzoo.data.open_unpaired import open_unpaired
from ganzoo.data.request import DataRequest
from ganzoo.data.sources import Paths, list_paths, open_sources
from ganzoo.errors import OptionError

OPENERS: dict[str, Callable[[DataRequest], Data]] = {
    "images": open_images,
    "labeled": open_labeled,
    "paired": open_pairs,
    "unpaired": open_unpaired,
    "clips": open_clips,
}


def open_data(
    path: Paths,
    kind: str,
    config: Config,
    validation: float = 0.0,
    memory: int = MAX_BYTES,
    keep_duplicates: bool = False,
) -> Data:
    """Check a data set, and keep it in memory or, where it is too large, decode it when needed.

    Args:
        path: A folder, a .zip, or shards. "unpaired" (A, B) and "paired" (inputs, targets) data may be two of these.
        kind: What the recipe's entry trains on: a key of `OPENERS`.
        config: The recipe's options, of which those in `DataConfig` count.
        validation: Share of the images that is held out, chosen by their names: always the same, see `split`.
        memory: Bytes that decoded images may take. Of a larger set, each image is decoded once to check it, and again
            whenever it is needed.
        keep_duplicates: Split files of equal content as if they differed, as runs of before did.

    Raises:
        DataError: Something is missing or damaged.
        OptionError: An option is invalid, or does not fit the data.
    """
    data_config, paths = DataConfig.from_config(config), list_paths(path, kind)
    if data_config.channels not in (0, 1, 3):
        raise OptionError(
            f"channels={data_config.channels} is not valid for 8-bit images: give 1 (gray), 3 (RGB), or 0 for the "
            "data's. For others name files: --input, --target, --bands."
        )
    if any(shards.are_shards(each) for each in paths):
        _check_shards(kind)
        return open_shards(paths, kind, data_config, validation)
    return OPENERS[kind](DataRequest(open_sources(paths), data_config, validation, memory, keep_duplicates))


def _check_shards(kind: str) -> None:
    """Raise OptionError for a kind of data that cannot be read from shards."""
    if kind == "clips":
        raise OptionError("Shards hold images, but the recipe trains on clips. Give a folder or a .zip of videos.")
    if kind not in ("images", "paired", "unpaired"):
        raise OptionError(f"Shards do not say how many classes there are, which '{kind}' data must. Give a folder.")
