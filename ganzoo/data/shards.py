"""WebDataset shards: tar files of samples, read one after the other, for sets larger than a disk.

Format and library: Aizman, Maltby and Breuel, arXiv:2001.01858. A sample consists of the files whose names are equal up
to the first dot (``0001.jpg`` and ``0001.cls``).
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ganzoo.data.sources import Folder, image_names, is_remote
from ganzoo.errors import DataError, GanzooError, MissingPackage, OptionError
from ganzoo.files.limits import FILE
from ganzoo.files.regular import open_regular

SUFFIXES = (".tar", ".tar.gz", ".tgz")
BLOCK = 512  # bytes of a block in a tar
MOST_AT_ONCE = 1 << 20  # bytes; a read may ask for all that a header declares
MOST = 1_000_000  # shards of a pattern
RANGE = re.compile(r"\{(\d+)\.\.(\d+)")  # of numbers in braces
COMMANDS = "GANZOO_ALLOW_COMMANDS"  # "1": commands in run files are run
ATTEMPTS = 3  # to read a shard over a network
Note: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Sample:
    """One sample, not decoded. ``files``: content by the part of the name after the first dot, in lower case."""

    shard: str
    key: str
    files: dict[str, bytes]

    @property
    def name(self) -> str:
        """Shard and key, for messages."""
        return f"{self.shard}: {self.key}"


def are_shards(path: str) -> bool:
    """Tell whether a path means shards: a URL, ``pipe:``, .tar files, or a folder of .tar files without images."""
    if is_remote(path) or path.lower().endswith(SUFFIXES):
        return True
    return bool(_tars(path)) and not image_names(Folder(Path(path)))


def find(path: str) -> list[str]:
    """Return the shards of a path or pattern, sorted. Raises DataError where there are none, or one is missing."""
    if not are_shards(path):
        raise DataError(
            f"{path} holds no shards. Give a folder of .tar files, a pattern such as {{000..010}}.tar, or a URL."
        )
    if not is_remote(path) and Path(path).exists():
        return _tars(path) or [path]
    shards = _expand(path)
    missing = [shard for shard in shards if not is_remote(shard) and not Path(shard).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(f"There is no shard {missing[0]}{more}. Give a folder of .tar files, or a pattern of them.")
    return shards


def _expand(path: str) -> list[str]:
    """Return the shards of a pattern, sorted: what is parted by ::, with braces and ${VARIABLES}. Raises DataError."""
    number = math.prod(abs(int(last) - int(first)) + 1 for first, last in RANGE.findall(path))
    if number > MOST:
        raise DataError(f"'{path}' means {number:,} shards, more than {MOST:,}. Check its braces.")
    try:
        return sorted(_library().shardlists.expand_urls(path))
    except (AssertionError, ValueError) as error:  # of a ${VARIABLE} that is not set, or of braces
        raise DataError(f"'{path}' cannot be expanded: {error}.") from error


def refuse_commands(data: str | Sequence[str], file: str) -> None:
    """Raise OptionError where ``data``, as a file has it, would run a command or send variables of the environment.

    Only what a person writes does so, unless GANZOO_ALLOW_COMMANDS=1 is set.
    """
    remote = [path for path in ([data] if isinstance(data, str) else data) if is_remote(path) or "::" in path]
    if not remote or os.environ.get(COMMANDS) == "1":
        return
    for path in remote:
        if "${" in path:
            raise OptionError(
                f"{file} puts variables of your environment into its data, '{path}'. If you trust it, set {COMMANDS}=1."
            )
        if any(urlsplit(shard).scheme == "pipe" for shard in _expand(path)):
            raise OptionError(
                f"{file} reads its data from a command, '{path}', which would be run now. If you trust it, set "
                f"{COMMANDS}=1."
            )


def read(shard: str, note: Note) -> Iterator[Sample]:
    """Yield the samples of one shard, in its order.

    A truncated shard ends early, with a note; one that comes over a network is tried again first.

    Raises:
        DataError: A sample is over the limit of a file.
    """
    done, attempts = 0, ATTEMPTS if is_remote(shard) else 1
    for attempt in range(1, attempts + 1):
        try:
            for raw in islice(_opened(shard), done, None):
                done += 1
                files = {name: content for name, content in raw.items() if not name.startswith("__")}
                yield Sample(shard, str(raw["__key__"]), files)
            return
        except GanzooError:
            raise
        except Exception as error:  # tarfile, a decompressor or a command may raise anything
            message = getattr(error, "strerror", None) or (error.args[0] if error.args else type(error).__name__)
            reason = " ".join(str(message).split())
            consequence = "it is opened again" if attempt < attempts else "the rest of it is left out"
            note(f"The shard {shard} breaks off after {done} samples ({reason}): {consequence}.")


def _opened(shard: str) -> Iterator[dict[str, Any]]:
    """Yield a shard's samples as the library groups them. Raises DataError for a sample over the limit `FILE`."""
    tar, whole = _library().tariterators, False
    stream = _TarStream(_gopen(shard) if is_remote(shard) else open_regular(shard), shard)
    try:
        yield from tar.group_by_keys(
            tar.tar_file_expander([{"url": shard, "stream": stream}], select_files=stream.begin_file)
        )
        stream.check_end()
        whole = True
    except DataError as error:
        raise DataError(stream.refused) from error  # the library changes the message of an error
    finally:
        # A command complains when it is cut off; after it was read to its end, a complaint means that it has failed.
        with nullcontext() if whole else suppress(OSError):
            stream.close()


class _TarStream:
    """A tar, unpacked, of which no sample takes more than `FILE` bytes.

    It remembers its first and last block: `tarfile` accepts any end between two files.
    """

    def __init__(self, stream: Any, shard: str) -> None:
        self.stream, self.shard = stream, shard
        self.first, self.last = stream.read(BLOCK), b""
        self.is_packed = self.first[257:262] != b"ustar"
        self.unpacked = _unpacked(_Rest(self.first, stream))
        self.key, self.bytes, self.refused = "", 0, ""

    def begin_file(self, name: str) -> bool:
        """Note that a file begins; those of one sample, with one name up to the first dot, are counted together."""
        key = name.partition(".")[0]
        self.key, self.bytes = key, self.bytes if key == self.key else 0
        return True

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.unpacked.read(min(size, MOST_AT_ONCE) if size >= 0 else MOST_AT_ONCE)
        self.last = (self.last + data[-BLOCK:])[-BLOCK:]
        self.bytes += len(data)
        try:
            FILE.check(self.bytes, f"A sample after '{self.key}' in {self.shard}", DataError)
        except DataError as error:
            self.refused = str(error)
            raise
        return data

    def close(self) -> None:
        self.stream.close()

    def check_end(self) -> None:
        """Raise EOFError for an uncompressed tar that does not end in a block of zeros."""
        if not self.is_packed and self.last != bytes(BLOCK):
            raise EOFError("it is cut off")


class _Rest(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, first: bytes, stream: Any) -> None:
        self.first, self.stream = first, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.first[: len(buffer)] if self.first else self.stream.read(len(buffer))
        self.first = self.first[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _unpacked(stream: _Rest) -> Any:
    """Return a stream of what a compressed one holds: gzip, bzip2 or xz, told by its first bytes."""
    buffered, first = io.BufferedReader(stream), stream.first
    if first[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=buffered)
    if first[:3] == b"BZh":
        return bz2.BZ2File(buffered)
    return lzma.LZMAFile(buffered) if first[:6] == b"\xfd7zXZ\0" else buffered


def fingerprint(shards: list[str]) -> dict[str, Any]:
    """Return what identifies shards without reading them: a SHA-256 of names and, on disk, lengths."""
    lengths = ["?" if is_remote(shard) else f"{Path(shard).stat().st_size}" for shard in shards]
    names = [shard if is_remote(shard) else Path(shard).name for shard in shards]
    listing = "\n".join(f"{length} {name}" for length, name in zip(lengths, names, strict=True))
    digest = hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()
    return {"pictures": 0, "shards": len(shards), "sha256": digest}


def _tars(path: str) -> list[str]:
    """Return the shards directly in a folder; none where there is no such folder."""
    return sorted(str(each) for each in Path(path).glob("*") if each.name.lower().endswith(SUFFIXES))


def _library() -> Any:
    try:
        import webdataset  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise MissingPackage.of("Reading shards", "webdataset", "webdataset") from error
    return webdataset


def _gopen(url: str) -> Any:
    from webdataset.gopen import gopen  # type: ignore[import-not-found, import-untyped, unused-ignore]

    return gopen(url)
