"""Publishing: every bundled card to the Hub stand-in, pinned, pulled again, and nothing sent twice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub, hub

from ganzoo.cards import registry

__all__ = ["hub"]  # the fixture


def command(env: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ganzoo", *map(str, arguments)]
    return subprocess.run(line, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture
def alice(hub: Hub, tmp_path: Path) -> dict[str, str]:
    return hub.env(tmp_path / "alice", hub.token)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of ganzoo's own registry file."""
    return Path(shutil.copy(registry.own_path(), tmp_path / "registry.json"))


def cards(path: Path) -> dict[str, dict[str, Any]]:
    return {card["name"]: card for card in json.loads(path.read_text(encoding="utf-8"))["cards"]}


@pytest.mark.slow
def test_all_bundled_cards_are_published_and_published_again_without_a_byte(
    hub: Hub, alice: dict[str, str], own: Path
) -> None:
    done = command(alice, "publish", "alice", "--registry", own)
    assert done.returncode == 0, done.stderr
    with_weights = {name: card for name, card in cards(own).items() if card["weights"]}
    assert len(done.stdout.splitlines()) == len(with_weights) >= 6
    for name, card in with_weights.items():
        assert card["weights"]["repo"] == f"alice/{name.replace('/', '-')}"
        assert card["weights"]["file"].startswith("ganzoo_plugins."), "the bundled file is still the first choice"
        assert set(hub.files(card["weights"]["repo"], card["weights"]["revision"])) >= {
            "config.json",
            "model.safetensors",
            "README.md",
        }
    before = own.read_bytes()
    uploads = sum("PUT" in one["method"] for one in hub.log())
    again = command(alice, "publish", "alice", "--registry", own)
    assert again.returncode == 0 and again.stdout.count("(unchanged)") == len(with_weights), again.stderr
    assert own.read_bytes() == before
    assert sum("PUT" in one["method"] for one in hub.log()) == uploads, "nothing was sent again"


def test_a_broken_publication_is_gone_on_with(hub: Hub, own: Path, tmp_path: Path) -> None:
    """The last model's commit fails: those before it are pinned, and the next call does the rest."""
    bob = hub.env(tmp_path / "bob", hub.other_token)
    hub.fail("POST /api/models/bob/vanilla-fashion-mnist/commit", then="status", status=403)
    done = command(bob, "publish", "bob", "[dv]*/fashion-mnist", "--registry", own)
    failed = cards(own)
    assert done.returncode == 1 and "bob/vanilla-fashion-mnist" in done.stderr
    assert failed["dcgan/fashion-mnist"]["weights"]["repo"] == "bob/dcgan-fashion-mnist"
    assert failed["vanilla/fashion-mnist"]["weights"]["repo"] == ""
    done = command(bob, "publish", "bob", "[dv]*/fashion-mnist", "--registry", own)
    assert done.returncode == 0, done.stderr
    assert cards(own)["vanilla/fashion-mnist"]["weights"]["revision"]


def test_weights_that_are_not_those_of_the_card_are_not_sent(hub: Hub, alice: dict[str, str], own: Path) -> None:
    content = json.loads(own.read_text(encoding="utf-8"))
    for card in content["cards"]:
        if card["name"] == "vanilla/fashion-mnist":
            card["name"], card["weights"]["sha256"] = "vanilla/changed", "0" * 64
    own.write_text(json.dumps(content), encoding="utf-8")
    done = command(alice, "publish", "alice", "vanilla/changed", "--registry", own)
    assert done.returncode == 1 and "the SHA-256 of" in done.stderr
    assert not any("vanilla-changed" in one["path"] for one in hub.log())


def test_wrong_owners_and_patterns_are_reported(alice: dict[str, str], own: Path) -> None:
    done = command(alice, "publish", "alice/", "--registry", own)
    assert done.returncode == 1 and "'alice/' is not a valid owner on the Hub" in done.stderr
    done = command(alice, "publish", "alice", "nothing/*", "--registry", own)
    assert done.returncode == 1 and "no card that matches 'nothing/*'" in done.stderr


def test_models_on_the_hub_are_found_by_the_library_tag(hub: Hub, alice: dict[str, str], own: Path) -> None:
    assert command(alice, "publish", "alice", "vanilla/*", "--registry", own).returncode == 0
    hub.api("POST", "/api/repos/create", {"name": "other-thing", "type": "model"})  # of no library
    found = json.loads(command(alice, "list", "--hub", "--json").stdout)
    mine = next(one for one in found if one["repo_id"] == "alice/vanilla-fashion-mnist")
    assert mine["task"] == "unconditional-image-generation" and mine["license"] == "mit"
    assert "alice/other-thing" not in [one["repo_id"] for one in found]
    assert command(alice, "list", "alice/vani*", "--hub").stdout.count("hf-hub:") == 1
    assert "No ganzoo model" in command(alice, "list", "nobody-has-this", "--hub").stderr
