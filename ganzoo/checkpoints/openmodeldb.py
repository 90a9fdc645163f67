"""What OpenModelDB (https://openmodeldb.info) says of a file: an entry of its data, as the fields of a card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.cards.card import DatasetInfo
from ganzoo.errors import HashMismatch, RegistryError
from ganzoo.files.regular import read_text
from ganzoo.files.terminal import clean

LENGTH = 200  # characters of a summary


def card_fields(path: Path, sha256: str, file: Path) -> dict[str, Any]:
    """Return license, summary and data set of an entry, as the card's fields.

    Args:
        path: The entry: one JSON file of OpenModelDB's data/models.
        sha256: Of the checkpoint.
        file: The checkpoint, for messages.

    Raises:
        RegistryError: The entry cannot be read.
        HashMismatch: The entry states other files.
    """
    entry = _read(path)
    _check_hash(entry, path, sha256, file)
    authors = entry.get("author") or ()
    names = [authors] if isinstance(authors, str) else [str(one) for one in authors]
    by = f", by {', '.join(names)}" if names else ""
    first_line = (str(entry.get("description") or "").strip().splitlines() or [""])[0].strip("# ")
    summary = clean(f"{entry.get('name') or path.stem}{by}: {first_line}".rstrip(": "), LENGTH)
    fields: dict[str, Any] = {"license": clean(str(entry.get("license") or "unknown"), LENGTH), "summary": summary}
    if entry.get("dataset"):
        count = entry.get("datasetSize")
        fields["dataset"] = DatasetInfo(
            clean(str(entry["dataset"]), LENGTH), count=count if isinstance(count, int) else 0
        )
    return fields


def _read(path: Path) -> Mapping[str, Any]:
    try:
        entry = json.loads(read_text(path, RegistryError))
    except FileNotFoundError as error:
        raise RegistryError(f"There is no file {path}. Check the path of the OpenModelDB entry.") from error
    except RegistryError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise RegistryError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(entry, dict) or not isinstance(entry.get("resources"), list):
        raise RegistryError(
            f"{path} is not an entry of OpenModelDB, which has 'resources'. Give a file of its data/models."
        )
    return entry


def _check_hash(entry: Mapping[str, Any], path: Path, sha256: str, file: Path) -> None:
    """Raise HashMismatch where the entry states hashes, and none is the file's."""
    stated = [str(one["sha256"]).lower() for one in entry["resources"] if isinstance(one, dict) and one.get("sha256")]
    if not stated:
        raise RegistryError(f"{path} states no SHA-256, so it may be about another file. Use --license instead.")
    if sha256 not in stated:
        raise HashMismatch(
            f"The SHA-256 of {file} begins {sha256[:8]}, {path.name} says {' or '.join(one[:8] for one in stated)}. "
            "Download the file again, or give the entry that belongs to it."
        )
