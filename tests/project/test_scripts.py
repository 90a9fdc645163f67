"""The scripts that score models and bundle them with the package."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, script
from PIL import Image
from tiny_models import translator

from ganzoo.cards import registry
from ganzoo.evaluation.reproduce import reproduce


def test_scores_are_measured_as_specified_and_written_to_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    score, bundle = script("score"), sys.modules["bundle"]
    (tmp_path / "scripts").mkdir()
    call = {"metrics": ["is"], "data": [], "number": 40, "extractor": "fashion-mnist"}
    facts = {"vanilla/fashion-mnist": {"evaluate": [call]}, "lsgan/fashion-mnist": {}}
    (tmp_path / "scripts" / "bundled.json").write_text(json.dumps(facts))
    (tmp_path / "registry.json").write_bytes((ROOT / "registry.json").read_bytes())
    for module in (score, bundle):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["score.py", str(tmp_path), "vanilla/*"])
    score.main()
    cards = {card.name: card for card in registry.read_registry(tmp_path / "registry.json")}
    (one,) = cards["vanilla/fashion-mnist"].scores
    assert one.metric == "is-fashion-mnist" and one.value == float(f"{one.value:.5g}")
    assert one.protocol.generated.count == 40 and one.protocol.call["number"] == 40
    assert cards["lsgan/fashion-mnist"] == next(c for c in registry.cards() if c.name == "lsgan/fashion-mnist")


@pytest.mark.slow
def test_a_published_score_is_what_is_measured_again() -> None:
    """The cheapest one: it needs no dataset, only the bundled generator and extractor."""
    (one,) = reproduce("vanilla/fashion-mnist", [], ["is-fashion-mnist"], device="cpu")
    assert one.published.protocol.generated.count == 10_000
    assert one.unlike == {} and one.now.value == pytest.approx(one.published.value, rel=1e-3)


def test_every_published_model_has_scores_that_can_be_measured_again() -> None:
    for card in registry.cards():
        # Style transfer has no ground truth to compare with.
        assert card.scores or card.does.inputs == ("style",), card.name
        for score in card.scores:
            assert score.protocol.call["metrics"] and score.protocol.metric == score.metric
            assert bool(score.protocol.extractor) == bool(score.protocol.extractor_sha256)


def test_a_run_is_bundled_with_its_card_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = script("bundle")
    translator().save(tmp_path / "run")
    (tmp_path / "registry.json").write_text('{"format": 1, "cards": []}')
    facts = {"cyclegan/tiny": {"summary": "Tiny", "license": "mit", "dataset": {"name": "Tiny Horses"}}}
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    arguments = [str(tmp_path / "run"), "cyclegan/tiny", "--facts", str(tmp_path / "facts.json")]
    monkeypatch.setattr(sys, "argv", ["bundle.py", *arguments])
    for _ in range(2):  # the second time replaces the card
        bundle.main()
    (card,) = registry.read_registry(tmp_path / "registry.json")
    path = tmp_path / "plugins/ganzoo_plugins/cyclegan/weights/tiny.safetensors"
    assert (card.name, card.weights.file) == ("cyclegan/tiny", "ganzoo_plugins.cyclegan:weights/tiny.safetensors")
    assert card.weights.bytes == path.stat().st_size and card.weights.dtype == "float16"
    assert card.training.recipe == "cyclegan" and card.dataset.name == "Tiny Horses"


def test_the_images_of_a_sheet_are_spread_over_all_held_out_images() -> None:
    sheets = script("sheets")
    assert sheets.spread(12) == list(range(12)) and sheets.spread(5) == list(range(5))
    for count in (13, 24, 60, 117):
        places = sheets.spread(count)
        gaps = {second - first for first, second in itertools.pairwise(places)}
        assert len(places) == 12 and places[0] >= 0 and places[-1] < count
        assert max(gaps) - min(gaps) <= 1 and places[0] == pytest.approx(count - 1 - places[-1], abs=1)


def test_a_sheet_has_inputs_and_results_side_by_side() -> None:
    sheets = script("sheets")
    shades = [[Image.new("RGB", (sheets.CELL, sheets.CELL), (10 * n, 100 * k, 0)) for k in range(2)] for n in range(12)]
    sheet = sheets.sheet(shades)
    assert sheet.size == (3 * 2 * sheets.CELL + 2 * sheets.GAP, 4 * sheets.CELL + 3 * sheets.GAP)
    for number in range(12):
        line, column = divmod(number, 3)
        left, top = column * (2 * sheets.CELL + sheets.GAP), line * (sheets.CELL + sheets.GAP)
        for place in range(2):
            found = sheet.getpixel((left + place * sheets.CELL + 5, top + 5))
            assert found == (10 * number, 100 * place, 0)


GROUPS = {"test_one.py": "def test_one():\n    assert {}\n", "training/test_two.py": "def test_two():\n    assert {}\n"}


@pytest.mark.parametrize(
    ("passing", "ending", "code"),
    [((True, True), "2 passed, 0 failed, 0 skipped", 0), ((False, True), "1 passed, 1 failed, 0 skipped", 1),
     ((True, False), "1 passed, 1 failed, 0 skipped", 1)],
)  # fmt: skip
@pytest.mark.slow
def test_both_groups_of_tests_run_and_are_added_up(
    tmp_path: Path, passing: tuple[bool, bool], ending: str, code: int
) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "tests" / "training").mkdir(parents=True)
    for name in ("test", "totals.py"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    for (name, text), passes in zip(GROUPS.items(), passing, strict=True):
        (tmp_path / "tests" / name).write_text(text.format(passes))
    environment = {**os.environ, "PYTHON": sys.executable, "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    command = ["bash", str(tmp_path / "scripts" / "test")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.stdout.splitlines()[-1], done.returncode) == (ending, code), done.stdout + done.stderr


def test_a_group_that_wrote_no_report_is_an_error(tmp_path: Path) -> None:
    totals = script("totals")
    assert totals.line(totals.totals([tmp_path / "none.xml"])) == "0 passed, 0 failed, 1 error, 0 skipped"
