"""References: three forms, and what anything else is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import maker, translator, write_registry

from ganzoo import errors
from ganzoo.cards import references, registry
from ganzoo.cards.references import Reference, parse
from ganzoo.errors import UnknownName


@pytest.fixture(autouse=True)
def cards(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_registry(tmp_path / "registry.json", translator().card, maker().card)
    monkeypatch.setattr(registry, "own_path", lambda: path)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("tiny/maker", Reference("registry", "tiny/maker", card=maker().card)),
        ("hf-hub:alice/m", Reference("hub", "alice/m")),
        ("hf-hub:alice/m@v1.0", Reference("hub", "alice/m", "v1.0")),
        ("hf-hub:alice/m@feature/x", Reference("hub", "alice/m", "feature/x")),
        ("dir:runs/mine", Reference("dir", "runs/mine")),
        ("dir:/a b/c:d@e", Reference("dir", "/a b/c:d@e")),
    ],
)
def test_each_form_is_understood_and_written_back(text: str, meaning: Reference) -> None:
    assert parse(text) == meaning
    assert str(meaning) == text


def test_a_folder_may_begin_at_home() -> None:
    assert parse("dir:~/x").path == Path.home() / "x"


def test_paths_are_made_absolute_and_other_references_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = tmp_path.resolve()
    assert references.locate_anywhere("dir:runs/mine") == f"dir:{here / 'runs' / 'mine'}"
    assert references.locate_anywhere("file:~/net.pth") == f"file:{(Path.home() / 'net.pth').resolve()}"
    assert references.locate_anywhere("hf-hub:you/horses@main") == "hf-hub:you/horses@main"
    with pytest.raises(errors.ReferenceError, match="needs a folder"):
        references.locate_anywhere("dir:")


@pytest.mark.parametrize("text", ["hf-hub:alice", "hf-hub:", "hf-hub:a/b/c", "hf-hub:a/b@", "hf-hub:/b"])
def test_a_malformed_hub_reference_is_reported_the_form(text: str) -> None:
    with pytest.raises(errors.ReferenceError, match="hf-hub:OWNER/REPO@REVISION"):
        parse(text)


def test_other_prefixes_and_empty_folders_are_refused() -> None:
    with pytest.raises(errors.ReferenceError, match=r"unknown prefix 'hub:'.*hf-hub:OWNER/REPO, dir:PATH or file:PATH"):
        parse("hub:alice/m")
    with pytest.raises(errors.ReferenceError, match="needs a folder"):
        parse("dir:")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(errors.ReferenceError, match=r"write 'dir:/x/y'"):
        parse(Path("/x/y"))  # type: ignore[arg-type]
    for wrong in (None, 3, b"tiny/maker"):
        with pytest.raises(errors.ReferenceError, match=r"is not a model reference. Write text: 'FAMILY/VARIANT'"):
            parse(wrong)  # type: ignore[arg-type]


def test_an_entry_of_the_catalog_is_reported_from_a_model() -> None:
    with pytest.raises(errors.ReferenceError, match="`ganzoo info recipe:dcgan` describes it"):
        parse("recipe:dcgan")


def test_a_bare_repository_is_refused_with_both_spellings() -> None:
    with pytest.raises(UnknownName, match=r"'timm/dcgan' is not in the registry. Write hf-hub:timm/dcgan or dir:timm"):
        parse("timm/dcgan")


def test_a_misspelled_name_gets_a_suggestion_and_both_spellings() -> None:
    with pytest.raises(UnknownName, match=r"Did you mean 'tiny/maker'\? Write hf-hub:tiny/makre or dir:tiny/makre"):
        parse("tiny/makre")


def test_what_can_be_no_repository_is_offered_as_a_folder_only() -> None:
    for path in ("./runs/mine", "/abs/path", "a/b/c", "~/x"):
        with pytest.raises(UnknownName) as caught:
            parse(path)
        assert str(caught.value) == f"'{path}' is not in the registry. Write dir:{path}."


def test_a_family_lists_its_models() -> None:
    with pytest.raises(UnknownName, match=r"'tiny' is a family.*tiny/maker, tiny/translator"):
        parse("tiny")


def test_a_recipe_without_models_says_why_and_how_to_train_one() -> None:
    with pytest.raises(UnknownName) as caught:
        parse("cut")
    assert str(caught.value).startswith("'cut' is a recipe, and no model of it is published. cut/horse2zebra is")
    assert "Train one: ganzoo train cut A/ B/ -o runs/cut (`ganzoo info recipe:cut`" in str(caught.value)
    with pytest.raises(UnknownName, match=r"published\. Train one: ganzoo train r3gan photos/ -o runs/r3gan"):
        parse("r3gan")


def test_a_name_without_a_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownName, match=r"'maker' is not a family\. Models of that name: tiny/maker\."):
        parse("maker")
    with pytest.raises(UnknownName, match="No model is called 'mine'"):
        parse("mine")
    (tmp_path / "mine").mkdir()
    with pytest.raises(UnknownName, match="Write dir:mine"):
        parse("mine")
    with pytest.raises(UnknownName, match="No model is called ''"):
        references.parse("")
