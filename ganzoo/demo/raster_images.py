"""Images of any channels on the page: translated in full depth into a file, and shown as composites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ganzoo.batch.rasters import Selection, chosen_frames, translate_file
from ganzoo.errors import GanzooError, OptionError
from ganzoo.image_io import encoding, raster_files
from ganzoo.inference.image_pass import Progress, Settings
from ganzoo.loading.model import Model
from ganzoo.rasters import composites
from ganzoo.rasters.raster import Raster

KINDS = (".tif", ".tiff", ".ome.tif", ".npy", ".npz", ".nii", ".nii.gz")  # results of these are of the input's kind


@dataclass(frozen=True)
class RasterResult:
    """What was made of an image of any channels.

    Attributes:
        before: A composite of the input, 8 bits.
        after: One of the output.
        file: The output, in full depth.
        notes: What the composites show, and what happened to the values, a sentence each.
    """

    before: Path
    after: Path
    file: Path
    notes: tuple[str, ...]


def result_suffix(name: str) -> str:
    """Return the suffix of a result: the input's, or that of TIFF."""
    suffix = raster_files.suffix_of(name)
    return suffix if suffix in KINDS else ".tif"


def translate(
    model: Model,
    path: Path,
    limit: int,
    new_path: Callable[[str], Path],
    name: str,
    progress: Progress | None = None,
    number: int = 1,
) -> RasterResult:
    """Translate one image of a file.

    Args:
        model: One whose channels have units.
        path: The file.
        limit: Pixels that a result may have.
        new_path: Returns a place for a file of this name.
        name: Of the model, for the result.
        progress: Called with the share that is done.
        number: Of the image in its file, from 1.

    Raises:
        GanzooError: It is no such image, or too large; the path is not in the text.
    """
    try:
        with raster_files.open_frames(path, max_pixels=limit) as frames:
            (index,) = chosen_frames(str(number), len(frames), path.name)
            count, image = len(frames), frames[index]
            _check_size(image.shape[1] * model.card.scale, image.shape[2] * model.card.scale, limit)
            before = _save_composite(image, new_path("before.png"))
            shown = composites.describe(image)
        stem = path.name.removesuffix(raster_files.suffix_of(path.name))
        file = new_path(f"{stem}-{name}{result_suffix(path.name)}")
        settings, selection = Settings("auto"), Selection(frames=str(number))
        notes = translate_file(model, str(path), str(file), selection, settings, limit, progress)
    except GanzooError as error:  # the visitor knows only the file's name
        raise type(error)(str(error).replace(str(path), path.name)) from error
    with raster_files.open_frames(file) as frames:
        after = _save_composite(frames[0], new_path("after.png"))
        caption = composites.describe(frames[0])
    pages = [f"The file has {count} images; this is number {number}. ganzoo translate does all."] if count > 1 else []
    return RasterResult(before, after, file, (f"Before: {shown}.", f"After: {caption}.", *pages, *notes))


def _check_size(height: int, width: int, limit: int) -> None:
    if height * width > limit:
        raise OptionError(f"The result has {width}x{height} pixels, more than the limit of {limit}. Crop the image.")


def _save_composite(raster: Raster, path: Path) -> Path:
    encoding.save(composites.to_pil(raster), path)
    return path
