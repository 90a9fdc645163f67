"""Two sets of images without correspondence, A and B -> a data set."""

from __future__ import annotations

from ganzoo.data import descriptions
from ganzoo.data.datasets import Data, UnpairedDataset
from ganzoo.data.image_stores import Images, open_stored_images, shrink, subset
from ganzoo.data.request import DataRequest, require, split_combined
from ganzoo.data.sources import Combined, fingerprint, image_names, in_folder


def open_unpaired(request: DataRequest) -> Data:
    """Open two paths, or a source with folders trainA and trainB, or A and B. Raises DataError, OptionError."""
    names = image_names(request.source)
    a, b = _find_sides(request, names)
    size = request.size(a)
    spec = request.spec(size)
    both, infos = open_stored_images(request.source, a + b, spec, request.memory)
    (train_a, held_out_a), (train_b, held_out_b) = request.split(a), request.split(b)

    def select(indices_a: list[int], indices_b: list[int]) -> tuple[Images, Images]:
        return subset(both, indices_a), subset(both, [len(a) + index for index in indices_b])

    (images_a, images_b), (validation_a, validation_b) = select(train_a, train_b), select(held_out_a, held_out_b)
    augmentation, none = request.config.augmentations(size)
    validation = None
    if held_out_a:
        validation = UnpairedDataset(shrink(validation_a, size), shrink(validation_b, size), none, shuffled=False)
    notes = request.notes(infos, both, spec, size)
    used = sum(map(len, (train_a, held_out_a, train_b, held_out_b)))
    notes += descriptions.describe_duplicates(len(a) + len(b) - used)
    return Data(
        train=UnpairedDataset(images_a, images_b, augmentation),
        validation=validation,
        image_size=size,
        channels=both.shape[1],
        counts={"a": len(train_a), "b": len(train_b)},
        held_out=[*(a[index] for index in held_out_a), *(b[index] for index in held_out_b)],
        fingerprint=fingerprint(request.source, a + b, len(a) + len(b)),
        notes=notes + descriptions.describe_images_elsewhere(names, a + b, "the folders of A and B"),
    )


def _find_sides(request: DataRequest, names: list[str]) -> tuple[list[str], list[str]]:
    """Return the names of A and of B."""
    source = request.source
    if isinstance(source, Combined):
        return split_combined(source, names)
    a, b = (in_folder(names, f"train{side}") or in_folder(names, side) for side in "AB")
    for side, found in (("A", a), ("B", b)):
        require(found, source, f"images in a folder named train{side} (or {side})", "Or give two paths, A then B.")
    return a, b
