"""Single images, with the classes that folders or IDX files give them -> a data set."""

from __future__ import annotations

from torch import Tensor

from ganzoo.data import idx
from ganzoo.data.datasets import Data, ImageDataset
from ganzoo.data.descriptions import describe_duplicates
from ganzoo.data.image_stores import shrink
from ganzoo.data.labeled_images import LabeledImages
from ganzoo.data.preprocessing import pad_to_sides
from ganzoo.data.request import DataRequest, require
from ganzoo.data.sources import fingerprint, image_names
from ganzoo.errors import DataError, OptionError


def open_images(request: DataRequest) -> Data:
    """Open a folder or .zip of images, or IDX files. Raises DataError, OptionError."""
    found = idx.find(request.source)
    if found:
        return _open_idx(request, found)
    names = image_names(request.source)
    require(names, request.source, "images")
    size = request.size(names)
    return _split(request, size, LabeledImages.from_files(request, names, size))


def open_labeled(request: DataRequest) -> Data:
    """Open images with their classes. Raises DataError where they have none."""
    data = open_images(request)
    if len(data.classes) < 2:
        raise DataError(
            f"{request.source.path} has no classes: the recipe needs images in at least two folders, one for each "
            "class, or IDX files with labels."
        )
    return data


def _open_idx(request: DataRequest, files: tuple[str, str | None]) -> Data:
    raw, labels = idx.read(request.source, files)
    height, width = raw.shape[-2:]
    size = request.config.image_size or max(height, width)
    images = _pad(raw, size, request, files[0])
    wide = images.shape[-1]
    border = f", with a black border to {wide}x{size}" if wide != width or size != height else ""
    note = f"{len(raw):,} gray images of {width}x{height} in {files[0]}{border}."
    return _split(request, size, LabeledImages.from_idx(images, labels, files, [note]))


def _pad(images: Tensor, size: int, request: DataRequest, name: str) -> Tensor:
    """Return IDX images (N, 1, H, W) with a black border to the training size, and gray in every channel."""
    height, width = images.shape[-2:]
    wide = request.config.image_width or size
    if size < height or wide < width:
        option = f"image_width={wide}" if size >= height and wide != size else f"image_size={size}"
        needed = f"image_size={max(height, width)}" if wide == size else f"image_size={height} and image_width={width}"
        raise OptionError(
            f"{name} has images of {width}x{height}, which {option} would cut. "
            f"Set {needed} or more: a larger one adds a black border."
        )
    check_idx_memory(len(images), max(size, wide), request.memory, "image_size")
    padded = pad_to_sides(images, size, wide)
    return padded.expand(-1, 3, -1, -1) if request.config.channels == 3 else padded


def check_idx_memory(count: int, size: int, memory: int, option: str) -> None:
    """Raise DataError where IDX images of ``size``, which ``option`` sets, take more than ``memory`` bytes."""
    if count * size * size > memory:
        raise DataError(
            f"{count} images of {size}x{size} take {count * size * size / 2**30:.1f} GiB of memory, "
            f"over the limit of {memory / 2**30:.1f}. Set a smaller {option}."
        )


def _split(request: DataRequest, size: int, labeled: LabeledImages) -> Data:
    train, held_out = labeled.split(request)
    augmentation, none = request.config.augmentations(size)
    train_images, train_labels = labeled.select(train)
    held_out_images, held_out_labels = labeled.select(held_out)
    validation = ImageDataset(shrink(held_out_images, *none.sides), none, held_out_labels) if held_out else None
    return Data(
        train=ImageDataset(train_images, augmentation, train_labels),
        validation=validation,
        image_size=size,
        image_width=request.config.image_width,
        channels=labeled.images.shape[1],
        counts={"images": len(train)},
        held_out=[labeled.names[index] for index in held_out],
        fingerprint=fingerprint(request.source, labeled.files, len(labeled.names)),
        classes=labeled.classes,
        notes=labeled.notes + describe_duplicates(len(labeled.names) - len(train) - len(held_out)),
    )
