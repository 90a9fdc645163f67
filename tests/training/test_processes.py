"""Two processes train as one does with the same whole batch, and a batch in parts teaches what the whole one does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from launched import complete, linux
from training_cases import Watcher, checkpoint, lines, make_data, train

import ganzoo
from ganzoo.training import run_lock

pytestmark = [linux, pytest.mark.usefixtures("one_thread")]

STEPS = 3
TOLERANCE = 1e-5  # of the largest weight: rounding gives 1e-6, another random number 1e-3
_DCGAN = {
    "batch_size": 4,
    "options": {"image_size": 16, "augment": "color,translation,cutout"},
    "part_options": {"generator": {"width": 4, "norm": "none"}, "discriminator": {"width": 4, "norm": "none"}},
}
_SPECTRAL = {**_DCGAN["part_options"], "discriminator": {"width": 4, "norm": "spectral"}}
_CYCLEGAN = {
    "batch_size": 4,
    "options": {
        "image_size": 16,
        "pool_size": 3,
        "identity_weight": 0.5,
        "augment": "color,translation,cutout",
        "clip_norm": 1.0,
        "warmup": 0.5,
    },
    "part_options": {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "receptive_field": 16}},
}

# No batch norm: it would see half of the batch. No dropout: each process draws its own.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "cyclegan": ("cyclegan", _CYCLEGAN),
    "cyclegan-penalized": ("cyclegan", {**_CYCLEGAN, "options": {**_CYCLEGAN["options"], "r1": 1.0}}),
    "dcgan": ("dcgan", _DCGAN),
    "dcgan-spectral": ("dcgan", {**_DCGAN, "part_options": _SPECTRAL}),
    "dcgan-wgan-gp": ("dcgan", {**_DCGAN, "parts": {"loss": "wgan-gp"}}),
    "dcgan-r1": ("dcgan", {**_DCGAN, "options": {**_DCGAN["options"], "r1": 1.0, "discriminator_steps": 2}}),
}

# Under torchrun: every case, one after the other, then a run that one process began.
TOGETHER = """
import json, sys
from pathlib import Path
import torch, ganzoo
from training_cases import Watcher, train
torch.set_num_threads(1)
folder = Path(sys.argv[1])
for name, (recipe, values) in json.loads((folder / "cases.json").read_text()).items():
    train(recipe, folder, name, **values)
watcher = Watcher()
ganzoo.resume(folder / "grown", steps=5, reporter=watcher)
if watcher.started:
    (folder / "notes.json").write_text(json.dumps(watcher.notes))
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every case trained by one process (``NAME-alone``) and by two (``NAME``)."""
    folder = tmp_path_factory.mktemp("together")
    cases = {name: (recipe, {**values, "steps": STEPS, "log_every": 1}) for name, (recipe, values) in CASES.items()}
    for kind in ("images", "unpaired"):
        make_data(folder, kind)
    for name, (recipe, values) in cases.items():
        train(recipe, folder, f"{name}-alone", **values)
    shutil.copytree(folder / "dcgan-alone", folder / "grown")
    cases["cyclegan-in-parts"] = ("cyclegan", {**cases["cyclegan"][1], "accumulate": 2})
    (folder / "cases.json").write_text(json.dumps(cases))
    (folder / "together.py").write_text(TOGETHER)
    log = folder / "log.txt"
    assert complete(log, folder / "together.py", folder, processes=2) == 0, log.read_text()
    return folder


def assert_learned_the_same(one: Path, other: Path) -> None:
    """Weights and losses agree to rounding.

    Biases are left out: before an instance norm they have no gradient but rounding noise, which Adam blows up to
    whole steps, and which changes no output.
    """
    first, second = (checkpoint(run, STEPS) for run in (one, other))
    for kind in ("networks", "averages"):
        for name, expected in first[kind].items():
            largest = max(weight.abs().max() for weight in expected.values() if weight.dim() > 1)
            for key, weight in expected.items():
                if weight.dim() > 1:
                    worst = (second[kind][name][key] - weight).abs().max() / largest
                    assert worst <= TOLERANCE, (kind, name, key, worst)
    logs = lines(one), lines(other)
    assert [line["step"] for line in logs[0]] == list(range(1, STEPS + 1))
    for expected, found in zip(*logs, strict=True):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_two_processes_equal_one_with_the_same_whole_batch(trained: Path, case: str) -> None:
    assert_learned_the_same(trained / f"{case}-alone", trained / case)


def test_a_batch_in_parts_equals_the_whole_one(tmp_path: Path, trained: Path) -> None:
    """Of a recipe whose generators learn first. Where D does, G's earlier parts see D before its update."""
    run = train("cyclegan", tmp_path, **_CYCLEGAN, steps=STEPS, log_every=1, accumulate=2)
    first, second = (checkpoint(folder, STEPS)["recipe"] for folder in (trained / "cyclegan-alone", run))
    for side in ("a", "b"):  # the pool, picture by picture
        assert len(first[side]) == len(second[side]) == 3
        assert all(torch.allclose(*pair, atol=1e-5) for pair in zip(first[side], second[side], strict=True))
    for name in ("a2b", "discriminator_a"):
        expected, found = (checkpoint(folder, STEPS)["networks"][name] for folder in (trained / "cyclegan-alone", run))
        assert all(torch.allclose(found[k], w, atol=1e-6) for k, w in expected.items() if w.dim() > 1)


def test_parts_and_processes_together_equal_the_whole_batch(trained: Path) -> None:
    expected, found = (checkpoint(trained / name, STEPS) for name in ("cyclegan-alone", "cyclegan-in-parts"))
    for name, network in expected["networks"].items():
        assert all(torch.allclose(found["networks"][name][k], w, atol=1e-6) for k, w in network.items() if w.dim() > 1)


def test_every_process_has_random_numbers_of_its_own(trained: Path) -> None:
    random = checkpoint(trained / "cyclegan", STEPS)["random"]
    assert len(random) == 2
    assert not torch.equal(random[0]["torch"], random[1]["torch"]) and random[0]["python"] != random[1]["python"]


def test_fewer_processes_go_on_with_a_run_and_say_so(tmp_path: Path, trained: Path) -> None:
    run, watcher = tmp_path / "shrunk", Watcher()
    shutil.copytree(trained / "dcgan", run)
    ganzoo.resume(run, steps=STEPS + 1, reporter=watcher)
    assert watcher.started == [(STEPS, STEPS + 1)]
    assert [
        note for note in watcher.notes if note.startswith("2 process(es) trained this run so far, and 1 train it now")
    ]


def test_more_processes_go_on_with_a_run_and_say_so(trained: Path) -> None:
    assert len(checkpoint(trained / "grown", 5)["random"]) == 2
    notes = json.loads((trained / "notes.json").read_text())
    assert [note for note in notes if note.startswith("1 process(es) trained this run so far, and 2 train it now")]


def said_by(logs: Path, rank: int) -> list[str]:
    """Return the lines on stderr of one of torchrun's workers."""
    (path,) = logs.glob(f"*/attempt_0/{rank}/stderr.log")
    return path.read_text().splitlines()


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_one_clear_error(tmp_path: Path) -> None:
    data, run, logs = make_data(tmp_path, "images"), tmp_path / "run", tmp_path / "logs"
    line = ["--log-dir", logs, "--redirects", 3, "-m", "ganzoo", "train", "dcgan", data, "-o", run]
    assert complete(tmp_path / "log.txt", *line, "--batch-size", 3, "--device", "cpu", processes=2) != 0
    text = "Error: batch_size=3 cannot be split evenly: 2 processes with 1 micro-batches each. Set batch_size=2 or 4"
    # Whoever is first ends the others, who may not come to say it.
    said = {prefix: said_by(logs, rank) for rank, prefix in enumerate(("", "[process 1] "))}
    assert any(said.values())
    assert all(line.startswith(prefix + text) for prefix, lines in said.items() for line in lines), said
    assert not run.exists()


@pytest.mark.slow
def test_a_run_that_another_process_trains_is_left_at_once_by_all(tmp_path: Path, trained: Path) -> None:
    run, logs = tmp_path / "run", tmp_path / "logs"
    shutil.copytree(trained / "dcgan", run)
    with run_lock.locked(run):
        line = ["--log-dir", logs, "--redirects", 3, "-m", "ganzoo", "train", "--resume", run, "--steps", 9]
        assert complete(tmp_path / "log.txt", *line, processes=2) != 0
    assert [line for line in said_by(logs, 0) if line.startswith(f"Error: {run} is being trained by process")]
    if "exitcode  : -15 " not in (tmp_path / "log.txt").read_text():  # torchrun may end it before it notices
        (said,) = said_by(logs, 1)
        assert said.startswith("[process 1] Error: Another process of this run ended")


def test_an_error_names_the_process_that_has_it(ganzoo_command, monkeypatch: pytest.MonkeyPatch) -> None:
    for rank, prefix in (("1", "[process 1] "), ("0", "")):
        monkeypatch.setenv("RANK", rank)
        assert ganzoo_command("info", "no/such").stderr.startswith(f"{prefix}Error: ")
