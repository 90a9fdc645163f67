"""The notice, shown once, of models that are not for every use."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest
from tiny_models import maker

from ganzoo.cards.card import DatasetInfo, TrainingInfo
from ganzoo.loading import notices
from ganzoo.weights import readme

CARD = dataclasses.replace(maker().card, license="mit", dataset=DatasetInfo("horses", license="research use"))


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    monkeypatch.delenv("GANZOO_NOTICES")


def test_a_non_commercial_model_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "ganzoo"):
        notices.notify_once(CARD)
        notices.notify_once(CARD)
    (said,) = caplog.messages
    assert "non-commercial use only" in said and "'mit', its data set horses under 'research use'" in said


def test_other_weights_say_it_again_and_it_can_be_turned_off(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices.notify_once(CARD)
    notices.notify_once(dataclasses.replace(CARD, name="tiny/other"))
    assert len(caplog.messages) == 2
    monkeypatch.setenv("GANZOO_NOTICES", "off")
    notices.notify_once(dataclasses.replace(CARD, name="tiny/third"))
    assert len(caplog.messages) == 2


@pytest.mark.parametrize(
    ("weights", "data", "expected"),
    [
        ("mit", "MIT", "any use, commercial too, with the notice kept"),
        ("cc-by-nc-4.0", "unknown", "research and other non-commercial use only"),
        ("mit", "research use, non-commercial", "research and other non-commercial use only"),
        ("unknown", "unknown", "nothing is known to be allowed: ask its owners"),
        ("own-1.0", "encoded", "what own-1.0 allows"),  # no word of "nc"
    ],
)
def test_the_narrower_license_counts(weights: str, data: str, expected: str) -> None:
    card = dataclasses.replace(CARD, license=weights, dataset=DatasetInfo("x", license=data))
    assert readme.allowed_use(card) == expected
    assert ("allowed use", expected) in readme.facts(card)


def test_a_free_model_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    notices.notify_once(dataclasses.replace(CARD, dataset=DatasetInfo("x", license="mit")))
    assert not caplog.messages


def test_notices_of_many_models_are_one_for_each_use(caplog: pytest.LogCaptureFixture) -> None:
    unknown = dataclasses.replace(CARD, name="tiny/imported", license="unknown", dataset=None)
    assert CARD.training is None
    training = TrainingInfo("r", hardware="imported from elsewhere")
    with caplog.at_level(logging.WARNING, "ganzoo"), notices.gather():
        for name in ("tiny/one", "tiny/two", "tiny/one"):
            notices.notify_once(dataclasses.replace(CARD, name=name))
        notices.notify_once(dataclasses.replace(unknown, training=training))
        assert not caplog.messages
    many, alone = caplog.messages
    assert "non-commercial use only: tiny/one, tiny/two." in many and many.count("tiny/one") == 1
    assert alone.startswith("tiny/imported states no license")
    notices.notify_once(dataclasses.replace(CARD, name="tiny/later"))
    assert caplog.messages[-1].startswith("tiny/later is for")
