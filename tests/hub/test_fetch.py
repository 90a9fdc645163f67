"""`ganzoo.fetch_file`: one file of known content, from a server on this machine or from none."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from faults import faults

from ganzoo import fetch_file
from ganzoo.errors import HashMismatch, HubUnreachable, OutputError
from ganzoo.hub import known_files

CONTENT = bytes(range(256)) * 10_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server that has weights.pth, with CONTENT."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "weights.pth").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "served")) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "cache"


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_file_is_fetched_once(served: str, tmp_path: Path, cache: Path) -> None:
    path = fetch_file(f"{served}/weights.pth", SHA256)
    assert path.read_bytes() == CONTENT and path.is_relative_to(cache) and path.name == "weights.pth"
    (tmp_path / "served" / "weights.pth").unlink()
    assert fetch_file(f"{served}/weights.pth", SHA256) == path


def test_the_first_digits_of_a_hash_do_where_no_more_is_known(served: str) -> None:
    path = fetch_file(f"{served}/weights.pth", SHA256[:8])
    assert path.read_bytes() == CONTENT
    with pytest.raises(HashMismatch):
        fetch_file(f"{served}/weights.pth", "00000000")


def test_other_content_is_refused_and_not_kept(served: str, cache: Path) -> None:
    with pytest.raises(HashMismatch, match=rf"{served}/weights.pth .* begins {SHA256[:8]}, it should be 00000000"):
        fetch_file(f"{served}/weights.pth", "0" * 64)
    assert files(cache) == []


def test_damaged_cache_is_reported_with_the_path_to_delete(served: str) -> None:
    path = fetch_file(f"{served}/weights.pth", SHA256)
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(HashMismatch, match=f"{path} is damaged.*Delete it and try again"):
        fetch_file(f"{served}/weights.pth", SHA256)


def test_without_a_server_the_message_names_file_address_and_ways_out(served: str, cache: Path) -> None:
    for url in ("http://127.0.0.1:9/weights.pth", f"{served}/none/weights.pth"):
        with pytest.raises(HubUnreachable) as raised:
            fetch_file(url, SHA256, otherwise="Give its path as weights=PATH.")
        logged = str(raised.value)
        assert logged.startswith("weights.pth is not on this machine") and url in logged
        assert "Give its path as weights=PATH." in logged and str(cache / "files" / SHA256[:8]) in logged
        assert "\n" not in logged
    assert files(cache) == []
    del raised
    gc.collect()  # a connection that was left open would warn here


def test_file_that_was_copied_there_by_hand_serves(cache: Path) -> None:
    with pytest.raises(HubUnreachable) as raised:
        fetch_file("http://127.0.0.1:9/weights.pth", SHA256)
    folder = Path(str(raised.value).partition("put weights.pth into the folder ")[2].removesuffix("."))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.pth").write_bytes(CONTENT)
    assert fetch_file("http://127.0.0.1:9/weights.pth", SHA256) == folder / "weights.pth"


def test_connection_that_breaks_off_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        length = len(CONTENT)
        blocks = iter([CONTENT[:1000]])

        def __enter__(self) -> Broken:
            return self

        def __exit__(self, *reason: object) -> None:
            pass

        def read(self, size: int) -> bytes:
            for block in self.blocks:
                return block
            raise ConnectionResetError("reset by peer")

    monkeypatch.setattr(known_files.urllib.request, "urlopen", lambda url, timeout: Broken())
    with pytest.raises(HubUnreachable, match="reset by peer"):
        fetch_file("http://example.org/weights.pth", SHA256)
    assert files(cache) == []


class Short(Quiet):
    """A server that announces all bytes, and sends the first thousand."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:1000])


def test_an_answer_that_is_cut_off_is_told_from_other_content(cache: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Short) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with pytest.raises(HubUnreachable, match=rf"broke off, {len(CONTENT) - 1000:,} bytes before its end"):
                fetch_file(f"http://127.0.0.1:{server.server_port}/weights.pth", SHA256)
        finally:
            server.shutdown()
            thread.join()
    assert files(cache) == []


def test_a_failure_at_any_write_keeps_nothing_and_the_next_try_succeeds(served: str, cache: Path) -> None:
    for number in count():
        with faults(cache, number) as fault:
            try:
                fetch_file(f"{served}/weights.pth", SHA256)
            except OutputError as error:
                assert fault.failed and ("No space left" in str(error) or "Input/output error" in str(error))
        if not fault.failed:
            break
        assert files(cache) == []
        assert fetch_file(f"{served}/weights.pth", SHA256).read_bytes() == CONTENT
        shutil.rmtree(cache)
    assert number > 2


class Failing:
    """An open file whose second write fails, as a disk that fills up."""

    def __init__(self, file: Any, number: int) -> None:
        self.file, self.number, self.writes = file, number, 0

    def __enter__(self) -> Failing:
        return self

    def __exit__(self, *reason: object) -> None:
        self.file.close()

    def write(self, block: bytes) -> int:
        self.writes += 1
        if self.writes == 2:
            raise OSError(self.number, os.strerror(self.number))
        return int(self.file.write(block))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_in_the_middle_keeps_nothing(
    served: str, cache: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def failing(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        file = opened(path, mode, *more, **named)
        return Failing(file, number) if mode == "wb" and path.is_relative_to(cache) else file

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", failing)
        with pytest.raises(OutputError, match=os.strerror(number)):
            fetch_file(f"{served}/weights.pth", SHA256)
    assert files(cache) == []
    assert fetch_file(f"{served}/weights.pth", SHA256).read_bytes() == CONTENT


def test_offline_mode_asks_nobody(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_files.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubUnreachable, match="HF_HUB_OFFLINE is set"):
        fetch_file(f"{served}/weights.pth", SHA256)


def test_cache_that_cannot_be_written_is_reported(served: str, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match=r"Cannot write .*weights\.pth"):
        fetch_file(f"{served}/weights.pth", SHA256)
