"""What processes tell one another: two real ones over gloo, and one alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from launched import complete, linux

from ganzoo.recipes.distributed import ALONE, Processes, joined, launched

# Each process writes down what it has after every kind of talk; rank 1's numbers are ten times rank 0's.
TALK = """
import json, sys
from pathlib import Path
import torch
from ganzoo.errors import TrainingError
from ganzoo.recipes.distributed import joined

with joined() as processes:
    own = 10.0 ** processes.rank
    mixed = [
        torch.full((2, 3), own),
        torch.full((), own, dtype=torch.float64),
        torch.full((4,), own, dtype=torch.bfloat16),
        torch.full((3, 2), own).t(),
        torch.empty(0),
    ]
    processes.average(iter(mixed))
    processes.average([])
    rows = (torch.arange(4.0).view(2, 2) * own).requires_grad_()
    whole = processes.gathered(rows)
    found = {
        "place": [processes.rank, processes.count, processes.local_rank, processes.leads],
        "averaged": [tensor.double().flatten().tolist() for tensor in mixed],
        "types": [str(tensor.dtype) for tensor in mixed],
        "gathered": whole.tolist(),
        "gathered_integers": processes.gathered(torch.tensor([[processes.rank]])).tolist(),
        "of_columns": processes.gathered((torch.arange(6.0).view(3, 2) * own).t()).tolist(),
        "graph": whole.requires_grad,
        "own": processes.own(whole).tolist(),
        "any": [processes.any(flag) for flag in (False, processes.rank == 1, processes.rank == 0, True)],
        "told": [processes.broadcast("first" if processes.leads else "second"), processes.broadcast(None)],
        "collected": processes.collect({"rank": processes.rank}),
    }
for _ in range(5):  # joining again meets the others of this time, not what is left of the last one
    with joined() as again:
        found["again"] = again.collect(again.rank)
for name, value in {"average": [torch.ones(3)], "gathered": torch.ones(3), "any": True, "collect": "word"}.items():
    with joined() as left:
        left.broadcast("all have met")
        if left.leads:  # the other leaves
            try:
                getattr(left, name)(value)
            except TrainingError as error:
                found[name + " of the rest"] = str(error)
Path(sys.argv[1], f"{processes.rank}.json").write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what each of two processes has after talking."""
    folder = tmp_path_factory.mktemp("talk")
    (folder / "talk.py").write_text(TALK)
    log = folder / "log.txt"
    assert complete(log, folder / "talk.py", folder, processes=2) == 0, log.read_text()
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@linux
@pytest.mark.slow
def test_each_knows_its_place(two) -> None:
    assert [found["place"] for found in two] == [[0, 2, 0, True], [1, 2, 1, False]]


@linux
def test_an_average_keeps_types_and_shapes(two) -> None:
    for found in two:
        assert found["averaged"] == [[5.5] * 6, [5.5], [5.5] * 4, [5.5] * 6, []]
        assert found["types"] == ["torch.float32", "torch.float64", "torch.bfloat16", "torch.float32", "torch.float32"]


@linux
def test_gathered_rows_are_in_the_order_of_the_processes(two) -> None:
    for found in two:
        assert found["gathered"] == [[0, 1], [2, 3], [0, 10], [20, 30]]
        assert found["gathered_integers"] == [[0], [1]]
        assert found["of_columns"] == [[0, 2, 4], [1, 3, 5], [0, 20, 40], [10, 30, 50]]
        assert found["graph"] is False
    assert [found["own"] for found in two] == [[[0, 1], [2, 3]], [[0, 10], [20, 30]]]


@linux
def test_words_reach_everybody(two) -> None:
    for found in two:
        assert found["any"] == [False, True, True, True]
        assert found["told"] == ["first", None]
        assert found["collected"] == [{"rank": 0}, {"rank": 1}]


@linux
def test_they_may_join_again(two) -> None:
    assert [found["again"] for found in two] == [[0, 1], [0, 1]]


@linux
def test_who_is_left_says_so_and_does_not_wait(two) -> None:
    for name in ("average", "gathered", "any", "collect"):
        assert two[0][f"{name} of the rest"].startswith("Another process of this run ended")


def test_a_process_alone_keeps_what_it_has() -> None:
    rows = torch.arange(4.0, requires_grad=True)
    tensors = [torch.tensor([1.0, 2.0]), torch.tensor(3.0)]
    ALONE.average(tensors)
    assert [tensor.tolist() for tensor in tensors] == [[1, 2], 3]
    assert torch.equal(ALONE.gathered(rows), rows) and not ALONE.gathered(rows).requires_grad
    assert torch.equal(ALONE.own(rows), rows)
    assert ALONE.any(True) and not ALONE.any(False)
    assert ALONE.broadcast("word") == "word" and ALONE.collect("word") == ["word"] and ALONE.leads


def test_own_rows_of_three_processes() -> None:
    assert [Processes(rank, 3).own(torch.arange(6)).tolist() for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]


TORCHRUN = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}


def test_a_process_is_one_of_several_only_where_a_launcher_says_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TORCHRUN:
        monkeypatch.delenv(name, raising=False)
    assert not launched()
    for name, value in TORCHRUN.items():
        assert not launched()
        monkeypatch.setenv(name, value)
    assert launched()
    with joined() as processes:  # of a world of one: there is nobody to meet, and nothing to wait for
        assert processes is ALONE
    assert not torch.distributed.is_initialized()
