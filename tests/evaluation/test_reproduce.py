"""Cards are data that others wrote: what their scores were measured by is checked before it is called again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from tiny_models import maker, score

from ganzoo.cards import registry
from ganzoo.errors import RegistryError
from ganzoo.evaluation import reproduce as module
from ganzoo.evaluation.reproduce import reproduce


def test_every_card_of_ours_can_be_called_again() -> None:
    scored = [card for card in registry.cards("*") if card.scores]
    assert len(scored) > 5
    for card in scored:
        for one in card.scores:
            if one.protocol.call:
                module._check_call(one.protocol.call, card)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"metrics": ["fd"], "report_to": "OUTSIDE"}, "has 'report_to', which is not an option of measuring"),
        ({"metrics": ["fd"], "token": "x"}, "has 'token', which is not an option of measuring"),
        ({"metrics": ["fd"], "on_progress": 1}, "has 'on_progress', which is not an option of measuring"),
        ({"metrics": "fd"}, "lists no metrics or data"),
        ({"metrics": ["fd"], "data": [["a"]]}, "lists no metrics or data"),
        ({"data": ["a"]}, "lists no metrics or data"),
    ],
)
def test_a_card_calls_nothing_but_a_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: dict[str, Any], words: str
) -> None:
    outside = tmp_path / "outside.html"
    call = {name: str(outside) if value == "OUTSIDE" else value for name, value in call.items()}
    one = score("fd", 1.0)
    card = dataclasses.replace(
        maker().card, scores=(dataclasses.replace(one, protocol=dataclasses.replace(one.protocol, call=call)),)
    )
    monkeypatch.setattr(registry, "cards", lambda pattern: [card])
    with pytest.raises(RegistryError, match=words):
        list(reproduce("tiny/maker", [str(tmp_path)]))
    assert not outside.exists()
