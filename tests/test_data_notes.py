"""The sentences that say what becomes of pictures."""

from __future__ import annotations

from dataclasses import replace

from ganzoo.data import notes
from ganzoo.data.decode import Facts, Form

PLAIN = Facts("a.png", 16, 16, gray=False, turned=False, oddity="")
SQUARE = Form(16, 16, 3)


def test_pictures_that_fit_are_said_to_be_taken_whole() -> None:
    assert notes.of_images([PLAIN] * 1200, SQUARE, 16) == ["1,200 pictures: 16x16 pixels, taken whole."]
    pair = replace(PLAIN, width=32)
    assert notes.of_images([pair], replace(SQUARE, pairs=True), 16) == [
        "1 picture, two side by side in each: 32x16 pixels, taken whole."
    ]


def test_sizes_run_from_the_fewest_pixels_to_the_most() -> None:
    facts = [replace(PLAIN, width=width, height=height) for width, height in ((50, 2), (9, 9), (20, 30))]
    assert notes.becomes(facts, SQUARE, 16) == "9x9 to 20x30 pixels, scaled to cover 16x16, middle kept"
    assert notes.becomes(facts, replace(SQUARE, pairs=True), 12).endswith(
        "each half is scaled to cover 16x16, middle kept, then cropped to 12x12 at random"
    )


def test_colors_that_are_lost_are_said() -> None:
    said = notes.of_images([PLAIN, replace(PLAIN, name="b.png", gray=True)], replace(SQUARE, channels=1), 16)
    assert said[1:] == ["1 picture has colors and becomes gray: a.png."]
    said = notes.of_images([replace(PLAIN, gray=True)] * 2, replace(SQUARE, channels=1), 16)
    assert len(said) == 1


def test_long_lists_name_a_few_and_count_the_rest() -> None:
    (said,) = notes.of_other_files([f"{number}.txt" for number in range(7)])
    assert said.startswith("7 other files are no pictures by their names and were left alone: 0.txt, 1.txt, 2.txt")
    assert said.endswith(", 4.txt and 2 more.")
    assert notes.of_other_files([]) == [] and notes.of_images_elsewhere(["a"], ["a"], "x") == []


def test_memory_is_told_in_words() -> None:
    said = notes.of_memory(100_000, Form(256, 256, 3), 8 * 2**30)
    assert said.startswith("Decoded they would take 18.3 GiB of memory, over the limit of 8.0 GiB: they stay on disk")


def test_pairs_of_like_proportions_need_no_word() -> None:
    twice = replace(PLAIN, width=33, height=33)
    assert notes.of_unlike_pairs([(PLAIN, twice), (PLAIN, PLAIN)]) == []
    assert len(notes.of_unlike_pairs([(PLAIN, replace(PLAIN, width=17))])) == 1
