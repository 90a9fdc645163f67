"""A score's protocol: to JSON and back, in words, and what forbids comparing two scores."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from tiny_models import score

from ganzoo.cards.protocol import Protocol, Sample, differences, score_from_dict
from ganzoo.errors import RegistryError

KID = score("kid", 0.25, settings={"subsets": 10}).protocol


def test_a_score_survives_the_way_to_json_and_back() -> None:
    one = score("kid", 0.25, settings={"subsets": 10}, call={"metrics": ["kid"]})
    assert score_from_dict(json.loads(json.dumps(one.to_dict())), "here") == one
    bounded = dataclasses.replace(one, low=0.2, high=0.3)
    assert score_from_dict(bounded.to_dict(), "here") == bounded


def test_the_words_name_both_sides_the_extractor_and_the_settings() -> None:
    assert str(KID) == (
        "64 generated, seed 0 against 64 horses, test; none, 64x64; bilinear to 299x299; inception (67676767); "
        "8-bit, uncompressed, float32; subsets 10"
    )


@pytest.mark.parametrize(
    ("changes", "field", "values"),
    [
        ({"metric": "fid"}, "metric", ("kid", "fid")),
        ({"resizing": "nearest"}, "resizing", ("none, 64x64; bilinear to 299x299", "nearest")),
        ({"extractor_sha256": "00"}, "extractor_sha256", ("67" * 32, "00")),
        ({"precision": "bfloat16"}, "precision", ("float32", "bfloat16")),
        ({"file_format": "8-bit, .jpg files"}, "file_format", ("8-bit, uncompressed", "8-bit, .jpg files")),
        ({"settings": {"subsets": 100}}, "settings.subsets", (10, 100)),
        ({"settings": {}}, "settings.subsets", (10, None)),
        ({"generated": Sample("generated", 65, seed=0)}, "generated.count", (64, 65)),
        ({"real": Sample("horses", 64, "test", "cd" * 32)}, "real.sha256", ("ab" * 32, "cd" * 32)),
    ],
)
def test_what_changes_the_meaning_is_a_difference(changes: dict[str, Any], field: str, values: tuple[Any, Any]) -> None:
    assert differences(KID, dataclasses.replace(KID, **changes)) == {field: values}


@pytest.mark.parametrize(
    "changes",
    [
        {"device": "cuda"},
        {"library": "torch-fidelity 0.5"},
        {"interval": "95 %"},
        {"call": {"size": 3}},
        {"generated": Sample("generated", 64, seed=9)},
        {"real": Sample("a folder called otherwise", 64, "all", "ab" * 32)},
    ],
)
def test_where_and_when_it_was_measured_is_none(changes: dict[str, Any]) -> None:
    assert differences(KID, dataclasses.replace(KID, **changes)) == {}


def test_no_real_side_differs_from_one() -> None:
    assert set(differences(KID, dataclasses.replace(KID, real=None))) == {"real.count", "real.sha256"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("kid", "there should be a JSON object, not str"),
        ({"metric": "kid", "value": "x", "protocol": KID.to_dict()}, r"there: value='x' should be a number"),
        ({"metric": "kid", "value": 1.0, "protocol": "in words"}, "there: protocol should be a JSON object, not str"),
        ({"metric": "kid", "value": 1.0}, "there: the field 'protocol' is missing"),
        (
            {"metric": "kid", "value": 1.0, "protocol": {**KID.to_dict(), "generated": {"source": "x"}}},
            "there: protocol: generated: the field 'count' is missing",
        ),
        (
            {"metric": "kid", "value": 1.0, "protocol": {**KID.to_dict(), "resize": "x"}},
            r"there: protocol: there is no field 'resize'\. Did you mean 'resizing'",
        ),
    ],
)
def test_what_is_not_a_score_is_refused_by_field(values: Any, message: str) -> None:
    with pytest.raises(RegistryError, match=message):
        score_from_dict(values, "there")


def test_every_field_of_a_protocol_is_in_its_json() -> None:
    full = Protocol(
        "m", "l", Sample("g", 1, "s", "h", 1), Sample("r", 2), "e", "h", "r", "f", "p", "d", {"k": 1}, "i", {"a": 1}
    )
    assert set(full.to_dict()) == {field.name for field in dataclasses.fields(Protocol)}
