"""Models on the Hugging Face Hub.

This folder is the only one that knows huggingface_hub, or touches a network at all.

A model is a repository that holds `config.json`, `*.safetensors` and a `README.md` (the model card). Downloads land
in the client's ordinary cache. The client's environment variables mean what they always mean: HF_ENDPOINT (another
Hub) and HF_HOME (cache and token) are read when this module is first imported, as are HF_HUB_OFFLINE,
HF_HUB_ETAG_TIMEOUT and HF_HUB_DISABLE_XET; HF_TOKEN is read at each call.

Every call asks the Hub one short question first, with a time limit. Left to itself the client would wait without limit
for a Hub that accepts and never answers, or try six times over 23 s when there is none.

Whatever goes wrong is one of `ganzoo.errors`; errors.py says which, and why.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path

from huggingface_hub import CommitOperationAdd, constants, snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils import get_session

from ganzoo import errors
from ganzoo.errors import GanzooError, HubForbidden, HubNotFound, RegistryError, suggest
from ganzoo.files.regular import read_text
from ganzoo.hub.answers import checked_answers
from ganzoo.hub.errors import HTTP_ERROR, Target, is_unreachable, translated
from ganzoo.hub.model_cards import read_head
from ganzoo.hub.progress import quiet_when_piped

MODEL_FILES = ("config.json", "*.safetensors", "README.md")
NEEDED_FILES = ("config.json", "*.safetensors")
RETRY_PAUSE = 1.0  # seconds until a Hub that did not answer is asked again
_REPO_ID = re.compile(r"(?!.*(--|\.\.|\.git$))\b[\w.-]+\b/\b[\w.-]{1,96}\b", re.ASCII)  # as the client has it


@dataclass(frozen=True)
class Pushed:
    """Where a model went. `commit`, 40 hexadecimal digits, names exactly this upload."""

    repo_id: str
    url: str
    commit: str


@dataclass(frozen=True)
class Pulled:
    """A snapshot in the cache (read it, never write into it) and its commit, all 40 hexadecimal digits."""

    folder: Path
    commit: str


@dataclass(frozen=True)
class Found:
    """A ganzoo model on the Hub; `changed` is a day, as 2026-11-25."""

    repo_id: str
    task: str
    license: str
    downloads: int
    changed: str


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
    Raises RegistryError when `folder` is not a model.
    """
    files = _find_model_files(Path(folder))
    target = Target(check_repo_id(repo_id), revision, token, writing=True)
    with translated(target), checked_answers(), quiet_when_piped():
        is_new = _open_repository(target, private)
        operations = [CommitOperationAdd(path_in_repo=file.name, path_or_fileobj=file) for file in files]
        with _reporting_an_empty_repository(target) if is_new else nullcontext():
            commit = target.api.create_commit(repo_id, operations, commit_message=message, revision=revision)
    return Pushed(repo_id, target.url, commit.oid)


def push_space(
    folder: Path, repo_id: str, *, private: bool = False, token: str | None = None, message: str = "Upload with ganzoo"
) -> Pushed:
    """Upload a folder with a page as one commit to a static Space, which is created if need be.

    Other files of the Space stay. `private` counts as for `push`. A Space that runs a program is refused.
    """
    target = Target(check_repo_id(repo_id), token=token, writing=True, kind="spaces")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    with translated(target), checked_answers(), quiet_when_piped():
        _open_space(target, private)
        operations = [CommitOperationAdd(file.relative_to(folder).as_posix(), file) for file in files]
        commit = target.api.create_commit(repo_id, operations, commit_message=message, repo_type="space")
    return Pushed(repo_id, target.url, commit.oid)


def pull(
    repo_id: str,
    *,
    revision: str | None = None,
    token: str | None = None,
    files: Iterable[str] | None = None,
    cache: Path | None = None,
) -> Pulled:
    """Bring a model, or just `files` of it, into the cache and return the snapshot's folder.

    `revision` is a branch, a tag or a full commit; a cached commit needs no network. With the Hub unreachable the
    cache serves what `revision` meant last. `cache` is another folder in place of the client's own. A broken download
    is resumed while the client lives and started again afterwards; a file appears in the folder only when it is whole.
    """
    names = None if files is None else tuple(files)
    target = Target(check_repo_id(repo_id), revision, token, names)
    with translated(target), checked_answers(), quiet_when_piped():
        if re.fullmatch("[0-9a-f]{40}", revision or "") and (cached := _find_cached(target, cache)):
            return cached
        try:
            info = _ask(target)
        except (HTTP_ERROR, ConnectionError, ValueError) as error:
            if isinstance(error, GanzooError):  # an answer that is not to be trusted
                raise
            if not is_unreachable(error):
                raise
            if cached := _find_cached(target, cache):
                return cached
            info = _ask_again(target, error)
        _check_files(target, [str(sibling.rfilename) for sibling in info.siblings or ()])
        return _snapshot(target, cache)


def search(text: str = "", *, token: str | None = None, limit: int = 100) -> list[Found]:
    """Return the models on the Hub that carry ganzoo's library tag and have ``text`` in their names, newest first."""
    target = Target("the list of models", token=token)
    with translated(target), checked_answers():
        _ask_whether_there(f"{constants.ENDPOINT}/api/models?limit=1")
        models = target.api.list_models(
            filter="ganzoo", search=text or None, sort="last_modified", limit=limit, full=True
        )
        return [_found(info) for info in models]


def _found(info: ModelInfo) -> Found:
    day = info.last_modified.date().isoformat() if info.last_modified else ""
    tags = [tag for tag in info.tags or () if tag.startswith("license:")]
    license_id = tags[0].partition(":")[2] if tags else ""
    return Found(info.id, info.pipeline_tag or "", license_id, info.downloads or 0, day)


def fetch(repo_id: str, file: str, *, revision: str | None = None, token: str | None = None) -> Path:
    """Bring one file into the cache, as `pull` does, and return its path."""
    return pull(repo_id, revision=revision, token=token, files=[file]).folder / file


def stated_sha256(repo_id: str, file: str, revision: str | None = None, token: str | None = None) -> str:
    """Return the SHA-256 that the Hub states for a large file; "" where it cannot be asked."""
    target = Target(repo_id, revision, token)
    with suppress(Exception):
        timeout = constants.HF_HUB_ETAG_TIMEOUT
        info = target.api.model_info(repo_id, revision=revision, files_metadata=True, timeout=timeout)
        return next(str(each.lfs.sha256) for each in info.siblings or () if each.rfilename == file and each.lfs)
    return ""


def tell_apart(path: Path, found: str, stated: str) -> str:
    """Say whether a file of the cache was damaged here or on its way, or the Hub holds it so, and what to do.

    Args:
        path: Of the file.
        found: Its SHA-256.
        stated: That which the Hub states; "" if it is not known.
    """
    if stated and found == stated:
        return "The Hub holds this very file: it was replaced there, or does not belong to its card. Tell its owner."
    known = f"The Hub holds another one ({stated[:8]}): this copy was damaged on its way or in the cache. "
    return f"{known if stated else ''}Delete {path.resolve()} and try again."


def check_repo_id(repo_id: str) -> str:
    """Return `repo_id` if it is spelled owner/name; ReferenceError otherwise."""
    if _REPO_ID.fullmatch(repo_id):
        return repo_id
    raise errors.ReferenceError(
        f"'{repo_id}' is not a valid Hub repository. Write owner/name, such as alice/my-gan: letters, digits, '_', '-' "
        "and '.', but neither '-' nor '.' at the ends, no '--', no '..' and no '.git'."
    )


# ---- one step each


def _fits(file: str, *patterns: str) -> bool:
    return "/" not in file and any(fnmatchcase(file, pattern) for pattern in patterns)


def _find_missing(held: Iterable[str], files: Iterable[str] | None = None) -> list[str]:
    """Name what of `files`, or without them what of a model's needs, is not in `held`."""
    names = {*held}
    if files is not None:
        return sorted({*files} - names)
    return [pattern for pattern in NEEDED_FILES if not any(_fits(name, pattern) for name in names)]


def _find_model_files(folder: Path) -> list[Path]:
    """Find what `push` sends, without the checkpoints in subfolders; RegistryError if that is not a model."""
    files = [path for path in sorted(folder.glob("*")) if path.is_file() and _fits(path.name, *MODEL_FILES)]
    if missing := _find_missing([path.name for path in files]):
        raise RegistryError(
            f"'{folder}' is not a model folder: it has no {' and no '.join(missing)}. model.save(folder) and "
            "`ganzoo train ... -o folder` write one."
        )
    for card in (path for path in files if path.name == "README.md"):
        try:
            read_head(read_text(card, RegistryError))
        except ValueError as error:  # the Hub would refuse it too, but only once the repository is made
            raise RegistryError(
                f"'{card}' has a head that is not a YAML dict: {error}. Fix it or remove it."
            ) from error
    return files


@contextmanager
def _reporting_an_empty_repository(target: Target) -> Iterator[None]:
    """Add to a failed upload's message what it leaves behind."""
    try:
        with translated(target):
            yield
    except GanzooError as error:
        message = f"{error} The repository {target.repo_id} exists now, empty: the next push fills it."
        raise type(error)(message) from error


def _open_repository(target: Target, private: bool) -> bool:
    """Make sure that the repository and the branch exist; return whether the repository is new."""
    is_new = False
    try:
        info = _ask(Target(target.repo_id, token=target.token))
    except RepositoryNotFoundError:
        target.api.create_repo(target.repo_id, private=private, exist_ok=True)
        is_new = True
    else:
        _check_privacy(target, private, bool(info.private))
    if target.revision:
        target.api.create_branch(target.repo_id, branch=target.revision, exist_ok=True)
    return is_new


def _open_space(target: Target, private: bool) -> None:
    """Make sure that the Space exists and holds pages only."""
    try:
        info = target.api.space_info(target.repo_id, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except RepositoryNotFoundError:
        target.api.create_repo(target.repo_id, repo_type="space", space_sdk="static", private=private, exist_ok=True)
        return
    _check_privacy(target, private, bool(info.private))
    if info.sdk != "static":
        raise HubForbidden(
            f"The Space '{target.repo_id}' exists and runs {info.sdk}; nothing was sent. Choose another name."
        )


def _check_privacy(target: Target, private: bool, is_private: bool) -> None:
    if private and not is_private:
        raise HubForbidden(
            f"'{target.repo_id}' exists and is public; nothing was sent. Make it private at {target.url}/settings, "
            "choose another name, or push without private."
        )


def _ask(target: Target, patience: float = 1) -> ModelInfo:
    """Fetch what the repository holds. Waits `patience` times HF_HUB_ETAG_TIMEOUT (10 s), and tries once."""
    timeout = constants.HF_HUB_ETAG_TIMEOUT * patience
    return target.api.model_info(target.repo_id, revision=target.revision, timeout=timeout)


def _ask_whether_there(url: str) -> None:
    """Fetch something small, once: the client would try again for half a minute where there is no network."""
    get_session().get(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)


def _ask_again(target: Target, error: Exception) -> ModelInfo:
    """Give a slow network or a busy Hub a second chance, when nothing is cached."""
    if isinstance(error, OfflineModeIsEnabled):
        raise error
    time.sleep(RETRY_PAUSE)
    return _ask(target, patience=2)


def _find_cached(target: Target, cache: Path | None = None) -> Pulled | None:
    """Find a snapshot with all requested files in the cache, without network."""
    try:
        cached = _snapshot(target, cache, cached_only=True)
    except LocalEntryNotFoundError:
        return None
    held = [path.relative_to(cached.folder).as_posix() for path in cached.folder.rglob("*") if path.is_file()]
    return None if _find_missing(held, target.files) else cached


def _check_files(target: Target, held: list[str]) -> None:
    if missing := _find_missing(held, target.files):
        so = "" if target.files else ", so it is not a ganzoo model"
        raise HubNotFound(
            f"{target} has no {' and no '.join(missing)}{so}.{suggest(missing[0], held)} "
            f"It has: {', '.join(held) or 'nothing'}. See {target.url}."
        )


def _snapshot(target: Target, cache: Path | None = None, cached_only: bool = False) -> Pulled:
    folder = snapshot_download(
        target.repo_id,
        cache_dir=cache,
        revision=target.revision,
        token=target.token,
        library_name="ganzoo",
        local_files_only=cached_only,
        allow_patterns=[*MODEL_FILES] if target.files is None else [escape(file) for file in target.files],
        ignore_patterns=["*/*"] if target.files is None else None,  # the client's `*` crosses slashes
    )
    return Pulled(Path(folder), Path(folder).name)
