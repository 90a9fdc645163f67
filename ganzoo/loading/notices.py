"""A notice at the first load of a model that is not for every use, or whose license nobody knows."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from ganzoo.cards.card import Card
from ganzoo.files.cache import cache_folder
from ganzoo.files.terminal import clean
from ganzoo.weights.readme import allowed_use

VARIABLE = "GANZOO_NOTICES"  # "off": no notices
logger = logging.getLogger("ganzoo")
_gathered: ContextVar[dict[str, list[Card]] | None] = ContextVar("gathered", default=None)


def notify_once(card: Card) -> None:
    """Log, at the first load on this machine, that a model is not for every use.

    That is: for non-commercial use only, or imported from elsewhere under a license that binds what is made from it, or
    under none.
    """
    use = allowed_use(card)
    imported = card.training is not None and card.training.hardware.startswith("imported from")
    limited = "non-commercial" in use or (imported and use.startswith(("nothing", "any use; what is made")))
    if not limited or os.environ.get(VARIABLE) == "off":
        return
    known = card.weights.sha256 if card.weights else card.name
    mark = cache_folder() / "notices" / hashlib.sha256(f"{card.name} {known} {use}".encode()).hexdigest()[:32]
    if mark.exists():
        return
    with suppress(OSError):  # where nothing can be stored, it is shown again
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    if (gathered := _gathered.get()) is not None:
        gathered.setdefault(use, []).append(card)
        return
    _notify(card, use)


@contextmanager
def gather() -> Iterator[None]:
    """Gather the notices of all models that are loaded meanwhile, and log one for each kind of use at the end."""
    gathered: dict[str, list[Card]] = {}
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
        for use, cards in gathered.items():
            if len(cards) == 1:
                _notify(cards[0], use)
                continue
            names = ", ".join(clean(card.name, 200) for card in cards)
            logger.warning("For %s: %s. `ganzoo info NAME` shows the licenses. This notice is shown once.", use, names)


def _notify(card: Card, use: str) -> None:
    if use.startswith("nothing"):
        logger.warning(
            "%s states no license: nothing is known to be allowed, so ask its owners. This notice is shown once.",
            clean(card.name, 200),
        )
        return
    name, terms = clean(card.name, 200), clean(card.license, 200)
    data = f", its data set {card.dataset.name} under '{card.dataset.license}'" if card.dataset else ""
    logger.warning(
        "%s is for %s: its weights are under '%s'%s. This notice is shown once.", name, use, terms, clean(data, 400)
    )
