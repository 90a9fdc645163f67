"""What a user is told once about a model: that it is not for every use."""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import suppress

from ganzoo.cards.card import Card
from ganzoo.files.cache import cache_folder
from ganzoo.weights.readme import allowed_use

VARIABLE = "GANZOO_NOTICES"  # "off": say nothing
logger = logging.getLogger("ganzoo")


def tell(card: Card) -> None:
    """Say, at the first load on this machine, that a model is for non-commercial use only: through `logging`."""
    use = allowed_use(card)
    if "non-commercial" not in use or os.environ.get(VARIABLE) == "off":
        return
    known = card.weights.sha256 if card.weights else card.name
    mark = cache_folder() / "notices" / hashlib.sha256(f"{card.name} {known} {use}".encode()).hexdigest()[:32]
    if mark.exists():
        return
    with suppress(OSError):  # where nothing can be kept, it is said again
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    data = f", its data set {card.dataset.name} under '{card.dataset.license}'" if card.dataset else ""
    logger.warning("%s is for %s: its weights are under '%s'%s. This is said once.", card.name, use, card.license, data)
