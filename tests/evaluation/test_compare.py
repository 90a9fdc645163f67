"""Scores side by side: the best are marked, and different protocols are refused with the fields named."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tiny_models import run_python, score

from ganzoo.cards.protocol import Sample, Score
from ganzoo.errors import ProtocolError, RegistryError, UnknownName
from ganzoo.evaluation import compare
from ganzoo.evaluation.samples.results import Evaluation


def between(metric: str, value: float, low: float, high: float, **protocol: Any) -> Score:
    return Score(metric, value, score(metric, value, **protocol).protocol, low, high)


def refused(models: dict[str, list[Score]], *metrics: str) -> str:
    with pytest.raises(ProtocolError) as caught:
        compare.compare(models, metrics)
    return str(caught.value)


# ---- the table


def test_rows_are_metrics_and_the_best_of_each_is_marked() -> None:
    table = compare.compare(
        {
            "a": [score("fid", 60.0), score("psnr", 20.0), score("charm", 1.0)],
            "b": [score("psnr", 25.0), score("fid", 70.0), score("charm", 2.0), score("l1", 0.5)],
        }
    )
    assert table.models == ("a", "b")
    assert [(row.metric, row.better, row.best) for row in table.rows] == [
        ("fid", "lower", ("a",)),
        ("psnr", "higher", ("b",)),
        ("charm", "", ()),  # which way it is better is not known
        ("l1", "lower", ()),  # nobody to be better than
    ]
    assert list(table.rows[3].scores) == ["b"]  # a lacks it


def test_equal_values_are_both_the_best_and_what_is_not_a_number_is_not() -> None:
    values = {"a": 2.0, "b": 1.0, "c": 1.0, "d": math.nan, "e": -math.inf}
    (row,) = compare.compare({name: [score("kid", value)] for name, value in values.items()}).rows
    assert row.best == ("b", "c")


@pytest.mark.parametrize(
    ("other", "sure"),
    [((66.0, 64.5, 67.0), True), ((66.0, 61.0, 71.0), False), ((66.0, None, None), True), ((62, None, None), False)],
)
def test_a_best_value_is_sure_where_no_interval_reaches_into_its_own(other: tuple[Any, ...], sure: bool) -> None:
    table = compare.compare({"a": [between("fid", 60, 57.0, 63.0)], "b": [between("fid", *other)]})
    assert table.rows[0].best == ("a",) and table.rows[0].sure is sure


def test_seeds_devices_and_versions_may_differ() -> None:
    one = score("fid", 60.0)
    other = score("fid", 61.0, generated=Sample("generated", 64, seed=7), device="cuda", library="torchmetrics 1.9")
    assert len(compare.compare({"a": [one], "b": [other]}).rows) == 1


def test_metrics_are_chosen_in_the_order_asked_and_by_the_first_word() -> None:
    one = [score("fd-efficientnet-lite0", 1.0), score("fd-timm-resnet18", 2.0), score("psnr", 3.0), score("fid", 4.0)]
    table = compare.compare({"a": one, "b": one}, ["psnr", "fd"])
    assert [row.metric for row in table.rows] == ["psnr", "fd-efficientnet-lite0", "fd-timm-resnet18"]


def test_a_metric_that_no_model_has_is_named() -> None:
    one = [score("psnr", 3.0), score("ssim", 0.5)]
    with pytest.raises(UnknownName, match=r"called 'pnsr'. Did you mean 'psnr'\? They have psnr, ssim\."):
        compare.compare({"a": one, "b": one}, ["pnsr"])


def test_extractors_make_metrics_of_other_names_which_are_other_rows() -> None:
    shared = score("psnr", 20.0)
    inception = score("fid", 60.0)
    light = score("fd-efficientnet-lite0", 250.0, extractor="efficientnet-lite0")
    table = compare.compare({"a": [shared, inception], "b": [shared, light]})
    assert [(row.metric, list(row.scores)) for row in table.rows] == [
        ("psnr", ["a", "b"]),
        ("fid", ["a"]),
        ("fd-efficientnet-lite0", ["b"]),
    ]


def test_the_table_as_json_keeps_every_protocol() -> None:
    one, other = score("fid", 60.0), score("fid", 70.0, device="cuda")
    values = json.loads(json.dumps(compare.compare({"a": [one], "b": [other]}).to_dict()))
    assert values["models"] == ["a", "b"]
    assert values["metrics"] == [
        {
            "metric": "fid",
            "better": "lower",
            "best": ["a"],
            "sure": True,
            "baselines": {},
            "scores": {"a": one.to_dict(), "b": other.to_dict()},
        }
    ]


# ---- refusals


def test_scores_that_differ_only_in_the_resizer_are_refused() -> None:
    one = score("fid", 60.0, resizing="bilinear to 299x299")
    other = score("fid", 60.0, resizing="bicubic, antialiased, to 299x299")
    message = refused({"alice": [one], "bob": [other]})
    assert message.splitlines() == [
        "Scores that were measured under different protocols cannot be compared.",
        "fid of alice and of bob differ in",
        "  resizing: 'bilinear to 299x299' and 'bicubic, antialiased, to 299x299'",
        "Measure both again with the same options of `ganzoo eval`.",
    ]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"extractor": "mine"}, "extractor: 'inception' and 'mine'"),
        ({"extractor_sha256": "ef" * 32}, "extractor_sha256: '676767676767…' and 'efefefefefef…'"),
        ({"extractor_sha256": ""}, "extractor_sha256: '676767676767…' and nothing stated"),
        ({"file_format": "JPEG"}, "file_format: '8-bit, uncompressed' and 'JPEG'"),
        ({"precision": "bfloat16"}, "precision: 'float32' and 'bfloat16'"),
        ({"settings": {"subsets": 100}}, "settings.subsets: nothing stated and 100"),
        ({"generated": Sample("generated", 1000, seed=0)}, "generated.count: 64 and 1000"),
        ({"real": Sample("horses", 64, "test", "cd" * 32)}, "real.sha256: 'abababababab…' and 'cdcdcdcdcdcd…'"),
    ],
)
def test_every_field_that_changes_the_meaning_is_named(change: dict[str, Any], text: str) -> None:
    message = refused({"a": [score("fid", 60.0)], "b": [score("fid", 60.0, **change)]})
    assert f"\n  {text}\n" in message and message.count("\n  ") == 1


def test_all_differing_fields_and_metrics_are_in_one_message() -> None:
    change = {"resizing": "none", "precision": "bfloat16"}
    message = refused(
        {
            "a": [score("fid", 1.0), score("kid", 1.0), score("psnr", 1.0), score("is", 1.0)],
            "b": [score("fid", 1.0, **change), score("kid", 1.0, **change), score("psnr", 2.0)],
            "c": [score("psnr", 3.0), score("is", 1.0, file_format="JPEG")],
        }
    )
    assert "\nfid, kid of a and of b differ in\n  resizing: " in message  # once for both
    assert "\n  precision: 'float32' and 'bfloat16'\nis of a and of c differ in\n  file_format: " in message
    assert message.endswith(", or omit what differs: --metrics psnr.")


def test_what_differs_can_be_left_out() -> None:
    models = {
        "a": [score("fid", 1.0), score("psnr", 1.0)],
        "b": [score("fid", 1.0, resizing="none"), score("psnr", 2.0)],
    }
    assert "fid of a and of b" in refused(models)
    assert [row.metric for row in compare.compare(models, ["psnr"]).rows] == ["psnr"]


def test_the_third_model_is_refused_too() -> None:
    same = [score("fid", 1.0)]
    message = refused({"a": same, "b": same, "c": [score("fid", 1.0, precision="bfloat16")]})
    assert "fid of a and of c differ in" in message


def test_models_without_a_metric_in_common_are_refused() -> None:
    assert refused({"a": [score("fid", 1.0)], "b": [score("psnr", 1.0), score("l1", 1.0)]}).startswith(
        "a shares no metric with b, so there is nothing to compare.\n  a: fid\n  b: psnr, l1\nMeasure them "
    )
    assert "\n  b: no scores\n" in refused({"a": [score("fid", 1.0)], "b": []})
    same = [score("fid", 1.0)]
    assert refused({"a": same, "b": same, "c": [score("psnr", 1.0)]}).startswith("c shares no metric with any other,")


def test_of_several_scores_of_one_metric_those_measured_alike_are_taken() -> None:
    test, train = {}, {"real": Sample("horses", 900, "train", "cd" * 32)}
    models = {"a": [score("fid", 1.0, **train), score("fid", 2.0, **test)], "b": [score("fid", 3.0, **test)]}
    (row,) = compare.compare(models).rows
    assert [one.value for one in row.scores.values()] == [2.0, 3.0]
    (row,) = compare.compare(dict(reversed(models.items()))).rows
    assert [one.value for one in row.scores.values()] == [3.0, 2.0]
    again = score("fid", 9.0, generated=Sample("generated", 64, seed=1))  # the same, measured twice
    assert len(compare.compare({**models, "b": [*models["b"], again]}).rows) == 1


# ---- files


def test_a_file_that_an_evaluation_wrote_is_read_back(tmp_path: Path) -> None:
    scores = [between("fid", 60.0, 59.0, 61.0, settings={"subsets": 3}), score("psnr", 20.0, real=None)]
    Evaluation("dir:mine", "horses", scores).save(tmp_path / "mine.json")
    assert compare.read(tmp_path / "mine.json") == ("dir:mine", tuple(scores))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "does not exist"),
        ("{", "is not valid JSON"),
        ("\x00", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("[]", "contains no evaluation"),
        ('{"model": "a"}', "contains no evaluation"),
        ('{"scores": []}', "'model' must be the name"),
        ('{"model": 3, "scores": []}', "'model' must be the name"),
        ('{"model": "a", "scores": [3]}', "score 1 should be a JSON object, not int"),
        ('{"model": "a", "scores": [{"metric": "fid", "value": "x", "protocol": {}}]}', "score 1: protocol: the field"),
        ('{"model": "a", "scores": [{"metric": "fid", "value": 1}]}', "score 1: the field 'protocol' is missing"),
    ],
)
def test_a_file_that_is_not_one_says_what_is_wrong(tmp_path: Path, content: str | None, text: str) -> None:
    if content is not None:
        (tmp_path / "mine.json").write_text(content)
    with pytest.raises(RegistryError, match=r"mine\.json") as caught:
        compare.read(tmp_path / "mine.json")
    assert text in str(caught.value)


def test_a_folder_and_other_bytes_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="cannot be read: Is a directory"):
        compare.read(tmp_path)
    (tmp_path / "mine.json").write_bytes(b"\xff\xfe")
    with pytest.raises(RegistryError, match="is not valid JSON"):
        compare.read(tmp_path / "mine.json")


def test_comparing_imports_nothing_heavy() -> None:
    code = "import sys, ganzoo.evaluation.compare; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    assert run_python(code).stdout == "set()\n"
