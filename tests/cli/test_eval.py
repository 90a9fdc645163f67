"""`ganzoo eval`, as people call it: tables, JSON, files, and one message for whatever is wrong."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from evaluation_cases import add_extractor, lay
from tiny_models import maker

from ganzoo.cards import protocol, registry
from ganzoo.cards.card import Card
from ganzoo.cli import eval_command, main
from ganzoo.evaluation.evaluate import evaluate
from ganzoo.evaluation.samples.results import Evaluation

Capture = pytest.CaptureFixture[str]
GRID = ["--extractor", "grid", "--device", "cpu", "--resamples", "0"]


@pytest.fixture(autouse=True)
def grid(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    add_extractor()


def call(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_two_folders_make_a_table_with_the_protocol(tmp_path: Path, capsys: Capture) -> None:
    outputs, real = lay(tmp_path / "outputs", 12), lay(tmp_path / "real", 12, first=40)
    code, out, err = call(capsys, "eval", f"images:{outputs}", "--data", real, "--metrics", "fd,coverage", *GRID)
    assert code == 0 and "only 12 evaluated images" in err
    head, first, second, *rest = out.splitlines()
    assert head.split() == ["METRIC", "VALUE", "INTERVAL", "REAL", "IMAGES"]
    assert first.startswith("fd-grid-4") and second.startswith("coverage-grid-4")
    assert rest[:2] == ["", "fd-grid-4, coverage-grid-4 (neighbors 5):"]
    assert "12 outputs against 12 real; none, 16x16; area to 4x4; grid-4 (abababab)" in rest[2]


def test_json_goes_to_the_screen_and_to_a_file(tmp_path: Path, capsys: Capture) -> None:
    outputs, real = lay(tmp_path / "outputs", 8), lay(tmp_path / "real", 8, first=40)
    arguments = ["eval", f"images:{outputs}", "--data", real, "--metrics", "fd", *GRID, "--set", "cells=2"]
    code, out, _ = call(capsys, *arguments, "--json", "-o", tmp_path / "a.json", "--report", tmp_path / "r.html")
    shown = json.loads(out)
    assert code == 0 and shown == json.loads((tmp_path / "a.json").read_text())
    assert shown["scores"][0]["metric"] == "fd-grid-2"
    assert "fd-grid-2" in (tmp_path / "r.html").read_text()


def test_a_baseline_without_a_value_of_a_metric_leaves_its_cell_empty(capsys: Capture) -> None:
    sample = protocol.Sample("a", 1)
    scores = [protocol.Score(name, 2.0, protocol.Protocol(name, "x", sample)) for name in ("fd", "identity")]
    eval_command._show(Evaluation("m", "d", scores, baselines={"input": {"fd": 3.0}}))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[:3]]
    assert rows[1][:4] == ["fd", "↓", "2", "3"] and rows[2] == ["identity", "↓", "2"]


def test_scores_of_another_resizer_are_refused_by_compare(tmp_path: Path, capsys: Capture) -> None:
    outputs, real = lay(tmp_path / "outputs", 8, size=32), lay(tmp_path / "real", 8, size=32, first=40)
    for name, resize in (("a", "bicubic"), ("b", "nearest"), ("c", "bicubic")):
        arguments = ["eval", f"images:{outputs}", "--data", real, "--metrics", "fd", "--size", 16, "--resize", resize]
        assert call(capsys, *arguments, *GRID, "-o", tmp_path / f"{name}.json")[0] == 0
    code, out, err = call(capsys, "compare", tmp_path / "a.json", tmp_path / "b.json")
    assert code == 1 and out == "" and err.count("Error") == 1
    assert "resizing" in err and "bicubic" in err and "nearest" in err
    code, out, _ = call(capsys, "compare", tmp_path / "a.json", tmp_path / "c.json")
    assert code == 0 and "fd-grid-4" in out


@pytest.mark.parametrize("wrong", ["empty", "broken", "mixed", "few", "missing", "metric", "nothing"])
def test_bad_input_is_one_message_and_exit_code_1(tmp_path: Path, capsys: Capture, wrong: str) -> None:
    outputs, real = lay(tmp_path / "outputs", 8), lay(tmp_path / "real", 8, first=40)
    metrics, arguments = "fd", ["--data", real]
    if wrong == "empty":
        for path in real.iterdir():
            path.unlink()
    if wrong == "broken":
        (real / "041.png").write_bytes(b"nothing")
    if wrong == "mixed":
        lay(real, 1, size=20, first=70)
    if wrong == "few":
        metrics = "fd-infinity"
    if wrong == "missing":
        arguments = ["--data", tmp_path / "nowhere"]
    if wrong == "metric":
        metrics = "fd,fif"
    if wrong == "nothing":
        arguments = []
    code, out, err = call(capsys, "eval", f"images:{outputs}", *arguments, "--metrics", metrics, *GRID)
    expected = {
        "empty": "holds no images",
        "broken": "041.png",
        "mixed": "have 2 sizes: 16x16 (8), 20x20 (1)",
        "few": "8 images are too few",
        "missing": "There is no",
        "metric": "No metric is called 'fif'. Did you mean 'fid'",
        "nothing": "give --data",
    }[wrong]
    assert (code, out) == (1, "") and err.startswith("Error: ") and expected in err and "Traceback" not in err


def test_inception_without_network_is_one_message_that_names_the_ways_out(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    real = lay(tmp_path / "real", 8)
    code, out, err = call(capsys, "eval", f"images:{real}", "--data", real, "--metrics", "fid", "--device", "cpu")
    assert (code, out) == (1, "") and err.count("Error") == 1 and "Traceback" not in err
    assert "weights" in err and "efficientnet-lite0" in err


def test_without_a_reference_the_usage_is_reported(capsys: Capture) -> None:
    code, _, err = call(capsys, "eval")
    assert code == 2 and "images:FOLDER" in err and "--registry" in err


# ---- published scores, again -----------------------------------------------------------------------------------------


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """A card whose score was measured here, found by its name as a published one."""
    lay(tmp_path / "sets" / "real", 12)
    model = maker()
    settings = {"extractor": "grid", "number": 9, "seed": 2, "resamples": 0, "device": "cpu"}
    scores = evaluate(model, tmp_path / "sets" / "real", metrics=["fd", "coverage"], **settings).scores
    card = dataclasses.replace(model.card, scores=tuple(scores))
    monkeypatch.setattr(registry, "cards", lambda pattern="*", task=None: [card])
    monkeypatch.setattr("ganzoo.evaluation.setup.load.load", lambda *arguments, **options: maker())
    return card


def test_published_scores_are_measured_again(tmp_path: Path, capsys: Capture, published: Card) -> None:
    code, out, err = call(capsys, "eval", "--registry", "--data", tmp_path / "sets", "--device", "cpu")
    assert (code, err) == (0, "")
    assert out.count("tiny/maker") == out.count("agrees") == 2 and "fd-grid-4" in out
    code, out, _ = call(capsys, "eval", "--registry", "--data", tmp_path / "sets" / "real", "--device", "cpu", "--json")
    found = json.loads(out)
    assert [one["published"]["value"] for one in found] == [one.value for one in published.scores]
    assert [one["now"] for one in found] == [one["published"] for one in found]
    arguments = ["--data", tmp_path / "sets" / "real", "--metrics", "coverage-grid-4", "--device", "cpu", "--json"]
    (only,) = json.loads(call(capsys, "eval", "--registry", "tiny/*", *arguments)[1])
    assert only["now"]["metric"] == "coverage-grid-4"


def test_what_is_measured_alike_is_measured_together(
    tmp_path: Path, capsys: Capture, published: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[int] = []
    monkeypatch.setattr("ganzoo.evaluation.setup.load.load", lambda *_, **__: loads.append(1) or maker())
    call(capsys, "eval", "--registry", "--data", tmp_path / "sets", "--device", "cpu")
    assert len(loads) == 1 and len(published.scores) == 2


def test_a_score_that_was_not_measured_so_is_reported(
    tmp_path: Path, capsys: Capture, published: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = published.scores[0]
    wrong = dataclasses.replace(published, scores=(dataclasses.replace(score, value=score.value * 1.1),))
    monkeypatch.setattr(registry, "cards", lambda pattern="*", task=None: [wrong])
    code, out, err = call(capsys, "eval", "--registry", "--data", tmp_path / "sets", "--device", "cpu")
    assert code == 1 and "differs" in out and err.startswith("Error: some scores differ from the published ones")


def test_other_images_than_the_published_are_reported(tmp_path: Path, capsys: Capture, published: Card) -> None:
    lay(tmp_path / "sets" / "real", 1, first=99)
    code, out, _ = call(capsys, "eval", "--registry", "--data", tmp_path / "sets", "--device", "cpu")
    assert code == 1 and "different protocol: real.count 12 / 13, real.sha256" in out


def test_a_set_that_is_not_there_is_named(tmp_path: Path, capsys: Capture, published: Card) -> None:
    code, _, err = call(capsys, "eval", "--registry", "--data", tmp_path / "elsewhere")
    assert code == 1 and "tiny/maker was scored on 'real'" in err and "Give the folder that contains it" in err
    assert protocol.differences(published.scores[0].protocol, published.scores[0].protocol) == {}
