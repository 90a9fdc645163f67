"""Shards -> a data set: their first samples decide how the others are read, and which are held out."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from ganzoo.data import descriptions, shards
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Augmentation, Data, Dataset
from ganzoo.data.image_stores import shrink
from ganzoo.data.preprocessing import ImageInfo, ImageSpec
from ganzoo.data.shard_samples import MAX_DAMAGED, Decoded, SampleReading, build_dataset, find_images, stack
from ganzoo.data.shards import Note, Sample
from ganzoo.data.splitting import check_share, hash_place
from ganzoo.data.streams import Stream
from ganzoo.errors import DataError, ImageError, OptionError
from ganzoo.image_io import decoding

PREVIEW = 64  # samples kept in memory for sample sheets
HELD_OUT = 256  # samples kept in memory for validation, of however many are held out


def open_shards(paths: list[str], kind: str, config: DataConfig, validation: float) -> Data:
    """Open shards: read their first samples, and up to `HELD_OUT` of those that are held out.

    Raises:
        DataError: There are no shards or samples, or none that can be decoded.
        OptionError: The number of paths does not fit the kind of data.
    """
    check_share(validation)
    if len(paths) != (2 if kind == "unpaired" else 1):
        expected = "two paths, A and B" if kind == "unpaired" else "one path"
        raise OptionError(f"Shards for '{kind}' data are {expected}, not {len(paths)}: {', '.join(paths)}.")
    sets, notes = [shards.find(path) for path in paths], list[str]()
    size, reading, note = _inspect(sets[0], kind, config, notes)
    previews = [_preview(names, reading, validation, notes.append) for names in sets]
    augmentation, none = config.augmentations(size)
    sides, labels = stack([preview.train for preview in previews])
    first_samples = build_dataset(sides, labels, reading, augmentation)
    return Data(
        train=Stream(sets, reading, augmentation, validation, first_samples),
        validation=_validation(previews, reading, none) if validation else None,
        image_size=size,
        image_width=config.image_width,
        channels=reading.spec.channels,
        counts={"shards": sum(len(names) for names in sets)},
        held_out=[key for preview in previews for key in preview.keys],
        fingerprint=shards.fingerprint([name for names in sets for name in names]),
        notes=[_describe(sets), note, *_describe_held_out(previews, validation), *notes],
    )


@dataclass
class Preview:
    """The first samples to train on, and the first that are held out, with their keys."""

    train: list[Decoded] = field(default_factory=list)
    held_out: list[Decoded] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def _inspect(names: list[str], kind: str, config: DataConfig, notes: list[str]) -> tuple[int, SampleReading, str]:
    """Return the training size, how to read samples, and a sentence, from the first sample that can be decoded."""
    samples = (sample for name in names for sample in shards.read(name, notes.append))
    reason = ""
    for sample in islice(samples, MAX_DAMAGED):
        try:
            images = [decoding.read(content) for _, content in find_images(sample, kind == "paired")]
        except (DataError, ImageError) as error:
            reason = f"{'' if isinstance(error, DataError) else f'{sample.name}: '}{error}".rstrip(".")
            continue
        return _reading_for(sample, images, kind, config)
    reason = reason or " ".join(notes).rstrip(".") or "They are empty"
    raise DataError(f"No sample of {names[0]} can be used. {reason}.")


def _reading_for(
    sample: Sample, images: list[decoding.DecodedImage], kind: str, config: DataConfig
) -> tuple[int, SampleReading, str]:
    height, width = images[0].rgb.shape[:2]
    size = config.image_size or min(height, width)
    channels = config.channels or (1 if all(image.gray for image in images) else 3)
    spec = ImageSpec(*config.stored_sides(size), channels)
    swapped = kind == "paired" and config.direction == "right-to-left"
    reading = SampleReading(spec, kind == "paired", swapped, kind == "images" and "cls" in sample.files)
    info = ImageInfo(sample.name, width, height, images[0].gray, False, "")
    return size, reading, f"The first sample is {descriptions.describe_sizes([info], spec, size, config.image_width)}."


def _preview(names: list[str], reading: SampleReading, share: float, note: Note) -> Preview:
    """Decode the first samples to train on, and the first that are held out.

    Raises:
        DataError: There are none of either.
    """
    preview, most_held_out = Preview(), HELD_OUT if share else 0
    for sample in (sample for name in names for sample in shards.read(name, note)):
        is_held_out = hash_place(sample.key) < share
        samples, most = (preview.held_out, most_held_out) if is_held_out else (preview.train, PREVIEW)
        if len(samples) < most:
            try:
                samples.append(reading.decode(sample))
            except DataError as error:
                note(f"Left out: {error}")
                continue
            preview.keys += [sample.key] if is_held_out else []
        if len(preview.train) == PREVIEW and len(preview.held_out) == most_held_out:
            break
    if not preview.train or (share and not preview.held_out):
        raise DataError(
            f"validation={share} leaves {len(preview.held_out)} samples of {names[0]} and its like for validation and "
            f"{len(preview.train)} to train on. Give another share, or more samples."
        )
    return preview


def _validation(previews: list[Preview], reading: SampleReading, augmentation: Augmentation) -> Dataset:
    sides, labels = stack([preview.held_out for preview in previews])
    return build_dataset([shrink(images, *augmentation.sides) for images in sides], labels, reading, augmentation)


def _describe(sets: list[list[str]]) -> str:
    counted = " and ".join(f"{len(names):,} shard{'' if len(names) == 1 else 's'}" for names in sets)
    return (
        f"The images of {counted} are decoded as they come. They cannot be checked beforehand: "
        "damaged samples are left out during training, and named."
    )


def _describe_held_out(previews: list[Preview], share: float) -> list[str]:
    if not share:
        return []
    measured = " and ".join(f"{len(preview.held_out):,}" for preview in previews)
    return [f"About {share:.1%} of the samples are held out, by their keys; of these, {measured} are measured."]
