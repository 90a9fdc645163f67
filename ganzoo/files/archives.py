"""Zip files of torch.save, looked at before torch opens them."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from ganzoo.files.regular import open_regular

MAX_MEMBERS = 200_000


PACKED = 8  # times its length that a compressed checkpoint may declare: weights hardly shrink at all


def refusal_of_torch_zip(path: Path, *, compressed: bool = False) -> str:
    """Return why a zip is not what torch.save writes, "" where it is.

    torch.save stores tensors as they are. A zip whose members are compressed, or overlap, can declare any amount of
    memory in a few bytes.

    Args:
        path: The zip.
        compressed: Allow a checkpoint that was packed again, which torch reads too, within `PACKED`.

    Raises:
        OSError: The file cannot be read.
        zipfile.BadZipFile: It is not a zip.
    """
    with open_regular(path) as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            return f"it has {len(members):,} members"
        if not compressed and any(member.compress_type != zipfile.ZIP_STORED for member in members):
            return "its members are compressed, which torch.save never does"
        length = os.fstat(file.fileno()).st_size
        declared = sum(member.file_size for member in members)
        most = length * (PACKED if compressed else 1)
        return f"it declares {declared:,} bytes, but has {length:,}" if declared > most else ""
