"""ganzoo compare: cards and files side by side, and refusals with exit code 1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_models import maker, score, translator, write_registry

import ganzoo
from ganzoo.cards import registry
from ganzoo.cards.protocol import Score
from ganzoo.errors import OptionError
from ganzoo.evaluation.samples.results import Evaluation
from tests.cli.test_main import call

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def zoo(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """tiny/maker has a kid of 0.5, tiny/translator one of 0.25 and a psnr."""
    scores = (score("kid", 0.25), score("psnr", 20.0))
    cards = maker(scores=(score("kid", 0.5),)).card, translator(scores=scores).card
    path = write_registry(tmp_path / "registry.json", *cards)
    monkeypatch.setattr(registry, "own_path", lambda: path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(name: str, *scores: Score, model: str = "dir:mine") -> str:
    Evaluation(model, "horses", list(scores)).save(name)
    return name


def rows(out: str) -> list[list[str]]:
    """Return the cells of the printed table, by the columns of its head."""
    lines = out.partition("\n\n")[0].splitlines()
    starts = [k for k, letter in enumerate(lines[0]) if letter != " " and (k == 0 or lines[0][k - 1] == " ")]
    ends = [*starts[1:], None]
    return [[line[a:b].strip() for a, b in zip(starts, ends, strict=True)] for line in lines]


def test_python_compares_references_files_and_evaluations(zoo: Path) -> None:
    path = saved("mine.json", score("kid", 0.125))
    evaluations = [Evaluation("dir:x", "horses", [score("kid", value)]) for value in (0.75, 0.0625)]
    table = ganzoo.compare("tiny/maker", Path(path), *evaluations, metrics=["kid"])
    assert table.models == ("tiny/maker", "dir:mine", "dir:x", "dir:x (2)")
    (row,) = table.rows
    assert [row.scores[name].value for name in table.models] == [0.5, 0.125, 0.75, 0.0625]
    assert row.best == ("dir:x (2)",)
    for wrong in (("tiny/maker",), ("tiny/maker", "tiny/maker"), (evaluations[0], evaluations[0])):
        with pytest.raises(OptionError, match="two models or more, each once"):
            ganzoo.compare(*wrong)


def test_cards_of_the_registry_are_compared(capsys: Capture) -> None:
    code, out, err = call(capsys, "compare", "tiny/maker", "tiny/translator")
    assert (code, err) == (0, "")
    assert rows(out) == [
        ["METRIC", "tiny/maker", "tiny/translator"],
        ["kid ↓", "0.5", "0.25 *"],
        ["psnr ↑", "", "20"],
    ]
    assert "\n* best\n" in out
    assert f"\nkid, psnr:\n  {score('kid', 0).protocol}\n" in out


def test_a_card_and_a_file_and_a_folder_are_compared(capsys: Capture, zoo: Path) -> None:
    close = Score("kid", 0.26, score("kid", 0).protocol, 0.2, 0.3)
    maker(scores=(score("kid", 0.125),)).save(zoo / "folder")
    code, out, _ = call(capsys, "compare", "tiny/translator", saved("mine.json", close), "--metrics", "kid")
    assert code == 0
    assert rows(out) == [["METRIC", "tiny/translator", "dir:mine"], ["kid ↓", "0.25 ~", "0.26 [0.2, 0.3]"]]
    assert "\n~ best, but intervals overlap\n" in out
    code, out, _ = call(capsys, "compare", "tiny/translator", "dir:folder", "--metrics", "kid")
    assert rows(out)[1] == ["kid ↓", "0.25", "0.125 *"]


def test_two_files_of_one_model_have_a_column_each(capsys: Capture) -> None:
    one, two = saved("one.json", score("psnr", 1.0)), saved("two.json", score("psnr", 2.0))
    values = json.loads(call(capsys, "compare", one, two, "--json")[1])
    assert values["models"] == ["dir:mine", "dir:mine (two.json)"]
    card = saved("card.json", score("kid", 2.0), model="tiny/maker")
    values = json.loads(call(capsys, "compare", card, "tiny/maker", "--json")[1])
    assert values["models"] == ["tiny/maker (card.json)", "tiny/maker"]


def test_json_has_every_score_with_its_protocol(capsys: Capture) -> None:
    values = json.loads(call(capsys, "compare", "tiny/maker", "tiny/translator", "--json")[1])
    kid, psnr = values["metrics"]
    assert values["models"] == ["tiny/maker", "tiny/translator"]
    assert (kid["metric"], kid["better"], kid["best"]) == ("kid", "lower", ["tiny/translator"])
    assert kid["scores"]["tiny/maker"] == score("kid", 0.5).to_dict()
    assert list(psnr["scores"]) == ["tiny/translator"]


def test_a_pair_that_differs_only_in_the_resizer_is_refused(capsys: Capture) -> None:
    ours = saved("ours.json", score("fid", 62.0, resizing="bilinear to 299x299"), model="ours")
    theirs = saved("theirs.json", score("fid", 66.0, resizing="bicubic, antialiased, to 299x299"), model="theirs")
    for more in ((), ("--json",)):
        code, out, err = call(capsys, "compare", ours, theirs, *more)
        assert (code, out) == (1, "")
        assert err.splitlines() == [
            "Error: Scores that were measured under different protocols cannot be compared.",
            "fid of ours and of theirs differ in",
            "  resizing: 'bilinear to 299x299' and 'bicubic, antialiased, to 299x299'",
            "Measure both again with the same options of `ganzoo eval`.",
        ]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["tiny/maker"], 2, "Give two models or more"),
        (["tiny/maker", "tiny/maker"], 2, "Give two models or more"),
        (["tiny/maker", "tiny/makr"], 1, "Did you mean 'tiny/maker'?"),
        (["tiny/maker", "none.json"], 1, "none.json does not exist"),
        (["tiny/maker", "registry.json"], 1, "registry.json contains no evaluation"),
        (
            ["tiny/maker", "tiny/translator", "--metrics", "fid"],
            1,
            "called 'fid'. Did you mean 'kid'? They have kid, psnr",
        ),
        (
            ["tiny/maker", "tiny/translator", "--metrics", "psnr"],
            1,
            "tiny/maker shares none of psnr with tiny/translator",
        ),
    ],
)
def test_what_cannot_be_compared_is_one_message(capsys: Capture, arguments: list[str], code: int, text: str) -> None:
    given: Any = call(capsys, "compare", *arguments)
    assert given[:2] == (code, "") and text in given[2] and "Traceback" not in given[2]
