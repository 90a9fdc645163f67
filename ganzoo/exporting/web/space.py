"""A model's page as a static Space on the Hugging Face Hub."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.cards.card import Card
from ganzoo.exporting.export import WEB, export
from ganzoo.exporting.web.site import PAGE
from ganzoo.loading import load
from ganzoo.weights import readme

if TYPE_CHECKING:
    from ganzoo.hub.client import Pushed

# They isolate the page from others, so that its threads may share memory.
HEADERS = {"cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin"}


def push_space(
    ref: str,
    repo_id: str,
    runtime: str | None = None,
    *,
    private: bool = False,
    message: str = "Upload with ganzoo",
    token: str | None = None,
    on_stage: Callable[[str], None] = lambda text: None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Pushed:
    """Upload the page of `ganzoo export --format web` to the Space ``repo_id``.

    Args:
        ref: The model.
        repo_id: "owner/name".
        runtime: The folder of the npm package that runs the network; None: the cache or a download.
        private: Of a Space that is created.
        message: Of the commit.
        token: For the Hub.
        on_stage: Called with a few words when a part of the work begins.
        on_progress: Called with the share of the comparison with PyTorch that is done.

    Raises:
        HubError: The Hub refuses.
        GanzooError: Any error of `ganzoo.export`.
    """
    from ganzoo.hub import client
    from ganzoo.hub.model_cards import model_card

    client.check_repo_id(repo_id)  # before the model is loaded
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "page"
        export(ref, WEB, folder, runtime=runtime, token=token, on_stage=on_stage, on_progress=on_progress)
        card = load.info(ref, token=token)
        text = (
            f"# {card.name}\n\n{card.summary}\n\nThis page runs in the browser; no image leaves it. Made with ganzoo."
        )
        (folder / "README.md").write_text(model_card(head(card), text), encoding="utf-8")
        on_stage(f"Uploading the page of {card.name} to {repo_id}")
        return client.push_space(folder, repo_id, private=private, token=token, message=message)


def head(card: Card) -> dict[str, Any]:
    """Return the YAML head of a Space's README.md."""
    values: dict[str, Any] = {"title": card.name, "sdk": "static", "app_file": PAGE, "tags": ["ganzoo", "gan"]}
    values |= {name: value for name, value in readme.head(card).items() if name.startswith("license")}
    if card.weights and card.weights.repo:
        values["models"] = [card.weights.repo]
    return values | {"custom_headers": HEADERS}
