"""Tar files of samples: finding, reading, and breaking off."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path

import pytest
from needs import require

from ganzoo.data import shards
from ganzoo.errors import DataError, MissingPackage

require("webdataset")


def write_shard(path: Path, samples: dict[str, dict[str, bytes]]) -> Path:
    """Write key -> end of name -> content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for key, files in samples.items():
            for end, content in files.items():
                info = tarfile.TarInfo(f"{key}.{end}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def write_texts(folder: Path, count: int = 3, each: int = 4) -> list[str]:
    """Write ``count`` shards of ``each`` samples that say which they are."""
    for number in range(count):
        samples = {f"{number}-{index}": {"TXT": f"{number}-{index}".encode()} for index in range(each)}
        write_shard(folder / f"s-{number:03}.tar", samples)
    return [str(folder / f"s-{number:03}.tar") for number in range(count)]


def keys(shard: str, notes: list[str]) -> list[str]:
    return [sample.key for sample in shards.read(shard, notes.append)]


def test_shards_are_a_folder_of_them_a_pattern_or_one(tmp_path: Path) -> None:
    names = write_texts(tmp_path)
    assert shards.are_shards(str(tmp_path)) and shards.find(str(tmp_path)) == names
    for path, found in ((f"{tmp_path}/s-{{000..002}}.tar", names), (names[1], [names[1]])):
        assert shards.are_shards(path) and shards.find(path) == found
    assert shards.are_shards("https://host/{0..1}.tar")
    assert shards.find("https://host/{0..1}.tar") == ["https://host/0.tar", "https://host/1.tar"]
    with pytest.raises(DataError, match=r"There is no shard .*/s-003\.tar and 1 more\."):
        shards.find(f"{tmp_path}/s-{{000..004}}.tar")


def test_a_folder_of_images_next_to_a_tar_is_no_shards(tmp_path: Path) -> None:
    write_texts(tmp_path)
    (tmp_path / "x.png").write_bytes(b"")
    assert not shards.are_shards(str(tmp_path)) and not shards.are_shards(str(tmp_path / "nowhere"))


def test_samples_come_in_order_with_the_ends_of_their_names_in_lower_case(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "a.tar", {"x/1": {"Input.JPG": b"i", "target.png": b"t"}, "2": {"cls": b"5"}})
    packed = tmp_path / "b.tar.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for shard in (path, packed):
        found = list(shards.read(str(shard), lambda _: None))
        assert [(each.key, each.files) for each in found] == [
            ("x/1", {"input.jpg": b"i", "target.png": b"t"}),
            ("2", {"cls": b"5"}),
        ]
        assert found[0].name == f"{shard}: x/1"


def test_a_command_s_output_is_a_shard(tmp_path: Path) -> None:
    write_texts(tmp_path)
    notes: list[str] = []
    assert keys(f"pipe:cat {tmp_path}/s-001.tar", notes) == ["1-0", "1-1", "1-2", "1-3"] and notes == []


def test_a_reader_that_stops_early_ends_the_command(tmp_path: Path) -> None:
    write_texts(tmp_path, each=2000)
    reading = shards.read(f"pipe:cat {tmp_path}/s-000.tar", lambda _: None)
    assert next(reading).key == "0-0"
    reading.close()


def test_a_shard_that_breaks_off_is_noted_by_name(tmp_path: Path) -> None:
    path = tmp_path / "s-000.tar"
    write_texts(tmp_path)
    whole = path.read_bytes()
    # A sample takes 1024: cut in the third's content, in its head, and between it and the second.
    for length, found in ((2562, ["0-0"]), (2500, ["0-0", "0-1"]), (2048, ["0-0", "0-1"])):
        path.write_bytes(whole[:length])
        notes: list[str] = []
        assert keys(str(path), notes) == found
        assert len(notes) == 1 and f"The shard {path} breaks off after {len(found)} samples (" in notes[0]
        assert notes[0].endswith("the rest of it is left out.")
    path.write_bytes(b"no tar at all" * 100)
    notes.clear()
    assert keys(str(path), notes) == [] and len(notes) == 1


def test_a_shard_from_afar_is_opened_again_where_it_broke_off(tmp_path: Path) -> None:
    """The first time, the command gives half of the shard and fails; then all of it."""
    write_texts(tmp_path)
    flag, shard = tmp_path / "tried", tmp_path / "s-000.tar"
    command = f"pipe:if [ -e {flag} ]; then cat {shard}; else touch {flag}; head -c 2500 {shard}; exit 1; fi"
    notes: list[str] = []
    assert keys(command, notes) == ["0-0", "0-1", "0-2", "0-3"]
    assert len(notes) == 1 and notes[0].endswith("it is opened again.")
    notes.clear()
    assert keys("pipe:exit 3", notes) == []
    assert [note.rsplit(": ", 1)[1] for note in notes] == ["it is opened again."] * 2 + ["the rest of it is left out."]


def test_the_fingerprint_is_of_names_and_lengths_and_not_of_places(tmp_path: Path) -> None:
    here, there = (write_texts(tmp_path / place) for place in ("here", "there"))
    assert shards.fingerprint(here) == shards.fingerprint(there) and shards.fingerprint(here)["shards"] == 3
    assert shards.fingerprint(here) != shards.fingerprint(here[:2])
    write_texts(tmp_path / "there", each=40)
    assert shards.fingerprint(here) != shards.fingerprint(there)
    assert shards.fingerprint(["https://a/1.tar"]) != shards.fingerprint(["https://b/1.tar"])


def test_without_the_library_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch) -> None:
    names = write_texts(tmp_path)
    monkeypatch.setitem(sys.modules, "webdataset", None)
    with pytest.raises(MissingPackage, match=r"pip install 'ganzoo-core\[webdataset\]'"):
        list(shards.read(names[0], lambda _: None))


@pytest.mark.parametrize("packed", ["", "gz", "bz2", "xz"])
def test_a_sample_over_the_limit_is_refused(tmp_path: Path, packed: str, monkeypatch) -> None:
    path = tmp_path / "s.tar"
    with tarfile.open(path, f"w:{packed}") as tar:  # type: ignore[call-overload]
        for name, size in (("0.txt", 100), ("1.a", 700_000), ("1.b", 700_000), ("2.txt", 100)):
            info = tarfile.TarInfo(name)
            info.size = size
            tar.addfile(info, io.BytesIO(bytes(size)))
    assert [sample.key for sample in shards.read(str(path), print)] == ["0", "1", "2"]
    monkeypatch.setenv("GANZOO_MAX_FILE", "1MB")
    with pytest.raises(DataError, match=r"A sample after '1' in .*s\.tar would take 1,0\d\d,\d\d\d bytes, .* raise"):
        list(shards.read(str(path), print))


def test_a_header_cannot_ask_for_memory(tmp_path: Path, monkeypatch) -> None:
    """A pax header of 2 GiB, zeros that compress to 2 MB; here 2 MB over a limit of 1 MB."""
    info = tarfile.TarInfo("0.txt")
    info.type, info.size = tarfile.XHDTYPE, 2_000_000
    (tmp_path / "s.tar.gz").write_bytes(gzip.compress(info.tobuf() + bytes(2_000_000)))
    monkeypatch.setenv("GANZOO_MAX_FILE", "1MB")
    with pytest.raises(DataError, match="raise the limit: GANZOO_MAX_FILE"):
        list(shards.read(str(tmp_path / "s.tar.gz"), print))


def test_a_pipe_is_no_shard(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "s.tar")
    notes: list[str] = []
    assert list(shards.read(str(tmp_path / "s.tar"), notes.append)) == []
    assert "it is a named pipe, not a regular file" in notes[0]


def test_braces_that_mean_too_many_shards_are_refused() -> None:
    with pytest.raises(DataError, match=r"means 10,000,000,000 shards, more than 1,000,000\. Check its braces"):
        shards.find("https://example.invalid/{0..99999}-{00000..99999}.tar")
