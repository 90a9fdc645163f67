"""ganzoo list, info, plugins: what they show."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_models import maker, publish, run_python, translator, write_registry

import ganzoo
from ganzoo.cards import registry
from ganzoo.cards.card import Card, Weights, card_from_dict
from ganzoo.cli import model_table, output
from ganzoo.files.limits import format_size
from tests.cli.test_main import call

Capture = pytest.CaptureFixture[str]
BUNDLED = registry.own_path()


@pytest.fixture(autouse=True)
def cards(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Card, Card]:
    """tiny/maker is here, tiny/translator is on a Hub."""
    here = maker(summary="Makes gray squares", parameters=12_345).save(tmp_path / "zoo")
    away = translator(
        weights=Weights("model.safetensors", "ab" * 32, 9, repo="alice/m", revision="c0ffee"),
        limits="Only squares.",
        tried=("Circles: kid 0.9.",),
    ).card
    path = write_registry(tmp_path / "zoo" / "registry.json", away, here)
    monkeypatch.setattr(registry, "own_path", lambda: path)
    return here, away


@pytest.fixture
def bundled(cards: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the registry that ganzoo brings, not the tiny one."""
    monkeypatch.setattr(registry, "own_path", lambda: BUNDLED)
    registry.refresh()


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let output go to a terminal of this many columns."""

    def resize(columns: int) -> None:
        monkeypatch.setattr(output, "is_piped", lambda: False)
        monkeypatch.setattr(output, "terminal_width", lambda: columns)

    return resize


def test_another_program_gets_a_tab_separated_line_for_each_model(capsys: Capture, cards: tuple[Card, Card]) -> None:
    weights = cards[0].weights
    assert weights
    code, out, err = call(capsys, "list")
    assert (code, err) == (0, "")
    assert [line.split("\t") for line in out.splitlines()] == [
        ["NAME", "WHAT", "SIZE", "LICENSE", "GRADE"],
        ["tiny/maker", "Makes gray squares", format_size(weights.bytes), "mit", ""],
        ["tiny/translator", "", "1 kB", "mit", ""],
    ]
    rows = [line.split("\t") for line in call(capsys, "list", "--long")[1].splitlines()]
    assert rows[0] == [*model_table.ALL]
    assert rows[1][2:7] == ["unconditional-image-generation", "16x16 gray", "12.3k", "", "-"] and rows[1][-1] == "yes"
    assert rows[2][2:7] == ["image-to-image", "64x64 RGB", "", "Tiny Horses", "kid 0.25 ↓"] and rows[2][-1] == "no"


@pytest.mark.parametrize("columns", [80, 120, 320])
def test_every_line_fits_the_terminal(columns: int, capsys: Capture, on_terminal: Any, bundled: None) -> None:
    on_terminal(columns)
    code, out, err = call(capsys, "list")
    lines = out.splitlines()
    assert code == 0 and max(map(len, lines)) <= columns
    assert "recommended: good enough to use" in lines and not any(line.startswith("experimental") for line in lines)
    assert err == f"{len(registry.cards(grade='experimental'))} experimental models are hidden. --all shows them.\n"
    assert ("DATASET" in lines[0]) == (columns == 320), "a wider terminal shows more"
    assert "experimental: not good enough to use yet" in call(capsys, "list", "--all")[1]
    assert "DATASET" in call(capsys, "list", "--long")[1].splitlines()[0]


def test_a_grade_filters_and_a_pattern_shows_experimental_models_too(capsys: Capture, bundled: None) -> None:
    def names(*arguments: str) -> list[str]:
        return [card["name"] for card in json.loads(call(capsys, "list", "--json", *arguments)[1])]

    experimental = ganzoo.list_models(grade="experimental")
    assert experimental and names("--grade", "experimental") == experimental
    assert not set(names()) & set(experimental) and names("--all") == ganzoo.list_models()
    assert names("cyclegan/*") == ganzoo.list_models("cyclegan/*") != []
    code, _, err = call(capsys, "list", "--grade", "recomended")
    assert (code, "Did you mean 'recommended'?" in err) == (1, True)


def test_patterns_and_tasks_filter(capsys: Capture) -> None:
    def names(*arguments: str) -> list[str]:
        return [card["name"] for card in json.loads(call(capsys, "list", "--json", *arguments)[1])]

    assert names() == names("tiny/*") == ["tiny/maker", "tiny/translator"]
    assert names("*/m*") == ["tiny/maker"]
    assert names("--task", "image-to-image") == ["tiny/translator"]
    assert names("cyclegan/*") == names("tiny/m*", "--task", "image-to-image") == []


def test_json_holds_the_whole_card(capsys: Capture, cards: tuple[Card, Card]) -> None:
    listed = json.loads(call(capsys, "list", "--json")[1])
    for card, values in zip(cards, listed, strict=True):
        assert values.pop("here") is (card.name == "tiny/maker")
        assert card_from_dict(values, "x") == card


def test_scores_are_listed_with_their_protocols(capsys: Capture, cards: tuple[Card, Card]) -> None:
    code, out, err = call(capsys, "list", "--scores")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split() == ["NAME", "METRIC", "VALUE", "INTERVAL", "PROTOCOL"]
    assert lines[1].split() == ["tiny/translator", "kid", "↓", "0.25", "1"]
    assert lines[2:3] == [""] and lines[3].startswith("1  64 generated, seed 0 against 64 horses, test; ")
    (listed,) = json.loads(call(capsys, "list", "--scores", "--json")[1])
    assert listed == {"name": "tiny/translator", **cards[1].scores[0].to_dict()}
    code, out, err = call(capsys, "list", "tiny/maker", "--scores")
    assert (code, out) == (0, "") and "None of these models has scores" in err
    assert call(capsys, "list", "--scores", "--hub")[0] == 2


def test_no_match_says_what_a_pattern_is(capsys: Capture) -> None:
    assert call(capsys, "list", "tiny") == (0, "", "No model matches 'tiny'. For a whole family, write 'tiny/*'.\n")
    assert call(capsys, "list", "x*")[2] == "No model matches 'x*'. `ganzoo list` shows all 2.\n"
    assert call(capsys, "list", "zzz")[2] == "No model matches 'zzz'. `ganzoo list` shows all 2.\n"
    assert "Did you mean 'tiny/maker'?" in call(capsys, "list", "tiny/makr")[2]


def test_an_empty_registry_is_reported_to_be_empty(
    capsys: Capture, fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_registry(tmp_path / "empty" / "registry.json")
    monkeypatch.setattr(registry, "own_path", lambda: path)
    registry.refresh()
    code, out, err = call(capsys, "list")
    assert (code, out) == (0, "") and err.startswith("The registry holds no models.") and "'*'" not in err


@pytest.mark.parametrize(
    ("metric", "arrow"), [("psnr", " ↑"), ("kid", " ↓"), ("fd-efficientnet-lite0", " ↓"), ("charm", "")]
)
def test_a_known_score_shows_which_way_is_better(metric: str, arrow: str) -> None:
    assert output.direction_arrow(metric) == arrow


def test_an_output_without_arrows_gets_words(ganzoo_command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "z").mkdir()
    env = publish(tmp_path / "z", translator().card) | {"PYTHONIOENCODING": "ascii"}
    done = ganzoo_command("list", "tiny/*", "--long", env=env)
    assert (done.returncode, "kid 0.25 (down)" in done.stdout) == (0, True), done.stderr


def test_info_of_an_entry_shows_its_parts_and_options(capsys: Capture) -> None:
    code, out, err = call(capsys, "info", "generator:dcgan")
    lines = [line.split() for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert out.startswith("generator:dcgan: ")
    assert ["paper", "arXiv:1511.06434"] in lines and ["task", "unconditional-image-generation"] in lines
    assert ["OPTION", "TYPE", "DEFAULT", "ALLOWED"] in lines
    assert ["norm", "str", "batch", "batch,", "none,", "spectral"] in lines
    assert ["width", "int", "64", "at", "least", "1"] in lines
    notes = call(capsys, "info", "recipe:cut")[1].split("ALLOWED")[1].split("\n\n", 1)[1].splitlines()
    assert len(notes) > 3 and all(len(line) < 120 for line in notes), "options are explained line by line"
    recipe = [line.split() for line in call(capsys, "info", "recipe:dcgan")[1].splitlines()]
    assert ["data", "images"] in recipe and ["part", "generator", "generator:dcgan"] in recipe


def test_info_of_an_entry_as_json(capsys: Capture) -> None:
    about = json.loads(call(capsys, "info", "--json", "generator:dcgan")[1])
    assert (about["entry"], about["plugin"]) == ("generator:dcgan", "ganzoo_plugins.dcgan")
    options = {option.pop("name"): option for option in about["options"]}
    assert options["channels"] == {"type": "int", "default": 3, "choices": None, "limits": "at least 1"}
    choices = ["batch", "none", "spectral"]
    assert options["norm"] == {"type": "str", "default": "batch", "choices": choices, "limits": ""}
    assert options["width"] == {"type": "int", "default": 64, "choices": None, "limits": "at least 1"}


def test_info_of_a_misspelled_entry_gets_a_suggestion(capsys: Capture) -> None:
    code, _, err = call(capsys, "info", "recipe:dcgna")
    assert (code, "Did you mean 'dcgan'?" in err) == (1, True)


def test_info_is_a_dozen_lines_that_end_with_a_command(capsys: Capture, bundled: None) -> None:
    for name in ganzoo.list_models():
        code, out, err = call(capsys, "info", name)
        lines = out.splitlines()
        assert (code, err) == (0, "") and len(lines) <= 20 and max(map(len, lines)) <= 80, name
        assert lines[0].startswith(f"{name}: ") and "  grade  " in out
        assert lines[-1].startswith((f"ganzoo translate {name} ", f"ganzoo generate {name} "))
    brief, whole = (call(capsys, "info", "cyclegan/horse2zebra", *flag)[1] for flag in ((), ("--verbose",)))
    assert "SHA-256" in whole and "SHA-256" not in brief and len(whole) > 4 * len(brief)


def test_info_names_the_reference_where_the_card_is_called_otherwise(capsys: Capture, tmp_path: Path) -> None:
    ref = f"dir:{tmp_path / 'zoo'}"
    lines = call(capsys, "info", ref)[1].splitlines()
    assert lines[0].startswith("tiny/maker") and lines[1].split() == ["reference", ref]
    assert "reference" not in call(capsys, "info", "tiny/maker")[1]


def test_an_unknown_task_gets_a_suggestion(capsys: Capture) -> None:
    code, _, err = call(capsys, "list", "--task", "image-to-imag")
    assert (code, "Did you mean 'image-to-image'?" in err) == (1, True)
    assert call(capsys, "list", "--entries", "--task", "image-to-image")[0] == 2


def test_entries_are_listed_by_kind_and_name(capsys: Capture) -> None:
    out = call(capsys, "list", "--entries")[1]
    for spec in ("generator:resnet", "discriminator:patchgan", "loss:hinge", "recipe:cyclegan"):
        assert f"\n{spec} " in out
    only = json.loads(call(capsys, "list", "--entries", "--json", "loss:*")[1])
    assert only == json.loads(call(capsys, "list", "--entries", "--json", "loss")[1])
    assert {entry["entry"].partition(":")[0] for entry in only} == {"loss"}
    (pix2pix,) = json.loads(call(capsys, "list", "--entries", "--json", "pix2pix")[1])
    assert pix2pix["data"] == "paired" and "generator" in pix2pix["parts"] and "learning_rate" in pix2pix["options"]
    assert "No entry matches 'x'" in call(capsys, "list", "--entries", "x")[2]


def test_info_shows_licenses_scores_and_limits(capsys: Capture) -> None:
    code, out, err = call(capsys, "info", "tiny/translator", "--verbose")
    facts = {line[2:].split("  ")[0]: line.rsplit("  ", 1)[-1] for line in out.splitlines()[1:]}
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "tiny/translator"
    assert facts["license of the weights"] == "mit"
    assert facts["license of the data"] == "cc-by-4.0"
    assert facts["data set"] == "Tiny Horses, train, 3 images"
    assert facts["kid"].startswith("0.25 (64 generated, seed 0 against 64 horses, test; ")
    assert facts["limits"] == "Only squares."
    assert facts["tried"] == "Circles: kid 0.9."
    assert facts["SHA-256"] == "ab" * 32
    assert call(capsys, "info", "tiny/maker")[1].startswith("tiny/maker: Makes gray squares\n")


def test_info_as_json_is_the_card_wherever_it_is(capsys: Capture, cards: tuple[Card, Card], tmp_path: Path) -> None:
    assert card_from_dict(json.loads(call(capsys, "info", "--json", "tiny/maker")[1]), "x") == cards[0]
    folder = json.loads(call(capsys, "info", "--json", f"dir:{tmp_path / 'zoo'}")[1])
    assert card_from_dict(folder, "x") == cards[0]


def test_plugins_lists_the_built_in_ones(capsys: Capture) -> None:
    found = {plugin["name"]: plugin for plugin in json.loads(call(capsys, "plugins", "--json")[1])}
    for family in ("cyclegan", "dcgan", "losses", "lsgan", "pix2pix"):
        plugin = found[f"ganzoo_plugins.{family}"]
        assert (plugin["distribution"], plugin["error"]) == ("ganzoo-core", "")
    assert "ganzoo_plugins.lsgan" in call(capsys, "plugins")[1]


def test_listing_imports_nothing_heavy(tmp_path: Path) -> None:
    registry_file = tmp_path / "zoo" / "registry.json"
    code = (
        "import sys; from pathlib import Path; from ganzoo.cards import registry; from ganzoo.cli.main import main\n"
        "registry.own_path = lambda: Path(sys.argv[1])\n"
        "for arguments in (['list'], ['list', '--json'], ['list', '--entries'], ['info', 'tiny/maker'],\n"
        "    ['info', 'recipe:dcgan'], ['plugins']):\n"
        "    try: main(arguments)\n"
        "    except SystemExit as ended: assert not ended.code\n"
        "heavy = {'torch', 'timm', 'pydantic', 'huggingface_hub', 'numpy', 'PIL', 'yaml', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = run_python(code, registry_file)
    assert done.returncode == 0, done.stderr


def test_an_entry_says_what_its_inherited_options_mean(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "info", "recipe:cut")
    assert code == 0 and "\n  nce_weight: lambda_X of equation 5.\n" in out
    assert "\n  learning_rate: Adam's learning rate.\n" in out and "Attributes:" not in out
    assert out.count("  schedule: ") == 1 and "  schedule: CycleGAN's decay over the second half.\n" in out
