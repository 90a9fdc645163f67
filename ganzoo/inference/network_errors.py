"""An error inside a network, as one sentence that names the entry, what it was given and what it should return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ganzoo.cards.card import Card
from ganzoo.errors import GanzooError, PluginError


@contextmanager
def explained(card: Card, shapes: Sequence[tuple[int, ...]]) -> Iterator[None]:
    """Turn whatever a network raises into a PluginError; a lack of memory, and errors of ganzoo's own, pass.

    Args:
        card: Of the model.
        shapes: Of the tensors that the network is given.
    """
    try:
        yield
    except (GanzooError, MemoryError, NotImplementedError):
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if "memory" in f"{type(error).__name__} {text}".lower() or "CUDA" in text:
            raise
        given = " and ".join("x".join(map(str, shape)) for shape in shapes)
        inputs = f"images (N, {card.in_channels}, H, W)" if card.does.source == "image" else f"(N, {card.latent_dim})"
        raise PluginError(
            f"{card.entry} of {card.name} fails on {given}: {type(error).__name__}: {text[:200].rstrip('.')}. It "
            f"should take {inputs} and return {'clips' if card.frames else 'images'} with {card.out_channels} channels."
        ) from error
