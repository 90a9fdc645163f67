"""Models on the Hugging Face Hub; the only file that knows huggingface_hub, or touches a network at all.

A model is a repository that holds `config.json`, `*.safetensors` and a `README.md` (the model card). Downloads land
in the client's ordinary cache. The client's environment variables mean what they always mean: HF_ENDPOINT (another
Hub) and HF_HOME (cache and token) are read when this module is first imported, as are HF_HUB_OFFLINE,
HF_HUB_ETAG_TIMEOUT and HF_HUB_DISABLE_XET; HF_TOKEN is read at each call.

Every call asks the Hub one short question first, with a time limit. Left to itself the client would wait without limit
for a Hub that accepts and never answers, or try six times over 23 s when there is none.

Whatever goes wrong is one of `ganzoo.errors`: HubNotFound, HubForbidden, HubUnreachable, HubError for other refusals,
and OutputError when the disk is full or the cache cannot be written.
"""

from __future__ import annotations

import errno
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import CommitOperationAdd, HfApi, constants, get_token, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from ganzoo import errors
from ganzoo.errors import (
    GanzooError,
    HubError,
    HubForbidden,
    HubNotFound,
    HubUnreachable,
    OptionError,
    OutputError,
    RegistryError,
    suggest,
)

MODEL_FILES = ("config.json", "*.safetensors", "README.md")
NEEDED_FILES = ("config.json", "*.safetensors")
_HTTP_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]  # of httpx or httpx2, whichever this client is built on
_CLIENT_ERRORS = (_HTTP_ERROR, OSError, ValueError, RuntimeError)
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}
_REPO_ID = re.compile(r"(?!.*(--|\.\.|\.git$))\b[\w.-]+\b/\b[\w.-]{1,96}\b", re.ASCII)  # as the client has it
_CARD_HEAD = re.compile(r"\s*---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)


@dataclass(frozen=True)
class Pushed:
    """Where a model went. `commit` has all 40 hexadecimal digits: quote it to mean exactly this upload."""

    repo_id: str
    url: str
    commit: str


@dataclass(frozen=True)
class Pulled:
    """A snapshot in the cache (read it, never write into it) and its commit, all 40 hexadecimal digits."""

    folder: Path
    commit: str


@dataclass(frozen=True)
class _Target:
    """What a call is about: every message names it. Without `files`, all of a model."""

    repo_id: str
    revision: str | None = None
    token: str | None = field(default=None, repr=False)
    files: tuple[str, ...] | None = None
    writing: bool = False

    def __str__(self) -> str:
        return f"'{self.repo_id}'" + (f" (revision '{self.revision}')" if self.revision else "")

    @property
    def api(self) -> HfApi:
        return HfApi(token=self.token, library_name="ganzoo")

    @property
    def url(self) -> str:
        return f"{constants.ENDPOINT}/{self.repo_id}"

    @property
    def not_cached(self) -> str:
        return "" if self.writing else ", and the cache does not hold it"

    @property
    def has_token(self) -> bool:
        return bool(self.token or get_token())

    def find_missing(self, held: Iterable[str]) -> list[str]:
        """Name what is wanted, or what a model needs, and `held` lacks."""
        if self.files is not None:
            return sorted({*self.files} - {*held})
        return [pattern for pattern in NEEDED_FILES if not any(_fits(file, pattern) for file in held)]


def push(
    folder: Path,
    repo_id: str,
    *,
    private: bool = False,
    token: str | None = None,
    revision: str | None = None,
    message: str = "Upload with ganzoo",
) -> Pushed:
    """Upload the model in `folder` as one commit: all of its files arrive, or none.

    A missing repository or branch (`revision`) is created. Files that are there already are not sent again, so a
    broken upload is simply repeated; without a change there is no new commit, and the last one is returned. Other
    files of the repository stay. `private` counts when the repository is created; the visibility of an existing one
    is never changed, and a push with `private` to a public one is refused before anything is sent.
    Raises RegistryError when `folder` holds no model.
    """
    files = _find_model_files(Path(folder))
    target = _Target(check_repo_id(repo_id), revision, token, writing=True)
    with _hub_errors(target), _quiet_when_piped():
        _open_repository(target, private)
        operations = [CommitOperationAdd(path_in_repo=file.name, path_or_fileobj=file) for file in files]
        commit = target.api.create_commit(repo_id, operations, commit_message=message, revision=revision)
    return Pushed(repo_id, target.url, commit.oid)


def pull(
    repo_id: str, *, revision: str | None = None, token: str | None = None, files: Iterable[str] | None = None
) -> Pulled:
    """Bring a model, or just `files` of it, into the cache and return the snapshot's folder.

    `revision` is a branch, a tag or a full commit; a cached commit needs no network. With the Hub unreachable the
    cache serves what `revision` meant last. A broken download is resumed while the client lives and begun anew
    afterwards; a file appears in the folder only when it is whole.
    """
    names = None if files is None else tuple(files)
    target = _Target(check_repo_id(repo_id), revision, token, names)
    with _hub_errors(target), _quiet_when_piped():
        if re.fullmatch("[0-9a-f]{40}", revision or "") and (cached := _find_cached(target)):
            return cached
        try:
            info = _ask(target)
        except (_HTTP_ERROR, ConnectionError, ValueError) as error:
            if not _is_unreachable(error):
                raise
            if cached := _find_cached(target):
                return cached
            info = _ask_again(target, error)
        _check_files(target, [sibling.rfilename for sibling in info.siblings or ()])
        return _snapshot(target)


def fetch(repo_id: str, file: str, *, revision: str | None = None, token: str | None = None) -> Path:
    """Bring one file into the cache, as `pull` does, and return its path."""
    return pull(repo_id, revision=revision, token=token, files=[file]).folder / file


def is_cached(repo_id: str, file: str, revision: str | None = None) -> bool:
    """Whether the cache holds `file`, whole, for what `revision` meant last. Asks no network."""
    return isinstance(try_to_load_from_cache(check_repo_id(repo_id), file, revision=revision), str)


def model_card(front: dict[str, Any], body: str) -> str:
    """Return the text of a README.md: `front` as its YAML head, then the Markdown `body`.

    Raises OptionError when a value of `front` would not come back from YAML as it went in. Asks no network.
    """
    try:
        head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    except yaml.YAMLError as error:
        raise OptionError(f"The head of a model card takes text, numbers, lists and dicts only: {error}.") from error
    text = f"---\n{head}---\n\n{body.strip()}\n"
    came_back = _read_head(text)
    for key, value in front.items():
        if came_back.get(key) != value:
            raise OptionError(
                f"The model card's '{key}' cannot be {value!r}: YAML would make it {came_back.get(key)!r}."
            )
    return text


def check_repo_id(repo_id: str) -> str:
    """Return `repo_id` if it is spelt owner/name; ReferenceError otherwise."""
    if _REPO_ID.fullmatch(repo_id):
        return repo_id
    raise errors.ReferenceError(
        f"'{repo_id}' is no Hub repository. Write owner/name, such as alice/my-gan: letters, digits, '_', '-' and '.', "
        "but neither '-' nor '.' at the ends, no '--', no '..' and no '.git'."
    )


# ---- one step each


def _fits(file: str, *patterns: str) -> bool:
    return "/" not in file and any(fnmatchcase(file, pattern) for pattern in patterns)


def _find_model_files(folder: Path) -> list[Path]:
    """Find what `push` sends, without the checkpoints in subfolders; RegistryError if that is no model."""
    files = [path for path in sorted(folder.glob("*")) if path.is_file() and _fits(path.name, *MODEL_FILES)]
    if missing := _Target("").find_missing([path.name for path in files]):
        raise RegistryError(
            f"'{folder}' is no model folder: it has no {' and no '.join(missing)}. model.save(folder) and "
            "`ganzoo train ... -o folder` write one."
        )
    for card in (path for path in files if path.name == "README.md"):
        try:
            _read_head(card.read_text(encoding="utf-8"))
        except ValueError as error:  # the Hub would refuse it too, but only once the repository is made
            raise RegistryError(f"'{card}' has a head that is no YAML dict: {error}. Mend it or remove it.") from error
    return files


def _read_head(text: str) -> dict[str, Any]:
    """Return the YAML head of a model card, {} if it has none; ValueError if it cannot be read."""
    match = _CARD_HEAD.match(text)
    try:
        head = (yaml.safe_load(match[1]) if match else None) or {}
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    if not isinstance(head, dict):
        raise ValueError(f"it reads as {head!r}")
    return head


def _open_repository(target: _Target, private: bool) -> None:
    """Make sure that the repository and the branch are there."""
    try:
        info = _ask(_Target(target.repo_id, token=target.token))
    except RepositoryNotFoundError:
        target.api.create_repo(target.repo_id, private=private, exist_ok=True)
    else:
        if private and not info.private:
            raise HubForbidden(
                f"'{target.repo_id}' exists and is public; nothing was sent. Make it private at {target.url}/settings, "
                "choose another name, or push without private."
            )
    if target.revision:
        target.api.create_branch(target.repo_id, branch=target.revision, exist_ok=True)


def _ask(target: _Target, patience: float = 1) -> ModelInfo:
    """Fetch what the repository holds. Waits `patience` times HF_HUB_ETAG_TIMEOUT (10 s), and tries once."""
    timeout = constants.HF_HUB_ETAG_TIMEOUT * patience
    return target.api.model_info(target.repo_id, revision=target.revision, timeout=timeout)


def _ask_again(target: _Target, error: Exception) -> ModelInfo:
    """Give a slow network or a busy Hub a second chance, when nothing is cached."""
    if isinstance(error, OfflineModeIsEnabled):
        raise error
    time.sleep(1)
    return _ask(target, patience=2)


def _is_unreachable(error: Exception) -> bool:
    """Whether no Hub answered, or one in trouble: only then may the cache stand in."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return True  # no connection, offline mode, or an answer that is no JSON, such as a proxy's page


def _find_cached(target: _Target) -> Pulled | None:
    """Find a snapshot with all that is wanted in the cache, without network."""
    try:
        cached = _snapshot(target, cached_only=True)
    except LocalEntryNotFoundError:
        return None
    held = [path.relative_to(cached.folder).as_posix() for path in cached.folder.rglob("*") if path.is_file()]
    return None if target.find_missing(held) else cached


def _check_files(target: _Target, held: list[str]) -> None:
    if missing := target.find_missing(held):
        so = "" if target.files else ", so it is no ganzoo model"
        raise HubNotFound(
            f"{target} holds no {' and no '.join(missing)}{so}.{suggest(missing[0], held)} "
            f"It holds: {', '.join(held) or 'nothing'}. See {target.url}."
        )


def _snapshot(target: _Target, cached_only: bool = False) -> Pulled:
    folder = snapshot_download(
        target.repo_id,
        revision=target.revision,
        token=target.token,
        library_name="ganzoo",
        local_files_only=cached_only,
        allow_patterns=[*MODEL_FILES] if target.files is None else [escape(file) for file in target.files],
        ignore_patterns=["*/*"] if target.files is None else None,  # the client's `*` crosses slashes
    )
    return Pulled(Path(folder), Path(folder).name)


# ---- the client's errors, in our words


@contextmanager
def _quiet_when_piped() -> Iterator[None]:
    """Keep the client's progress bars off a standard error that is no terminal, whose log they would litter."""
    if sys.stderr.isatty() or are_progress_bars_disabled() or constants.HF_HUB_DISABLE_PROGRESS_BARS is False:
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextmanager
def _hub_errors(target: _Target) -> Iterator[None]:
    try:
        yield
    except GanzooError:
        raise
    except _CLIENT_ERRORS as error:
        raise _translate(error, target) from error


def _translate(error: Exception, target: _Target) -> GanzooError:
    while isinstance(error, (LocalEntryNotFoundError, RuntimeError)) and isinstance(error.__cause__, _CLIENT_ERRORS):
        error = error.__cause__  # "not cached" or "error while uploading", where the cause says why
    if type(error).__module__ == "hf_xet":
        return _explain_xet(error, target)
    return next(explain(error, target) for kind, explain in _EXPLANATIONS if isinstance(error, kind))


def _explain_gate(error: Exception, target: _Target) -> GanzooError:
    return HubForbidden(f"{target} is gated: its owner lets people in. Ask at {target.url}, then {_LOG_IN}.")


def _explain_repository(error: Exception, target: _Target) -> GanzooError:
    if target.writing:
        return _explain_rights(error, target)
    hidden = "your token may not see it" if target.has_token else "it is private"
    return HubNotFound(
        f"There is no '{target.repo_id}' on the Hub, or {hidden}. Check the spelling, {target.url}; to see what is "
        f"private, {_LOG_IN}."
    )


def _explain_rights(error: Exception, target: _Target) -> GanzooError:
    if not target.has_token:
        return HubForbidden(f"Pushing to '{target.repo_id}' needs a token: {_LOG_IN}.")
    return HubForbidden(
        f"Your token may not write to '{target.repo_id}'. Push to a name of your own (`hf auth whoami` tells whose the "
        "token is), or take a token with the role 'write'."
    )


def _explain_revision(error: Exception, target: _Target) -> GanzooError:
    names: list[str] = []
    with suppress(_HTTP_ERROR, OSError):  # a help, not a need
        refs = target.api.list_repo_refs(target.repo_id)
        names = [ref.name for ref in (*refs.branches, *refs.tags)]
    wrong = target.revision or constants.DEFAULT_REVISION
    return HubNotFound(
        f"'{target.repo_id}' has no revision '{wrong}'.{suggest(wrong, names)} Give a full commit, a branch or a tag"
        f"{': ' if names else ''}{', '.join(names)}. See {target.url}/commits/main."
    )


def _explain_file(error: Exception, target: _Target) -> GanzooError:
    return HubNotFound(f"{target} lost a file while it was read. See {target.url}/tree/main, and try again.")


def _explain_refusal(error: Exception, target: _Target) -> GanzooError:
    assert isinstance(error, HfHubHTTPError)
    status = error.response.status_code
    if status == 401 and target.has_token:
        return HubForbidden(f"{target}: the Hub does not accept your token. It may have expired: {_LOG_IN}.")
    if status in (401, 403):
        return _explain_rights(error, target) if target.writing else HubForbidden(f"{target} is closed: {_LOG_IN}.")
    if _is_unreachable(error):
        return HubUnreachable(f"{target}: the Hub answers {status}{target.not_cached}. Try again in a minute.")
    said = error.server_message or " ".join(str(error).split())
    return HubError(f"{target}: the Hub refuses ({status}): {said}. See {target.url}.")


def _explain_offline(error: Exception, target: _Target) -> GanzooError:
    if target.writing:
        return HubUnreachable(f"Pushing to '{target.repo_id}' needs the network: unset HF_HUB_OFFLINE and try again.")
    what = ", ".join(target.files or ["the model"])
    return HubUnreachable(
        f"{target}: HF_HUB_OFFLINE is set and {what} is not in the cache, {constants.HF_HUB_CACHE}. Unset it, or set "
        "HF_HOME to where it is cached."
    )


def _explain_connection(error: Exception, target: _Target) -> GanzooError:
    return HubUnreachable(
        f"{target}: no Hub answers at {constants.ENDPOINT} ({_name(error)}){target.not_cached}. Check the "
        "network and HF_ENDPOINT, and try again; on a slow network set HF_HUB_ETAG_TIMEOUT=60 (seconds)."
    )


def _explain_xet(error: Exception, target: _Target) -> GanzooError:
    number = re.search(r"\(os error (\d+)\)", str(error))  # hf_xet tells of a full disk in words only
    if number and int(number[1]) in _DISK:
        return _explain_disk(OSError(int(number[1]), str(error)), target)
    return HubUnreachable(
        f"{target}: the transfer by Xet broke off ({_name(error)}). Try again, or set HF_HUB_DISABLE_XET=1 for plain "
        "HTTP."
    )


def _explain_disk(error: Exception, target: _Target) -> GanzooError:
    assert isinstance(error, OSError)
    if target.writing or (error.errno not in _DISK and error.filename is None):
        return HubError(f"{target}: the transfer failed ({_name(error)}). Try again: whole files are not sent twice.")
    return OutputError(
        f"{target}: cannot write to the cache, {constants.HF_HUB_CACHE} ({_name(error)}). Free some space, or set "
        "HF_HOME to a folder elsewhere."
    )


def _explain_value(error: Exception, target: _Target) -> GanzooError:
    if target.writing and "README.md" in str(error):
        return RegistryError(f"The Hub refuses the model card. {' '.join(str(error).split())}")
    return _explain_connection(error, target)


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


_LOG_IN = "run `hf auth login`, or set HF_TOKEN"
_Explain = Callable[[Exception, _Target], GanzooError]
_EXPLANATIONS: tuple[tuple[type[Exception], _Explain], ...] = (  # the first that fits: special before general
    (GatedRepoError, _explain_gate),
    (RepositoryNotFoundError, _explain_repository),
    (RevisionNotFoundError, _explain_revision),
    (RemoteEntryNotFoundError, _explain_file),
    (HfHubHTTPError, _explain_refusal),
    (OfflineModeIsEnabled, _explain_offline),
    (LocalEntryNotFoundError, _explain_connection),
    (LocalTokenNotFoundError, _explain_rights),
    (_HTTP_ERROR, _explain_connection),
    (TimeoutError, _explain_connection),
    (ConnectionError, _explain_xet),
    (OSError, _explain_disk),
    (ValueError, _explain_value),
    (RuntimeError, _explain_xet),
)
