"""Batches: crops, flips and partners, as functions of indices and a generator's seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ganzoo.data.datasets import Augmentation, ImageDataset, PairedDataset, UnpairedDataset


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def located(count: int, size: int, channels: int = 1) -> Tensor:
    """Pictures whose every byte is different within a picture, (count, channels, size, size), size up to 16."""
    one = torch.arange(size * size, dtype=torch.uint8).view(1, 1, size, size)
    return (one.expand(count, channels, -1, -1) + torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1)).clone()


def to_bytes(batch: Tensor) -> np.ndarray:
    return np.round((batch.numpy().astype(np.float64) + 1) * 127.5).astype(int)


def test_without_crop_or_flip_a_batch_is_the_images() -> None:
    stored = located(5, 8, channels=3)
    batch = ImageDataset(stored, Augmentation(8, flip=False)).batch([3, 0, 3], seeded(0))["image"]
    assert batch.dtype == torch.float32 and batch.is_contiguous()
    assert np.array_equal(to_bytes(batch), stored[[3, 0, 3]].numpy())
    assert batch.min() >= -1 and batch.max() <= 1


@pytest.mark.parametrize("stored_size", [6, 9])
def test_drawn_crops_and_flips_are_what_is_shown(stored_size: int) -> None:
    stored, view = located(4, stored_size), Augmentation(6, flip=True)
    indices = [0, 1, 2, 3, 2, 1]
    drawn = view.draw((stored_size, stored_size), len(indices), seeded(3))
    batch = ImageDataset(stored, view).batch(indices, seeded(3))["image"]
    assert {mirror for *_, mirror in drawn} == {True, False}
    for found, index, (top, left, mirror) in zip(to_bytes(batch), indices, drawn, strict=True):
        crop = stored[index].numpy()[:, top : top + 6, left : left + 6]
        assert np.array_equal(found, crop[..., ::-1] if mirror else crop)


def test_a_flip_leaves_the_stored_images_alone() -> None:
    stored = located(4, 6)
    before = stored.clone()
    for seed in range(4):
        ImageDataset(stored, Augmentation(6, flip=True)).batch([0, 1, 2, 3], seeded(seed))
    assert torch.equal(stored, before)


def test_crops_reach_every_place_equally_often_and_half_is_mirrored() -> None:
    drawn = Augmentation(6, flip=True).draw((8, 8), 9000, seeded(0))
    tops, lefts, mirrored = (np.array(each) for each in zip(*drawn, strict=True))
    cells = np.bincount(tops * 3 + lefts, minlength=9)
    assert tops.min() == lefts.min() == 0 and tops.max() == lefts.max() == 2
    # each cell is binomial with mean 1000 and standard deviation 29.8; mirrored one has 4500 and 47.4
    assert np.abs(cells - 1000).max() < 150
    assert abs(int(mirrored.sum()) - 4500) < 240


def test_without_flip_nothing_is_mirrored() -> None:
    assert not any(mirror for *_, mirror in Augmentation(6, flip=False).draw((8, 8), 500, seeded(0)))


def test_a_batch_is_a_function_of_indices_and_seed() -> None:
    data = UnpairedDataset(located(5, 9), located(7, 9), Augmentation(6, flip=True))
    first, again = (data.batch([1, 2, 6], seeded(5)) for _ in range(2))
    other = data.batch([1, 2, 6], seeded(6))
    assert all(torch.equal(first[name], again[name]) for name in ("a", "b"))
    assert not torch.equal(first["a"], other["a"])


def test_the_random_stream_of_a_view_never_changes() -> None:
    """Places first, then flips: another order would change every run that is resumed."""
    random = seeded(11)
    places = torch.randint(3, (4, 2), generator=random)
    flips = torch.rand(4, generator=random) < 0.5
    expected = [(int(top), int(left), bool(flip)) for (top, left), flip in zip(places, flips, strict=True)]
    assert Augmentation(6, flip=True).draw((8, 8), 4, seeded(11)) == expected


def test_pairs_are_cropped_and_mirrored_alike() -> None:
    inputs = located(3, 9)
    data = PairedDataset(inputs, inputs + 50, Augmentation(6, flip=True))
    batch = data.batch([0, 1, 2, 0, 1, 2], seeded(1))
    assert len(data) == 3
    assert np.array_equal(to_bytes(batch["input"]) + 50, to_bytes(batch["target"]))


def test_unpaired_sets_wrap_and_partners_are_random() -> None:
    a = torch.arange(3, dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 1, 4, 4)
    b = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1).expand(5, 1, 4, 4) + 100
    data = UnpairedDataset(a, b, Augmentation(4, flip=False))
    assert len(data) == 5
    indices = [0, 1, 2, 3, 4] * 200
    batch = data.batch(indices, seeded(0))
    assert to_bytes(batch["a"])[:5, 0, 0, 0].tolist() == [0, 1, 2, 0, 1]
    partners = to_bytes(batch["b"])[:, 0, 0, 0] - 100
    counts = np.bincount(partners, minlength=5)
    assert np.abs(counts - 200).max() < 65  # five standard deviations of 12.6
    together = np.corrcoef(np.array(indices), partners)[0, 1]
    assert abs(together) < 0.15


def test_unshuffled_both_sets_come_in_order_and_whole() -> None:
    a = torch.arange(3, dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 1, 4, 4)
    b = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1).expand(5, 1, 4, 4)
    batch = UnpairedDataset(a, b, Augmentation(4, flip=False), shuffled=False).batch([0, 1, 2, 3, 4], seeded(0))
    assert to_bytes(batch["a"])[:, 0, 0, 0].tolist() == [0, 1, 2, 0, 1]
    assert to_bytes(batch["b"])[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


def test_labels_go_with_their_images() -> None:
    data = ImageDataset(located(4, 4), Augmentation(4, flip=False), torch.tensor([7, 8, 9, 250], dtype=torch.uint8))
    label = data.batch([3, 1], seeded(0))["label"]
    assert label.dtype == torch.int64 and label.tolist() == [250, 8]


SETS = {
    "images": lambda size, flip: ImageDataset(located(7, 9), Augmentation(size, flip), torch.arange(7)),
    "paired": lambda size, flip: PairedDataset(located(7, 9), located(7, 9) + 50, Augmentation(size, flip)),
    "unpaired": lambda size, flip: UnpairedDataset(located(5, 9), located(7, 9), Augmentation(size, flip)),
}


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize(("size", "flip"), [(6, True), (9, True), (6, False), (9, False)])
def test_shares_of_a_batch_are_its_parts(kind: str, size: int, flip: bool) -> None:
    data, indices = SETS[kind](size, flip), [6, 1, 3, 0, 5, 2, 2, 4]
    whole = data.batch(indices, seeded(4))
    for own in (slice(0, 3), slice(3, 8), slice(5, 6)):
        share = data.batch(indices, seeded(4), own)
        assert share.keys() == whole.keys()
        assert all(torch.equal(share[name], whole[name][own]) for name in whole)


def test_nothing_is_drawn_where_nothing_is_cropped_or_mirrored() -> None:
    random = seeded(2)
    before = random.get_state()
    SETS["images"](9, False).batch([1, 2], random)
    SETS["paired"](9, False).batch([1, 2], random)
    assert torch.equal(random.get_state(), before)


@pytest.mark.parametrize("size", [6, 9])
def test_the_random_stream_of_unpaired_batches_never_changes(size: int) -> None:
    """Partners, then places and flips of A, then of B; places are drawn for flips alone too."""
    data, random, view = SETS["unpaired"](size, True), seeded(8), Augmentation(size, flip=True)
    partners = torch.randint(7, (4,), generator=random).tolist()
    drawn = [view.draw((9, 9), 4, random) for _ in range(2)]
    batch = data.batch([0, 1, 2, 3], seeded(8))
    for name, stored, rows, places in (("a", data.a, [0, 1, 2, 3], drawn[0]), ("b", data.b, partners, drawn[1])):
        for found, row, (top, left, mirror) in zip(to_bytes(batch[name]), rows, places, strict=True):
            crop = stored[row].numpy()[:, top : top + size, left : left + size]
            assert np.array_equal(found, crop[..., ::-1] if mirror else crop)
