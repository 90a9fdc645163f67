"""The sentences that say what becomes of pictures."""

from __future__ import annotations

from dataclasses import replace

from ganzoo.data import descriptions
from ganzoo.data.preprocessing import ImageInfo, ImageSpec

PLAIN = ImageInfo("a.png", 16, 16, gray=False, turned=False, oddity="")
SQUARE = ImageSpec(16, 16, 3)


def test_images_that_fit_are_reported_to_be_taken_whole() -> None:
    assert descriptions.describe_images([PLAIN] * 1200, SQUARE, 16) == ["1,200 images: 16x16 pixels, taken whole."]
    pair = replace(PLAIN, width=32)
    assert descriptions.describe_images([pair], replace(SQUARE, pairs=True), 16) == [
        "1 image, two side by side in each: 32x16 pixels, taken whole."
    ]


def test_sizes_run_from_the_fewest_pixels_to_the_most() -> None:
    infos = [replace(PLAIN, width=width, height=height) for width, height in ((50, 2), (9, 9), (20, 30))]
    assert descriptions.describe_sizes(infos, SQUARE, 16) == "9x9 to 20x30 pixels, scaled to cover 16x16 (center crop)"
    assert descriptions.describe_sizes(infos, replace(SQUARE, pairs=True), 12).endswith(
        "each half is scaled to cover 16x16 (center crop), then cropped to 12x12 at random"
    )


def test_colors_that_are_lost_are_reported() -> None:
    notes = descriptions.describe_images(
        [PLAIN, replace(PLAIN, name="b.png", gray=True)], replace(SQUARE, channels=1), 16
    )
    assert notes[1:] == ["1 image has colors and becomes gray: a.png."]
    notes = descriptions.describe_images([replace(PLAIN, gray=True)] * 2, replace(SQUARE, channels=1), 16)
    assert len(notes) == 1


def test_long_lists_name_a_few_and_count_the_rest() -> None:
    (notes,) = descriptions.describe_other_files([f"{number}.txt" for number in range(7)])
    assert notes.startswith("7 other files without an image suffix were ignored: 0.txt, 1.txt, 2.txt")
    assert notes.endswith(", 4.txt and 2 more.")
    assert (
        descriptions.describe_other_files([]) == [] and descriptions.describe_images_elsewhere(["a"], ["a"], "x") == []
    )


def test_memory_is_reported_in_words() -> None:
    notes = descriptions.describe_memory(100_000, ImageSpec(256, 256, 3), 8 * 2**30)
    assert notes.startswith("Decoded, they would take 18.3 GiB of memory, over the limit of 8.0 GiB: they stay on disk")


def test_pairs_of_like_proportions_need_no_word() -> None:
    twice = replace(PLAIN, width=33, height=33)
    assert descriptions.describe_unlike_pairs([(PLAIN, twice), (PLAIN, PLAIN)]) == []
    assert len(descriptions.describe_unlike_pairs([(PLAIN, replace(PLAIN, width=17))])) == 1
