"""ganzoo.hub.cache against the client itself: the same file of the same cache, whatever the environment says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub, hub

from ganzoo.hub import cache

__all__ = ["hub"]  # the fixture

NAME = "alice/cached"
FILLED = """
import sys
from pathlib import Path
from ganzoo.hub import client
model, name = Path(sys.argv[1]), sys.argv[2]
first = client.push(model, name).commit
client.pull(name)
(model / "config.json").write_text('{"changed": true}')
second = client.push(model, name, revision="side").commit
client.fetch(name, "config.json", revision="side")
(model / "config.json").write_text('{"changed": "again"}')
print(first, second, client.push(model, name).commit)
"""
ASKED = """
import json, sys
from huggingface_hub import try_to_load_from_cache
from ganzoo.hub import cache
found = []
for name, file, revision in json.load(sys.stdin):
    ours, theirs = cache.find(name, file, revision), try_to_load_from_cache(name, file, revision=revision or None)
    found.append([ours and str(ours), theirs if isinstance(theirs, str) else None])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def filled(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A cache that the client filled, and three commits: main's as cached, side's, and main's of which nothing is."""
    folder = tmp_path_factory.mktemp("filled")
    model = folder / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    env = hub.env(folder / "home", hub.token)
    made = subprocess.run(
        [sys.executable, "-c", FILLED, model, NAME], env=env, check=True, capture_output=True, text=True
    )
    return folder / "home" / "hub", made.stdout.split()


def ask(env: Mapping[str, str], *questions: tuple[str, str, str], cwd: Path | None = None) -> list[Any]:
    """Return [what we find, what the client finds] for each (repository, file, revision)."""
    options: dict[str, Any] = {"env": env, "cwd": cwd, "input": json.dumps(questions)}
    made = subprocess.run([sys.executable, "-c", ASKED], check=True, capture_output=True, text=True, **options)
    found: list[Any] = json.loads(made.stdout)
    return found


def test_finds_what_the_client_finds(hub: Hub, filled: tuple[Path, list[str]]) -> None:
    cache, (first, second, third) = filled
    snapshots = cache / "models--alice--cached" / "snapshots"
    expected = {
        (NAME, "config.json", ""): snapshots / first / "config.json",
        (NAME, "config.json", "main"): snapshots / first / "config.json",
        (NAME, "config.json", first): snapshots / first / "config.json",
        (NAME, "model.safetensors", first): snapshots / first / "model.safetensors",
        (NAME, "config.json", "side"): snapshots / second / "config.json",
        (NAME, "config.json", second): snapshots / second / "config.json",
        (NAME, "model.safetensors", "side"): None,  # not fetched
        (NAME, "absent.json", ""): None,
        (NAME, "config.json", third): None,  # pushed, never pulled
        (NAME, "config.json", first[:8]): None,  # the client takes no short commit
        (NAME, "config.json", "v1"): None,
        ("alice/absent", "config.json", ""): None,
        ("alice/absent", "config.json", first): None,
    }
    for question, found in zip(expected, ask(hub.env(cache.parent), *expected), strict=True):
        assert found == [expected[question] and str(expected[question])] * 2, question


@pytest.mark.parametrize(
    ("place", "variables"),
    [
        ("home/.cache/huggingface/hub", {}),
        ("xdg/huggingface/hub", {"XDG_CACHE_HOME": "{root}/xdg"}),
        ("own/hub", {"HF_HOME": "{root}/own", "XDG_CACHE_HOME": "{root}/xdg"}),
        ("home/own/hub", {"HF_HOME": "~/own"}),
        ("own/hub", {"HF_HOME": "$ROOT/own"}),
        ("hub", {"HF_HOME": ""}),
        ("older", {"HUGGINGFACE_HUB_CACHE": "{root}/older", "HF_HOME": "{root}/own"}),
        ("newer", {"HF_HUB_CACHE": "$ROOT/newer", "HUGGINGFACE_HUB_CACHE": "{root}/older", "HF_HOME": "{root}/own"}),
    ],
)
def test_looks_where_the_client_looks(
    hub: Hub, filled: tuple[Path, list[str]], tmp_path: Path, place: str, variables: dict[str, str]
) -> None:
    cache, (first, *_) = filled
    shutil.copytree(cache, tmp_path / place, symlinks=True)
    env = hub.env(tmp_path)
    for name in ("HF_HOME", "XDG_CACHE_HOME"):
        env.pop(name, None)
    env |= {"HOME": str(tmp_path / "home"), "ROOT": str(tmp_path)}
    env |= {name: value.format(root=tmp_path) for name, value in variables.items()}
    ((ours, theirs),) = ask(env, (NAME, "config.json", ""), cwd=tmp_path)
    assert ours == theirs
    assert tmp_path / ours == tmp_path / place / "models--alice--cached" / "snapshots" / first / "config.json"


def test_a_cache_that_is_no_folder_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "file"))
    assert cache.find(NAME, "config.json") is None
