"""Publishes the registry's bundled models on the Hub: push, pull to verify, pin in the registry file."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.errors import HashMismatch, OptionError, OutputError
from ganzoo.files.atomic import replacing
from ganzoo.files.regular import read_text
from ganzoo.hub import client
from ganzoo.weights import model_folder, weights_file

_OWNER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class PublishedModel:
    """A model's place on the Hub.

    Args:
        name: of its card.
        repo: "owner/name".
        revision: the commit.
        new: whether the registry file did not have this revision before.
    """

    name: str
    repo: str
    revision: str
    new: bool


def publish(
    owner: str,
    path: Path | None = None,
    pattern: str = "*",
    *,
    private: bool = False,
    token: str | None = None,
    log: Callable[[str], None] = lambda text: None,
) -> Iterator[PublishedModel]:
    """Push every bundled model of a registry file to OWNER/FAMILY-VARIANT, and yield each when it is published.

    Each model is pulled into an empty cache and compared before its repository and commit are written to the registry
    file. Files that are on the Hub already are not sent again: after a failure, publish again.

    Args:
        owner: a user or an organization.
        path: the registry file; by default ganzoo's own.
        pattern: of names, such as "cyclegan/*".
        private: create private repositories.
        token: for the Hugging Face Hub.
        log: called with a message for each model that is skipped.

    Raises:
        OptionError: the owner is not valid, or no card matches.
        HubError: the Hub refuses.
        HashMismatch: the weights differ from the card, or arrived changed.
        OutputError: the registry file cannot be written.
    """
    if not _OWNER.fullmatch(owner):
        raise OptionError(
            f"'{owner}' is not a valid owner on the Hub. Give a user or an organization, for example my-lab."
        )
    path = path or registry.own_path()
    cards = [card for card in registry.read_registry(path) if fnmatch.fnmatchcase(card.name, pattern)]
    if not cards:
        raise OptionError(f"{path} has no card that matches '{pattern}'.")
    for card in cards:
        if card.weights is None:
            log(f"{card.name} has no weights: skipped.")
        elif ":" not in card.weights.file and card.weights.repo:
            log(f"{card.name} is only at {card.weights.repo}: skipped.")
        else:
            yield _publish(card, f"{owner}/{card.name.replace('/', '-')}", path, private, token)


def _publish(card: Card, repo: str, path: Path, private: bool, token: str | None) -> PublishedModel:
    own = dataclasses.replace(card, weights=dataclasses.replace(card.weights, repo="", revision=""))  # type: ignore[type-var]
    file = _weights_path(own, path)
    weights_file.check(file, own, "Reinstall the package it belongs to.", str(path))
    with tempfile.TemporaryDirectory() as folder:
        model_folder.copy(Path(folder) / "model", own, file, ref=f"hf-hub:{repo}")
        pushed = client.push(Path(folder) / "model", repo, private=private, token=token, message=f"Publish {card.name}")
        pulled = client.pull(repo, revision=pushed.commit, token=token, cache=Path(folder) / "cache")
        _compare(card, pulled.folder, repo)
    new = (card.weights.repo, card.weights.revision) != (repo, pushed.commit)  # type: ignore[union-attr]
    if new:
        _pin(path, card.name, repo, pushed.commit)
    return PublishedModel(card.name, repo, pushed.commit, new)


def _weights_path(card: Card, path: Path) -> Path:
    """Return where a card's bundled weights are: in a package, or next to its registry file."""
    if ":" in card.weights.file:  # type: ignore[union-attr]
        found = weights_file.bundled(card)
        assert found is not None  # the card names no repository here
        return found
    return path.parent / card.weights.file  # type: ignore[union-attr]


def _compare(card: Card, folder: Path, repo: str) -> None:
    """Raise HashMismatch unless the pulled model matches the card."""
    pulled = model_folder.read(folder)
    found = weights_file.sha256(folder / weights_file.FILE)
    if found != card.weights.sha256 or pulled.weights is None or pulled.weights.sha256 != found:  # type: ignore[union-attr]
        raise HashMismatch(f"{card.name}: the files pulled from {repo} differ from those pushed. Publish again.")


def _pin(path: Path, name: str, repo: str, revision: str) -> None:
    """Write a card's repository and commit into the registry file."""
    content = json.loads(read_text(path, OutputError))
    for card in content["cards"]:
        if card["name"] == name:
            card["weights"] |= {"repo": repo, "revision": revision}
    try:
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{name} is at {repo}@{revision}, but {path} cannot be written: {error.strerror}.") from error
    registry.refresh()
