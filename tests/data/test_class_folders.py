"""What folders and names say: splitting, classes, partners."""

from __future__ import annotations

import hashlib

import pytest

from ganzoo.data.class_folders import class_folders
from ganzoo.data.listing import some
from ganzoo.data.pairs import pair_folders, pair_up
from ganzoo.data.splitting import split
from ganzoo.errors import DataError

# ---- split -----------------------------------------------------------------------------------------------------------

NAMES = [f"some/folder/{number:05}.jpg" for number in range(4000)]


def held_names(names: list[str], share: float) -> set[str]:
    return {names[index] for index in split(names, share)[1]}


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_the_share_is_respected_and_nothing_is_lost(share: float) -> None:
    kept, held = split(NAMES, share)
    assert sorted(kept + held) == list(range(4000))
    assert abs(len(held) - 4000 * share) < 5 * (4000 * share * (1 - share)) ** 0.5


def test_the_rule_is_the_hash_of_the_last_part() -> None:
    """Written out, since runs that are resumed depend on it."""
    digests = [int(hashlib.sha256(name.split("/")[-1].encode()).hexdigest(), 16) / 2**256 for name in NAMES]
    assert held_names(NAMES, 0.2) == {name for name, place in zip(NAMES, digests, strict=True) if place < 0.2}


def test_a_name_keeps_its_side_when_others_come_go_or_the_folder_moves() -> None:
    held = held_names(NAMES, 0.1)
    assert held_names(NAMES[::3], 0.1) == held & set(NAMES[::3])
    assert held_names([*reversed(NAMES), "new/picture.jpg"], 0.1) - {"new/picture.jpg"} == held
    moved = [name.replace("some/folder", "elsewhere") for name in NAMES]
    assert held_names(moved, 0.1) == {name.replace("some/folder", "elsewhere") for name in held}


def test_a_larger_share_holds_out_what_a_smaller_one_did() -> None:
    assert held_names(NAMES, 0.1) < held_names(NAMES, 0.2)


def test_one_name_in_many_folders_is_split_by_the_folders() -> None:
    names = [f"scene{number}/rgb.png" for number in range(1000)]
    assert 100 < len(held_names(names, 0.15)) < 200


@pytest.mark.parametrize("share", [1e-9, 0.5, 0.999999])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_neither_side_is_ever_empty(share: float, count: int) -> None:
    kept, held = split([f"{number}.png" for number in range(count)], share)
    assert kept and held and sorted(kept + held) == list(range(count))


def test_no_share_holds_nothing_out_and_a_wrong_one_is_refused() -> None:
    assert split(["a", "b"], 0) == ([0, 1], [])
    with pytest.raises(DataError, match="needs at least two images, but there is 1"):
        split(["a"], 0.5)
    for share in (1.0, -0.1, float("nan")):
        with pytest.raises(DataError, match="is not a valid share"):
            split(["a", "b"], share)


def test_names_that_are_no_utf8_are_split_too() -> None:
    assert len(split(["bad\udcff.png", "b.png"], 0.5)[1]) == 1


# ---- classes and partners --------------------------------------------------------------------------------------------


def test_classes_are_the_folders_below_what_all_names_share() -> None:
    assert class_folders(["x/y/b/1.png", "x/y/a/2.png", "x/y/b/c/3.png"]) == (["a", "b"], [1, 0, 1])
    assert class_folders(["x/1.png", "x/y/2.png"]) is None and class_folders([]) is None


def test_the_input_s_folder_is_known_by_its_name_not_by_its_place() -> None:
    assert pair_folders(["z/Target/1.png", "z/Source/1.png"]) == (["z/Source/1.png"], ["z/Target/1.png"])
    assert pair_folders(["a/1.png", "b/1.png", "c/1.png"]) is None


def test_partners_are_found_by_stem_and_by_folder_where_stems_repeat() -> None:
    assert pair_up(["A/x/1.png", "A/2.png"], ["B/2.jpg", "B/1.jpg"]) == [
        ("A/x/1.png", "B/1.jpg"),
        ("A/2.png", "B/2.jpg"),
    ]
    inputs, targets = [[f"{side}/{place}/1.{end}" for place in "xy"] for side, end in (("A", "png"), ("B", "jpg"))]
    assert pair_up(inputs, targets) == list(zip(inputs, targets, strict=True))
    with pytest.raises(DataError, match=r"None of these 3 images has a partner.*two sets, such as cyclegan"):
        pair_up(["A/1.png", "A/2.png"], ["B/3.png"])
    with pytest.raises(DataError, match=r"1 image of 1 without a partner"):
        pair_up([], ["B/3.png"])
    with pytest.raises(DataError, match=r"1 image of 3 without a partner[^!]*A/y/1\.png$"):
        pair_up(inputs, ["B/x/1.jpg"])


def test_long_lists_are_cut_but_counted() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some([f"{number}" for number in range(1200)]) == "0, 1, 2, 3, 4 and 1,195 more"
