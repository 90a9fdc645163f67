"""Equal files never lie on both sides of a split."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.contracts.config import Config
from ganzoo.data.duplicates import label_contents, remove_duplicates
from ganzoo.data.open_data import open_data
from ganzoo.data.sources import open_source
from ganzoo.data.splitting import split
from ganzoo.errors import DataError
from ganzoo.evaluation.samples.image_sources import open_images, open_sides
from ganzoo.evaluation.samples.reading import Reading
from ganzoo.training.settings import read_settings


@dataclass(frozen=True)
class Asked(Config):
    image_size: int = 8


def write(folder: Path, names: list[str], seeds: list[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed in zip(names, seeds, strict=True):
        pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)


NAMES = [f"{index:02}.png" for index in range(20)]
HELD_OUT = [NAMES[index] for index in split(NAMES, 0.3)[1]]
TRAINED = [name for name in NAMES if name not in HELD_OUT]


def seeds_with_duplicates() -> list[int]:
    """Return one seed for each of `NAMES`: a held-out one and a trained one alike, and two held-out ones alike."""
    seeds = dict(zip(NAMES, range(20), strict=True))
    seeds[HELD_OUT[0]] = seeds[TRAINED[0]]
    seeds[HELD_OUT[2]] = seeds[HELD_OUT[1]]
    return list(seeds.values())


def test_only_files_of_one_length_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    for name, content in (("a", b"one"), ("b", b"two"), ("c", b"one"), ("d", b"other")):
        (tmp_path / name).write_bytes(content)
    a, b, c, d = label_contents(open_source(tmp_path), ["a", "b", "c", "d"])
    assert a == c and len({a, b, d}) == 3


def test_content_on_both_sides_stays_where_it_is_trained_on() -> None:
    assert remove_duplicates([0, 2, 3], [1, 4, 5], ["x", "x", "y", "x", "z", "z"]) == ([0, 2], [4])


def test_equal_images_are_used_once_and_never_on_both_sides(tmp_path: Path) -> None:
    write(tmp_path, NAMES, seeds_with_duplicates())
    data = open_data(tmp_path, "images", Asked(), 0.3)
    assert data.held_out == [name for name in HELD_OUT if name not in (HELD_OUT[0], HELD_OUT[2])]
    assert len(data.train) == len(TRAINED) and data.counts == {"images": len(TRAINED)}
    assert any(note.startswith("2 items repeat the content of another") for note in data.notes)
    before = open_data(tmp_path, "images", Asked(), 0.3, keep_duplicates=True)
    assert before.held_out == HELD_OUT and len(before.train) == len(TRAINED)
    assert len(open_data(tmp_path, "images", Asked()).train) == 20, "nothing is held out: all are trained on"


def test_pairs_are_equal_where_both_of_their_images_are(tmp_path: Path) -> None:
    seeds = seeds_with_duplicates()
    write(tmp_path / "inputs", NAMES, seeds)
    write(tmp_path / "targets", NAMES, list(range(100, 120)))
    kind = [str(tmp_path / "inputs"), str(tmp_path / "targets")]
    assert open_data(kind, "paired", Asked(), 0.3).held_out[::2] == [f"A/{name}" for name in HELD_OUT]
    write(tmp_path / "targets", NAMES, seeds)
    data = open_data(kind, "paired", Asked(), 0.3)
    assert data.held_out[::2] == [f"A/{name}" for name in HELD_OUT if name not in (HELD_OUT[0], HELD_OUT[2])]


def test_nothing_new_to_hold_out_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, NAMES, [1] * 20)
    with pytest.raises(DataError, match="has the content of one that is trained on"):
        open_data(tmp_path, "images", Asked(), 0.3)


def test_an_evaluation_holds_out_what_a_training_does(tmp_path: Path) -> None:
    write(tmp_path / "trainA", NAMES, seeds_with_duplicates())
    write(tmp_path / "trainB", NAMES, [*range(40, 59), 40])
    held_out = [name for name in HELD_OUT if name not in (HELD_OUT[0], HELD_OUT[2])]
    assert open_images([str(tmp_path / "trainA")], Reading(validation=0.3)).names == held_out
    inputs, real = open_sides([str(tmp_path)], Reading(validation=0.3))
    assert [Path(name).name for name in inputs.names] == held_out
    assert len(real) == 19 and real.sample.split == "trainB, without duplicates"
    assert len(open_sides([str(tmp_path)], Reading())[1]) == 20


def test_an_older_run_keeps_its_split(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"recipe": "dcgan", "data": "x", "options": {}}), encoding="utf-8")
    assert read_settings(tmp_path).keep_duplicates
    new = {"recipe": "dcgan", "data": "x", "options": {}, "keep_duplicates": False}
    (tmp_path / "run.json").write_text(json.dumps(new), encoding="utf-8")
    assert not read_settings(tmp_path).keep_duplicates
