import errno
import os
from pathlib import Path

import pytest
from needs import needs

from ganzoo.errors import HubError, OutputError
from ganzoo.files.atomic import remove_unfinished, replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writes_and_creates_parents(tmp_path):
    with replacing(tmp_path / "a" / "b" / "c.json") as temporary:
        assert temporary.name == f".c.json.{os.getpid()}.tmp"
        assert temporary.parent == tmp_path / "a" / "b"
        temporary.write_text("{}")
    assert (tmp_path / "a" / "b" / "c.json").read_text() == "{}"
    assert names(tmp_path / "a" / "b") == ["c.json"]


def test_old_content_stays_until_the_block_ends(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt(), HubError("no connection")])
def test_failure_midway_keeps_the_old_file_and_the_error(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)) as caught, replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert caught.value is error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_failure_before_anything_was_written(tmp_path):
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a.txt"):
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_full_disk(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OutputError) as caught, replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(caught.value) == (
        f"Cannot write {path}: No space left on device. Choose a folder that is writable and has space."
    )
    assert isinstance(caught.value.__cause__, OSError)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_replace_itself_fails(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied"), replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == []


def test_block_that_writes_nothing(tmp_path):
    with pytest.raises(OutputError, match="No such file"), replacing(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize("below", ["a.txt", "deep/er/a.txt"])
def test_parent_is_a_file(tmp_path, below):
    (tmp_path / "file").write_text("old")
    path = tmp_path / "file" / below
    with pytest.raises(OutputError, match="Cannot write") as caught, replacing(path):
        pytest.fail("the block must not run")
    assert str(path) in str(caught.value)
    assert (tmp_path / "file").read_text() == "old"


def test_target_is_a_folder(tmp_path):
    with pytest.raises(OutputError, match="it is a folder"), replacing(tmp_path):
        pytest.fail("the block must not run")


def test_target_is_a_device():
    with pytest.raises(OutputError, match="not a regular file"), replacing(Path(os.devnull)):
        pytest.fail("the block must not run")
    assert not Path(os.devnull).is_file()


def test_name_that_is_too_long(tmp_path):
    with pytest.raises(OutputError), replacing(tmp_path / ("x" * 300)) as temporary:
        temporary.write_text("new")


def test_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real" / "a.txt")
    with replacing(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "new"


@needs(os.name == "posix", "modes of POSIX")
def test_ordinary_file_mode(tmp_path):
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "a.txt") as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with replacing(Path("a.txt")) as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == ["a.txt"]


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    left = [".a.png.7.tmp", ".a.png.8.tmp", ".b.png.7.tmp", ".a.png.tmp", "a.png", ".a.png.x.tmp"]
    for name in left:
        (tmp_path / name).touch()
    remove_unfinished([tmp_path / "a.png", tmp_path / "c.png", tmp_path / "missing" / "a.png"], [7])
    assert {path.name for path in tmp_path.iterdir()} == set(left) - {".a.png.7.tmp"}
    remove_unfinished([tmp_path / "a.png"])
    assert {path.name for path in tmp_path.iterdir()} == set(left[2:])
