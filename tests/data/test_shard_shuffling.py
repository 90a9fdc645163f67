"""The order of samples out of shards."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from needs import require

from ganzoo.data.shard_shuffling import Lookahead, ShuffledShards
from ganzoo.data.shards import Sample
from ganzoo.data.splitting import hash_place
from ganzoo.errors import DataError
from tests.data.test_shards import write_texts

require("webdataset")


def silent(_: str) -> None:
    pass


def keys(passes: ShuffledShards, first: int, count: int) -> list[str]:
    return [sample.key for sample in islice(passes.samples(first, silent), count)]


def test_a_pass_has_every_sample_once_in_another_order_each_time(tmp_path: Path) -> None:
    names = write_texts(tmp_path, 4, 6)
    passes = ShuffledShards(names, 0.0, seed=1, buffer=5)
    order = keys(passes, 0, 72)
    every = [f"{shard}-{index}" for shard in range(4) for index in range(6)]
    epochs = [order[first : first + 24] for first in (0, 24, 48)]
    assert all(sorted(epoch) == every for epoch in epochs)
    assert epochs[0] != every and epochs[0] != epochs[1] != epochs[2]
    assert keys(ShuffledShards(names, 0.0, seed=2, buffer=5), 0, 24) != epochs[0]
    assert keys(passes, 0, 24) == epochs[0]


@pytest.mark.parametrize("first", [1, 11, 12, 13, 24, 35, 100])
def test_any_place_is_found_again(tmp_path: Path, first: int) -> None:
    passes = ShuffledShards(write_texts(tmp_path), 0.0, seed=3, buffer=4)
    assert keys(passes, first, 30) == keys(passes, 0, first + 30)[first:]


def test_whole_passes_are_skipped_and_not_read(tmp_path: Path, monkeypatch) -> None:
    passes = ShuffledShards(write_texts(tmp_path), 0.0, seed=3)
    epochs = []
    epoch_of = ShuffledShards.epoch
    monkeypatch.setattr(
        ShuffledShards, "epoch", lambda self, epoch, note: epochs.append(epoch) or epoch_of(self, epoch, note)
    )
    keys(passes, 12 * 1000 + 5, 1)
    assert epochs == [0, 1000]


def test_neighboring_shards_are_mixed(tmp_path: Path) -> None:
    order = keys(ShuffledShards(write_texts(tmp_path, 3, 40), 0.0, seed=0, buffer=30), 0, 60)
    assert len({key.split("-")[0] for key in order[:40]}) > 1


def test_processes_share_the_shards(tmp_path: Path) -> None:
    names = write_texts(tmp_path, 5, 2)
    found = [keys(ShuffledShards(names, 0.0, 0, rank, 2), 0, count) for rank, count in ((0, 6), (1, 4))]
    assert sorted(found[0] + found[1]) == [f"{shard}-{index}" for shard in range(5) for index in range(2)]
    assert {key[0] for key in found[1]} == {"1", "3"}


def test_held_out_keys_never_come(tmp_path: Path) -> None:
    names = write_texts(tmp_path, 3, 20)
    held = {f"{shard}-{index}" for shard in range(3) for index in range(20) if hash_place(f"{shard}-{index}") < 0.3}
    found = keys(ShuffledShards(names, 0.3, 0), 0, 60 - len(held))
    assert len(held) > 5 and not held & set(found) and len(set(found)) == len(found)


def test_shards_without_a_sample_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No sample is left in .*s-000\.tar"):
        keys(ShuffledShards(write_texts(tmp_path, 1, 0), 0.0, 0), 0, 1)


def test_looking_ahead_changes_nothing() -> None:
    samples = [Sample("s", f"{index}", {}) for index in range(6)]
    ahead = Lookahead(iter(samples))
    assert ahead.next() is samples[0]
    assert ahead.peek(0) is samples[1] and ahead.peek(3) is samples[4] and ahead.peek(1) is samples[2]
    assert [ahead.next() for _ in range(5)] == samples[1:]
