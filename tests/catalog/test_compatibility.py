"""Plugins made for other versions, whose entry counts, and which plugin a file needs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import picture
from strangers import ENTRY, install

import ganzoo
from ganzoo import catalog
from ganzoo.catalog import compatibility, discovery
from ganzoo.contracts import api
from ganzoo.errors import DuplicateName, UnknownName

RECIPE = """
from ganzoo import AdversarialConfig, Family, LatentRecipe

family = Family(__name__)
parts = {"generator": "generator:dcgan", "discriminator": "discriminator:dcgan", "loss": "loss:hinge"}
family.recipe("borrowed", LatentRecipe, data="images", parts=parts, summary="A GAN")(AdversarialConfig)
ganzoo_entries = family.entries
"""


@pytest.fixture(autouse=True)
def _fresh(fresh: None) -> None:
    """Find plugins anew in every test."""


def laid(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, source: str, requires: str = "") -> None:
    folder.mkdir(exist_ok=True)
    monkeypatch.syspath_prepend(folder)
    install(folder, module, source)
    if requires:
        metadata = next(folder.glob(f"{module}*.dist-info")) / "METADATA"
        metadata.write_text(f"{metadata.read_text().rstrip()}\nRequires-Dist: {requires}\n")
    monkeypatch.delitem(sys.modules, module, raising=False)
    catalog.refresh()


@pytest.mark.parametrize(
    ("requires", "skipped"),
    [
        ("ganzoo-core>=9", "made for ganzoo-core >=9, you have"),
        ("ganzoo_core <0.0.1", "made for ganzoo-core <0.0.1, you have"),
        ("ganzoo-core>=0.0.1", ""),
        ("ganzoo-core", ""),
        ("ganzoo-core>=9; extra == 'later'", ""),
    ],
)
def test_a_package_for_another_ganzoo_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requires: str, skipped: str
) -> None:
    laid(tmp_path, monkeypatch, "made_for", ENTRY.format(name="made-for"), requires)
    error = discovery.plugin("made_for").error
    assert error.startswith(skipped) if skipped else not error
    assert ("loss:made-for" in [entry.spec for entry in catalog.entries()]) == (not skipped)


@pytest.mark.parametrize(
    ("number", "skipped"),
    [
        (str(api.API), ""),
        (str(api.API + 1), f"made for version {api.API + 1} of the plugin API, you have {api.API}: update ganzoo-core"),
        (str(api.OLDEST_API - 1), "made for version"),
        ("'new'", "GANZOO_API is not a whole number"),
    ],
)
def test_a_plugin_for_another_api_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str, skipped: str
) -> None:
    laid(tmp_path, monkeypatch, "of_api", f"GANZOO_API = {number}\n{ENTRY.format(name='of-api')}")
    error = discovery.plugin("of_api").error
    assert error.startswith(skipped) if skipped else not error
    assert catalog.find("loss:hinge")  # whatever comes after it works


@pytest.mark.parametrize("preferred", ["one_claim", "other-claim"])
def test_the_user_says_whose_entry_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, preferred: str
) -> None:
    for module in ("one_claim", "other_claim"):
        laid(tmp_path, monkeypatch, module, ENTRY.format(name="claimed"))
    with pytest.raises(DuplicateName, match="GANZOO_PREFER=NAME"):
        catalog.find("loss:claimed")
    monkeypatch.setenv("GANZOO_PREFER", preferred)
    catalog.refresh()
    caplog.clear()
    assert catalog.origin("loss:claimed") == preferred.replace("-", "_")
    assert not caplog.messages


def test_a_plugin_may_replace_an_entry_of_ganzoo_if_the_user_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid(tmp_path, monkeypatch, "my_hinge", ENTRY.format(name="hinge"))
    assert catalog.origin("loss:hinge") == "ganzoo_plugins.losses"
    monkeypatch.setenv("GANZOO_PREFER", "my_hinge")
    catalog.refresh()
    assert catalog.origin("loss:hinge") == "my_hinge"


def test_a_run_records_its_plugins_and_names_them_when_they_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid(tmp_path / "site", monkeypatch, "borrowed_gan", RECIPE)
    (tmp_path / "images").mkdir()
    for number in range(2):
        picture(16, 16, seed=number).save(tmp_path / "images" / f"{number}.png")
    run = ganzoo.train(
        "borrowed",
        tmp_path / "images",
        tmp_path / "run",
        steps=1,
        batch_size=2,
        device="cpu",
        options={"image_size": 16, "generator.width": 4, "discriminator.width": 4},
    )
    version = discovery.plugin("borrowed_gan").version
    assert json.loads((run / "run.json").read_text())["plugins"] == {"borrowed-gan": version}
    card = ganzoo.info(f"dir:{run}")
    assert (card.plugin, card.plugin_version) == ("ganzoo-core", ganzoo.__version__)
    assert card.training is not None
    assert card.training.plugins == {"borrowed-gan": version}

    monkeypatch.setenv("GANZOO_PLUGINS_OFF", "borrowed_gan")
    catalog.refresh()
    expected = f"needs the entry 'recipe:borrowed', which .* Install the plugin .*borrowed-gan {version}"
    with pytest.raises(UnknownName, match=expected):
        ganzoo.resume(run, steps=2)
    assert compatibility.install_hint({"ganzoo-core": "0"}) == ""
