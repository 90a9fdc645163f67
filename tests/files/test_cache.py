"""Where the cache is: the environment first, then the system's place, unless the former one is in use."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from ganzoo.files.cache import cache_folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without variables, whose system keeps caches in Library/Caches."""
    for name in ("GANZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    usual = tmp_path / "Library" / "Caches" / "ganzoo"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name, appauthor: usual)
    return tmp_path


def test_the_environment_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".cache/ganzoo").mkdir(parents=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "xdg"))
    assert cache_folder() == home / "xdg" / "ganzoo"
    monkeypatch.setenv("GANZOO_CACHE", "~/own")
    assert cache_folder() == home / "own"


def test_the_systems_place_is_used_unless_only_the_former_one_exists(home: Path) -> None:
    usual, former = home / "Library/Caches/ganzoo", home / ".cache/ganzoo"
    assert cache_folder() == usual
    former.mkdir(parents=True)
    assert cache_folder() == former
    usual.mkdir(parents=True)
    assert cache_folder() == usual
