"""Folders, zip archives and IDX files as sources of training data."""

from __future__ import annotations

import gzip
import hashlib
import multiprocessing
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.data import idx
from ganzoo.data.sources import Source, fingerprint, image_names, in_folder, open_source, open_sources
from ganzoo.errors import DataError


def write_files(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def write_zip(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, name.encode())
    return path


def idx_bytes(array: np.ndarray, kind: int = 0x08) -> bytes:
    """The format as yann.lecun.com/exdb/mnist describes it: two zeros, type, rank, big-endian sides, values."""
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


NAMES = ["b.png", "deep/er/a.JPG", ".hidden.png", ".git/c.png", "__MACOSX/d.png", "deep/__MACOSX/e.png", "notes.txt"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_visible_files_are_listed_sorted_and_read(tmp_path: Path, kind: str) -> None:
    path = write_files(tmp_path / "data", NAMES) if kind == "folder" else write_zip(tmp_path / "data.ZIP", NAMES)
    source = open_source(path)
    assert source.names == ["b.png", "deep/er/a.JPG", "notes.txt"]
    assert image_names(source) == ["b.png", "deep/er/a.JPG"]
    assert source.read("deep/er/a.JPG") == b"deep/er/a.JPG"


def test_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "data.zip", NAMES)
    open_source(path).read("b.png")
    assert [each.name for each in tmp_path.iterdir()] == ["data.zip"]


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    real = write_files(tmp_path / "disk", ["x.png"])
    data = write_files(tmp_path / "data", ["y.png"])
    (data / "trainA").symlink_to(real)
    (data / "again").symlink_to(data)
    assert open_source(data).names == ["trainA/x.png", "y.png"]


def test_a_link_to_nowhere_is_listed_and_named_when_read(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", ["y.png"])
    (data / "gone.png").symlink_to(tmp_path / "nothing.png")
    source = open_source(data)
    assert source.names == ["gone.png", "y.png"]
    with pytest.raises(DataError, match=r"gone\.png.*No such file"):
        source.read("gone.png")


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", ["y.png"])
    os.mkfifo(data / "pipe.png")
    assert open_source(data).names == ["y.png"]


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no .*missing"):
        open_source(tmp_path / "missing")
    (tmp_path / "a.tar").write_bytes(b"x")
    with pytest.raises(DataError, match=r"a\.tar is neither a folder nor a \.zip"):
        open_source(tmp_path / "a.tar")
    (tmp_path / "a.zip").write_bytes(b"no zip at all")
    with pytest.raises(DataError, match=r"a\.zip is not a readable zip archive"):
        open_source(tmp_path / "a.zip")


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", NAMES)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="not a readable zip archive"):
        open_source(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_named(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("good.png", b"g" * 50)
        archive.writestr("bad.png", os.urandom(500))
        offset = archive.getinfo("bad.png").header_offset
    content = bytearray(path.read_bytes())
    content[offset + 60 : offset + 300] = bytes(240)
    path.write_bytes(content)
    source = open_source(path)
    assert source.read("good.png") == b"g" * 50
    with pytest.raises(DataError, match=r"bad\.png.*damaged"):
        source.read("bad.png")


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ["locked.png"])
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the encryption bit, in the local header and in the central directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"locked\.png.*encrypted"):
        open_source(path).read("locked.png")


def test_in_folder_looks_at_the_last_folder_only() -> None:
    names = ["h2z/trainA/1.jpg", "trainA/2.jpg", "trainA/sub/3.jpg", "trainB/4.jpg", "5.jpg"]
    assert in_folder(names, "trainA") == ["h2z/trainA/1.jpg", "trainA/2.jpg"]


def test_idx_files_are_found_by_name(tmp_path: Path) -> None:
    data = write_files(
        tmp_path, ["x/train-images-idx3-ubyte.gz", "x/train-labels-idx1-ubyte", "t10k-images.idx3-ubyte"]
    )
    source = open_source(data)
    assert idx.find(source) == ("x/train-images-idx3-ubyte.gz", "x/train-labels-idx1-ubyte")
    assert idx.find(source, "t10k") == ("t10k-images.idx3-ubyte", None)
    assert idx.find(open_source(write_files(tmp_path / "other", ["a.png"]))) is None


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("shape", [(5,), (3, 4, 2)])
def test_idx_content_comes_back(pack, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    parsed = idx.parse(pack(idx_bytes(array)), "x")
    assert parsed.dtype == torch.uint8 and np.array_equal(parsed.numpy(), array)


def test_damaged_idx_is_refused_by_name() -> None:
    whole = idx_bytes(np.zeros((3, 4, 2), np.uint8))
    packed = gzip.compress(whole)
    damaged = bytearray(gzip.compress(os.urandom(300)))
    damaged[40:80] = bytes(40)
    cases = {
        "23 bytes where its header says 24: it is truncated": whole[:-1],
        "25 bytes where its header says 24: it is damaged": whole + b"x",
        "damaged gzip": packed[:-12],
        "is a damaged gzip": bytes(damaged),
        "is not an IDX file of unsigned": idx_bytes(np.zeros((3, 4), np.float32), kind=0x0D),
        "is not an IDX": whole[:7],
        "not an IDX file": b"",
    }
    for message, content in cases.items():
        with pytest.raises(DataError, match=f"^the-file .*{message}"):
            idx.parse(content, "the-file")


def test_idx_images_and_labels_must_belong_together(tmp_path: Path) -> None:
    pictures, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
    (tmp_path / pictures).write_bytes(idx_bytes(np.zeros((3, 4, 2), np.uint8)))
    (tmp_path / labels).write_bytes(idx_bytes(np.zeros(4, np.uint8)))
    source = open_source(tmp_path)
    with pytest.raises(DataError, match=r"3 images and train-labels.* \(4,\) labels"):
        idx.read(source, (pictures, labels))
    read, none = idx.read(source, (pictures, None))
    assert read.shape == (3, 1, 4, 2) and none is None
    with pytest.raises(DataError, match=r"train-labels.* has the shape \(4,\)"):
        idx.read(source, (labels, None))
    (tmp_path / pictures).write_bytes(idx_bytes(np.zeros((0, 4, 2), np.uint8)))
    with pytest.raises(DataError, match=r"shape \(0, 4, 2\)"):
        idx.read(source, (pictures, None))


def test_a_folder_and_its_archive_have_one_fingerprint_of_names_and_lengths(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"12345")
    (folder / "b.png").write_bytes(b"123")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for name in ("b.png", "a.png"):
            archive.write(folder / name, name)
    expected = {"pictures": 2, "sha256": hashlib.sha256(b"5 a.png\n3 b.png").hexdigest()}
    for path in (folder, tmp_path / "data.zip"):
        assert fingerprint(open_source(path), ["b.png", "a.png"], 2) == expected
    with pytest.raises(DataError, match=r"c\.png: it cannot be read"):
        fingerprint(open_source(folder), ["c.png"], 1)


def test_two_sources_are_one_with_a_letter_before_each_name(tmp_path: Path) -> None:
    folder, archive = write_files(tmp_path / "x", ["1.png"]), write_zip(tmp_path / "y.zip", ["1.png", "z/2.png"])
    both = open_sources([str(folder), str(archive)])
    assert both.names == ["A/1.png", "B/1.png", "B/z/2.png"] and str(both.path) == f"{folder} and {archive}"
    assert both.read("B/z/2.png") == b"z/2.png" and both.size("A/1.png") == 5
    (folder / "1.png").unlink()
    with pytest.raises(DataError, match=r"^A/1\.png: it cannot be read"):
        both.read("A/1.png")
    assert open_sources([str(folder)]).path == folder


def read_many(source: Source, wrong: multiprocessing.Queue) -> None:
    wrong.put(sum(source.read(name) != name.encode() * 2000 for _ in range(20) for name in source.names))


@pytest.mark.parametrize("packed", [False, True])
def test_processes_that_read_one_archive_do_not_mix_it_up(tmp_path: Path, packed: bool) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(20):
            archive.writestr(f"{number:02}.png", f"{number:02}.png".encode() * 2000)
    source = open_source(tmp_path / "a.zip")
    source = pickle.loads(pickle.dumps(source)) if packed else source
    context = multiprocessing.get_context("fork")
    wrong = context.Queue()
    processes = [context.Process(target=read_many, args=(source, wrong)) for _ in range(3)]
    for process in processes:
        process.start()
    found = [wrong.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
    assert found == [0, 0, 0]


# ---- limits


@pytest.fixture
def a_megabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_MAX_FILE", "1MB")


def test_a_small_archive_with_a_large_member_is_refused(tmp_path: Path, a_megabyte: None, monkeypatch) -> None:
    path = pack(tmp_path / "x.zip", {"large.png": bytes(2_000_000)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(DataError, match=r"large\.png would take 2,000,000 bytes, more than the limit of 1,000,000"):
        open_source(path).read("large.png")
    lying = path.read_bytes().replace(struct.pack("<I", 2_000_000), struct.pack("<I", 1000))
    (tmp_path / "lying.zip").write_bytes(lying)
    with pytest.raises(DataError, match=r"large\.png"):
        open_source(tmp_path / "lying.zip").read("large.png")
    monkeypatch.setenv("GANZOO_MAX_FILE", "2MB")
    assert len(open_source(path).read("large.png")) == 2_000_000


def pack(path: Path, files: dict[str, bytes], method: int) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_sparse_file_is_refused(tmp_path: Path, a_megabyte: None) -> None:
    with (tmp_path / "sparse.png").open("wb") as file:
        file.truncate(2**32)
    with pytest.raises(DataError, match=r"sparse\.png would take 4,294,967,296 bytes"):
        open_source(tmp_path).read("sparse.png")


def test_an_idx_file_is_unpacked_up_to_the_limit(a_megabyte: None) -> None:
    packed = gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 2_000_000) + bytes(2_000_000))
    assert len(packed) < 3000
    with pytest.raises(DataError, match="train-images, unpacked, would take 1,000,001 bytes"):
        idx.parse(packed, "train-images")


def test_what_was_left_out_of_a_folder_is_said(tmp_path: Path) -> None:
    write_files(tmp_path, ["a/x.png", "b/y.png"])
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "a" / "pipe.png")
    source = open_sources([str(tmp_path), str(tmp_path)])
    assert source.names == ["A/a/x.png", "A/b/y.png", "B/a/x.png", "B/b/y.png"]
    assert source.notes[:2] == [
        "1 link leads to a folder that is read anyway: a/up.",
        "1 file is not regular and left out: a/pipe.png.",
    ]
    with pytest.raises(DataError, match="it is a named pipe, not a regular file"):
        source.read("A/a/pipe.png")


def test_names_in_an_archive_are_no_paths(tmp_path: Path) -> None:
    """A video is copied out of an archive; one of an absolute name once was read at that place."""
    from ganzoo.data.videos import _on_disk

    (tmp_path / "private.mp4").write_bytes(b"private")
    outside = f"{tmp_path}/private.mp4"
    names = [outside, "../private.mp4", "a/../../x.mp4"]
    source = open_source(pack(tmp_path / "x.zip", dict.fromkeys(names, b"own"), zipfile.ZIP_STORED))
    for name in source.names:
        with _on_disk(source, name) as path:
            assert path.read_bytes() == b"own" and path.parent != tmp_path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["private.mp4", "x.zip"]
