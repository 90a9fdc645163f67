"""Folders are walked once, whatever links they hold."""

from __future__ import annotations

import errno
import glob
import os
from pathlib import Path

import pytest

from ganzoo.files.folders import Walked, matching_files, walk


def walked(folder: Path, recursive: bool = True) -> Walked:
    errors: list[OSError] = []
    found = walk(folder, errors.append, recursive)
    assert not errors
    return found


def web(folder: Path, count: int = 12) -> None:
    """Write folders each of which has a link to every other one: without a record, there are 12! ways through."""
    for name in range(count):
        (folder / f"{name}").mkdir(parents=True)
        (folder / f"{name}" / "x.png").touch()
    for name in range(count):
        for other in range(count):
            (folder / f"{name}" / f"to-{other}").symlink_to(folder / f"{other}")


def test_a_web_of_links_is_visited_once(tmp_path: Path) -> None:
    web(tmp_path / "web")
    found = walked(tmp_path / "web")
    assert found.files == sorted(f"{name}/x.png" for name in range(12))
    assert len(found.repeated) == 144
    assert "144 links lead to a folder that is read anyway: 0/to-0, 0/to-1, 0/to-10 and 141 more." in found.notes


def test_a_folder_inside_keeps_its_own_name_and_one_outside_gets_its_links(tmp_path: Path) -> None:
    (tmp_path / "set" / "z").mkdir(parents=True)
    (tmp_path / "set" / "z" / "x.png").touch()
    (tmp_path / "set" / "a").symlink_to(tmp_path / "set" / "z")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "y.png").touch()
    (tmp_path / "outside" / "back").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "b").symlink_to(tmp_path / "outside")
    (tmp_path / "set" / "c").symlink_to(tmp_path / "outside")
    found = walked(tmp_path / "set")
    assert found.files == ["b/y.png", "z/x.png"]
    assert found.repeated == ["a", "b/back", "c"]
    assert walked(tmp_path / "set", recursive=False).files == []


def test_irregular_and_hidden_files_are_left_out_and_broken_links_are_not(tmp_path: Path) -> None:
    for name in (".hidden", "__MACOSX", "sub"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").touch()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "broken.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    found = walked(tmp_path)
    assert found.files == ["broken.png", "self.png", "sub/x.png"]
    assert found.irregular == ["pipe.png", "zero.png"]
    assert found.notes == ["2 files are not regular and left out: pipe.png, zero.png."]


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()

    def scandir(path: str) -> object:  # root may list any folder
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    real = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    errors: list[OSError] = []
    walk(tmp_path, errors.append)
    assert [error.filename for error in errors] == [f"{tmp_path}/closed"]


def test_a_deep_tree_is_walked(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "x.png").touch()
    assert len(walked(tmp_path).files) == 1


def test_patterns_match_as_glob_does_and_end_in_a_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/x.png", "a/b/y.png", "a/b/c/z.jpg", ".h/x.png", "x.png", "a/.x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    patterns = ["*.png", "**", "**/*.png", "a/**", "a/**/*.png", "*/**/?.png", "**/b/*", "**/b/**/*.jpg", "a/*", "q/**"]
    for place in ("", f"{tmp_path}/"):
        monkeypatch.chdir(tmp_path)
        for pattern in patterns:
            expected = sorted(path for path in glob.glob(place + pattern, recursive=True) if os.path.isfile(path))
            assert matching_files(place + pattern, print) == expected, pattern
    web(tmp_path / "web")
    os.mkfifo(tmp_path / "web" / "pipe.png")
    assert len(matching_files(f"{tmp_path}/web/**/*.png", print)) == 12
