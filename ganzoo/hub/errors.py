"""The Hub client's exceptions -> `ganzoo.errors`, each with what to do.

HubNotFound, HubForbidden and HubUnreachable say what to do about it; HubError is any other refusal, and OutputError
means that the disk is full or the cache cannot be written.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from huggingface_hub import HfApi, constants, get_token
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

from ganzoo.errors import (
    GanzooError,
    HubError,
    HubForbidden,
    HubNotFound,
    HubUnreachable,
    OutputError,
    RegistryError,
    suggest,
)
from ganzoo.files.terminal import clean

HTTP_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]  # of httpx or httpx2, whichever this client is built on
# An answer that is JSON, but of another shape, fails in any of these ways.
_SHAPES = (TypeError, LookupError, AttributeError, AssertionError)
_CLIENT_ERRORS = (HTTP_ERROR, OSError, ValueError, RuntimeError, *_SHAPES)
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}


@dataclass(frozen=True)
class Target:
    """What a call is about: every message names it. Without `files`, all of a model; `kind`: "models" or "spaces"."""

    repo_id: str
    revision: str | None = None
    token: str | None = field(default=None, repr=False)
    files: tuple[str, ...] | None = None
    writing: bool = False
    kind: str = "models"

    def __str__(self) -> str:
        return f"'{self.repo_id}'" + (f" (revision '{self.revision}')" if self.revision else "")

    @property
    def api(self) -> HfApi:
        return HfApi(token=self.token, library_name="ganzoo")

    @property
    def url(self) -> str:
        return f"{constants.ENDPOINT}/{'' if self.kind == 'models' else f'{self.kind}/'}{self.repo_id}"

    @property
    def not_cached(self) -> str:
        return "" if self.writing else ", and the cache does not hold it"

    @property
    def has_token(self) -> bool:
        return bool(self.token or get_token())


def is_unreachable(error: Exception) -> bool:
    """Return whether no Hub answered, or one in trouble: only then the cache is used instead."""
    if isinstance(error, HfHubHTTPError):
        status: int = error.response.status_code
        return status == 429 or status >= 500
    return True  # no connection, offline mode, or an answer that is not JSON, such as a proxy's page


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Turn whatever the client raises in the block, which is about `target`, into one of our errors."""
    try:
        yield
    except GanzooError:
        raise
    except _CLIENT_ERRORS as error:
        raise _translate(error, target) from error


def _translate(error: Exception, target: Target) -> GanzooError:
    while isinstance(error, (LocalEntryNotFoundError, RuntimeError)) and isinstance(error.__cause__, _CLIENT_ERRORS):
        error = error.__cause__  # "not cached" or "error while uploading", where the cause says why
    if type(error).__module__ == "hf_xet":
        return _explain_xet(error, target)
    return next(explain(error, target) for kind, explain in _EXPLANATIONS if isinstance(error, kind))


def _explain_gate(error: Exception, target: Target) -> GanzooError:
    return HubForbidden(f"{target} is gated: its owner grants access. Ask at {target.url}, then {_LOG_IN}.")


def _explain_repository(error: Exception, target: Target) -> GanzooError:
    if target.writing:
        return _explain_rights(error, target)
    hidden = "your token may not see it" if target.has_token else "it is private"
    return HubNotFound(
        f"There is no '{target.repo_id}' on the Hub, or {hidden}. Check the spelling, {target.url}; to see what is "
        f"private, {_LOG_IN}."
    )


def _explain_rights(error: Exception, target: Target) -> GanzooError:
    if not target.has_token:
        return HubForbidden(f"Pushing to '{target.repo_id}' needs a token: {_LOG_IN}.")
    return HubForbidden(
        f"Your token may not write to '{target.repo_id}'. Push under your own name (`hf auth whoami` shows whose "
        "token it is), or use a token with the role 'write'."
    )


def _explain_revision(error: Exception, target: Target) -> GanzooError:
    names: list[str] = []
    with suppress(HTTP_ERROR, OSError):  # a help, not a need
        refs = target.api.list_repo_refs(target.repo_id)
        names = [ref.name for ref in (*refs.branches, *refs.tags)]
    wrong = target.revision or constants.DEFAULT_REVISION
    return HubNotFound(
        f"'{target.repo_id}' has no revision '{wrong}'.{suggest(wrong, names)} Give a full commit, a branch or a tag"
        f"{': ' if names else ''}{', '.join(names)}. See {target.url}/commits/main."
    )


def _explain_file(error: Exception, target: Target) -> GanzooError:
    return HubNotFound(f"{target} lost a file while it was read. See {target.url}/tree/main, and try again.")


def _explain_refusal(error: Exception, target: Target) -> GanzooError:
    assert isinstance(error, HfHubHTTPError)
    status = error.response.status_code
    if status == 401 and target.has_token:
        return HubForbidden(f"{target}: the Hub does not accept your token. It may have expired: {_LOG_IN}.")
    if status in (401, 403):
        return _explain_rights(error, target) if target.writing else HubForbidden(f"{target} is closed: {_LOG_IN}.")
    if is_unreachable(error):
        return HubUnreachable(f"{target}: the Hub answers {status}{target.not_cached}. Try again in a minute.")
    reason = error.server_message or " ".join(str(error).split())
    return HubError(f"{target}: the Hub refuses ({status}): {reason}. See {target.url}.")


def _explain_offline(error: Exception, target: Target) -> GanzooError:
    if target.writing:
        return HubUnreachable(f"Pushing to '{target.repo_id}' needs the network: unset HF_HUB_OFFLINE and try again.")
    what = ", ".join(target.files or ["the model"])
    return HubUnreachable(
        f"{target}: HF_HUB_OFFLINE is set and {what} is not in the cache, {constants.HF_HUB_CACHE}. Unset it, or set "
        "HF_HOME to where it is cached."
    )


def _explain_connection(error: Exception, target: Target) -> GanzooError:
    return HubUnreachable(
        f"{target}: no Hub answers at {constants.ENDPOINT} ({_name(error)}){target.not_cached}. Check the "
        "network and HF_ENDPOINT, and try again; on a slow network set HF_HUB_ETAG_TIMEOUT=60 (seconds)."
    )


def _explain_xet(error: Exception, target: Target) -> GanzooError:
    number = re.search(r"\(os error (\d+)\)", str(error))  # hf_xet reports a full disk in words only
    if number and int(number[1]) in _DISK:
        return _explain_disk(OSError(int(number[1]), str(error)), target)
    return HubUnreachable(
        f"{target}: the transfer by Xet broke off ({_name(error)}). Try again, or set HF_HUB_DISABLE_XET=1 for plain "
        "HTTP."
    )


def _explain_disk(error: Exception, target: Target) -> GanzooError:
    assert isinstance(error, OSError)
    if target.writing or (error.errno not in _DISK and error.filename is None):
        return HubError(f"{target}: the transfer failed ({_name(error)}). Try again: whole files are not sent twice.")
    return OutputError(
        f"{target}: cannot write to the cache, {constants.HF_HUB_CACHE} ({_name(error)}). Free some space, or set "
        "HF_HOME to a folder elsewhere."
    )


def _explain_value(error: Exception, target: Target) -> GanzooError:
    if target.writing and "README.md" in str(error):
        return RegistryError(f"The Hub refuses the model card. {' '.join(str(error).split())}")
    return _explain_connection(error, target)


def _explain_shape(error: Exception, target: Target) -> GanzooError:
    return HubError(
        f"{target}: what answers at {constants.ENDPOINT} is not a Hub: its answers have another shape "
        f"({_name(error)}). Check HF_ENDPOINT."
    )


def _name(error: Exception) -> str:
    return clean(f"{type(error).__name__}: {error}", 300)


_LOG_IN = "run `hf auth login`, or set HF_TOKEN"
_Explain = Callable[[Exception, Target], GanzooError]
_EXPLANATIONS: tuple[tuple[type[Exception], _Explain], ...] = (  # the first that fits: special before general
    (GatedRepoError, _explain_gate),
    (RepositoryNotFoundError, _explain_repository),
    (RevisionNotFoundError, _explain_revision),
    (RemoteEntryNotFoundError, _explain_file),
    (HfHubHTTPError, _explain_refusal),
    (OfflineModeIsEnabled, _explain_offline),
    (LocalEntryNotFoundError, _explain_connection),
    (LocalTokenNotFoundError, _explain_rights),
    (HTTP_ERROR, _explain_connection),
    (TimeoutError, _explain_connection),
    (ConnectionError, _explain_xet),
    (OSError, _explain_disk),
    (ValueError, _explain_value),
    *((kind, _explain_shape) for kind in _SHAPES),
    (RuntimeError, _explain_xet),
)
