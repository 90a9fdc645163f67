"""Single files of known content, from anywhere on the web, in ganzoo's own cache."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.utils.tqdm import tqdm

from ganzoo.errors import HashMismatch, HubUnreachable
from ganzoo.files.atomic import replacing
from ganzoo.files.cache import cache_folder
from ganzoo.files.hashing import file_sha256
from ganzoo.hub.progress import quiet_when_piped

SILENCE = 30.0  # seconds that a server may say nothing


def fetch_file(url: str, sha256: str, *, otherwise: str = "") -> Path:
    """Bring a file whose SHA-256 is known into ganzoo's own cache, and return its path.

    A cached file needs no network; its hash is checked each time.

    Args:
        url: Where it is.
        sha256: All 64 digits, or as many of the first as are known: torchvision's file names have 8.
        otherwise: What else a user can do if it cannot be fetched, which ends the message.

    Raises:
        HubUnreachable: There is no network.
        HashMismatch: The content is another one.
        OutputError: The cache cannot be written.
    """
    name = url.rpartition("/")[2]
    path = cache_folder() / "files" / sha256[:8] / name
    if path.is_file():
        _require_hash(path, sha256, f"{path} is damaged", "Delete it and try again.")
        return path
    with replacing(path) as temporary:
        _download(url, temporary, f"{otherwise} Or put {name} into the folder {path.parent}.".strip())
        _require_hash(
            temporary, sha256, f"{url} is not what it was", f"Nothing was kept. Try again. {otherwise}".strip()
        )
    return path


def _download(url: str, path: Path, otherwise: str) -> None:
    """Write what is at `url` to `path`. Raises HubUnreachable, and OSError where it is the disk that fails."""
    name = url.rpartition("/")[2]
    lacking = f"{name} is not on this machine, and"
    if constants.HF_HUB_OFFLINE:
        raise HubUnreachable(f"{lacking} HF_HUB_OFFLINE is set, so that {url} was not asked. {otherwise}")
    try:
        with (
            quiet_when_piped(),
            urllib.request.urlopen(url, timeout=SILENCE) as answer,
            path.open("wb") as file,
            tqdm(total=answer.length, unit="B", unit_scale=True, desc=name) as bar,
        ):
            while block := answer.read(1 << 20):
                bar.update(file.write(block))
            if answer.length:  # bytes that were announced and did not come: reading in pieces raises no error
                raise http.client.IncompleteRead(b"", answer.length)
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        reason: object = error.reason if type(error) is urllib.error.URLError else error
        if isinstance(error, http.client.IncompleteRead):
            reason = f"it broke off, {error.expected or 0:,} bytes before its end"
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise HubUnreachable(f"{lacking} {url} cannot be fetched ({reason}). {otherwise}") from error


def _require_hash(path: Path, sha256: str, complaint: str, remedy: str) -> None:
    if not (found := file_sha256(path)).startswith(sha256):
        raise HashMismatch(f"{complaint}: its SHA-256 begins {found[:8]}, it should be {sha256[:8]}. {remedy}")
