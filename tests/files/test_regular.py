"""Only regular files are opened, and opening never waits."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ganzoo.errors import DataError, OptionError
from ganzoo.files import regular
from ganzoo.files.limits import TEXT, Limit, format_size, parse_amount
from ganzoo.files.regular import IrregularFileError, open_regular, read_regular, read_text, require_regular


@pytest.mark.parametrize(
    ("count", "text"),
    [(9, "1 kB"), (12_345, "12 kB"), (99_999, "100 kB"), (100_000, "0.1 MB"), (7_860_000, "7.9 MB")],
)
def test_sizes_of_small_files_are_not_rounded_to_nothing(count: int, text: str) -> None:
    assert format_size(count) == text


def irregular(folder: Path) -> dict[str, str]:
    """Return paths of what is not a regular file, and what messages call each."""
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(folder / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.relpath(folder / "socket"))
    listener.close()
    return {
        f"{folder}/pipe": "a named pipe",
        f"{folder}/link": "a named pipe",
        f"{folder}/socket": "a socket",
        "/dev/zero": "a device",
    }


def test_pipes_sockets_and_devices_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    for path, what in irregular(tmp_path).items():
        for function in (require_regular, open_regular):
            with pytest.raises(IrregularFileError, match=f"it is {what}, not a regular file"):
                function(path)
    for function in (require_regular, open_regular):
        with pytest.raises(IsADirectoryError):
            function(tmp_path)
        for missing in (tmp_path / "nothing", "a\0b"):
            with pytest.raises(FileNotFoundError):
                function(missing)


def test_a_pipe_that_replaces_a_file_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(regular, "require_regular", lambda path: 0)  # the look before, when it was still a file
    with pytest.raises(IrregularFileError, match="a named pipe"):
        open_regular(tmp_path / "pipe")


def test_regular_files_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"one\r\ntwo\n")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"one\r\ntwo\n"
    assert read_text(tmp_path / "x", DataError) == "one\ntwo\n"
    assert require_regular(tmp_path / "x") == 9


def test_a_file_over_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)  # sparse: it takes no space
    with pytest.raises(DataError, match=r"large would take 1,099,511,627,776 bytes, more than the limit of 67,108,864"):
        read_text(tmp_path / "large", DataError)
    limit = Limit("GANZOO_MAX_SOMETHING", 10, "something")
    (tmp_path / "eleven").write_bytes(bytes(11))
    with pytest.raises(DataError, match="raise the limit: GANZOO_MAX_SOMETHING=1MB"):
        read_regular(tmp_path / "eleven", limit, DataError)
    monkeypatch.setenv("GANZOO_MAX_SOMETHING", "1MB")
    assert len(read_regular(tmp_path / "eleven", limit, DataError)) == 11
    for wrong in ("many", "0", "-1", "1e9", "9" * 400, "9" * 19, "nan"):
        monkeypatch.setenv("GANZOO_MAX_SOMETHING", wrong)
        with pytest.raises(OptionError, match="is not a size"):
            _ = limit.value


def test_amounts_have_units() -> None:
    assert [parse_amount(text) for text in ("7", "2GB", "1.5k", "3Mi", "1 kib")] == [
        7,
        2 * 10**9,
        1500,
        3 * 2**20,
        1024,
    ]
    assert TEXT.value == 64 * 2**20
