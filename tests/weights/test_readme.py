"""The model card: its YAML head as the Hub and its client read it, and its text."""

from __future__ import annotations

import dataclasses

import pytest
import yaml
from huggingface_hub import ModelCard
from tiny_models import maker, score, translator

from ganzoo.cards.card import DatasetInfo, TrainingInfo, Weights
from ganzoo.weights import readme


def head_of(text: str) -> dict[str, object]:
    parsed: dict[str, object] = yaml.safe_load(text.split("---\n")[1])
    return parsed


def test_the_head_says_what_the_hub_asks() -> None:
    head = head_of(readme.text(translator().card))
    assert head["library_name"] == "ganzoo"
    assert head["pipeline_tag"] == "image-to-image"
    assert head["license"] == "mit"
    assert {"ganzoo", "gan", "pytorch", "tiny", "arxiv:1703.10593"} <= set(head["tags"])  # type: ignore[call-overload]
    assert head["datasets"] == ["tiny-horses"]
    assert head["metrics"] == ["kid"]


def test_the_hubs_own_client_reads_the_card_and_its_scores() -> None:
    scores = (score("kid", 0.25), score("fid", 12.5))
    card = translator(scores=scores).card
    read = ModelCard(readme.text(card))
    assert read.data.library_name == "ganzoo"
    assert read.data.model_name == "tiny/translator"
    results = read.data.eval_results
    assert results is not None
    assert [(r.metric_type, r.metric_value, r.task_type, r.dataset_name, r.dataset_type) for r in results] == [
        ("kid", 0.25, "image-to-image", "Tiny Horses", "tiny-horses"),
        ("fid", 12.5, "image-to-image", "Tiny Horses", "tiny-horses"),
    ]
    assert [r.metric_args["extractor"] for r in results] == ["inception", "inception"]
    again = ModelCard(str(read))
    assert again.data.to_dict() == read.data.to_dict()


def test_a_card_with_little_known_is_read_too() -> None:
    read = ModelCard(readme.text(maker().card))
    assert read.data.pipeline_tag == "unconditional-image-generation"
    assert (read.data.datasets, read.data.eval_results) == (None, None)


def test_scores_without_a_data_set_are_read() -> None:
    read = ModelCard(readme.text(translator(dataset=None).card))
    assert [result.dataset_name for result in read.data.eval_results or ()] == ["unknown"]


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("MIT", {"license": "mit"}),
        ("unknown", {"license": "unknown"}),
        ("CC-BY-NC-SA-4.0", {"license": "cc-by-nc-sa-4.0"}),
        ("Research only (ask us)", {"license": "other", "license_name": "research-only-ask-us"}),
    ],
)
def test_licenses_are_the_hubs_or_other_with_a_name(license: str, expected: dict[str, str]) -> None:
    head = readme.head(translator(license=license).card)
    assert {name: value for name, value in head.items() if name.startswith("license")} == expected


def test_awkward_text_survives() -> None:
    card = translator(
        dataset=DatasetInfo("no: 'really' \"yes\" é #1 | 2", split="a\nb", license="x|y"),
        limits="a --- b\n---\nc",
        summary="yes: no",
    ).card
    text = readme.text(card)
    assert ModelCard(text).data.datasets == ["no-really-yes-1-2"]
    rows = [
        line for line in text.splitlines() if line.startswith("| data set") or line.startswith("| license of the d")
    ]
    assert rows == ["| data set | no: 'really' \"yes\" é #1 \\| 2, a b |", "| license of the data | x\\|y |"]


def test_what_else_was_tried_is_reported() -> None:
    text = readme.text(translator(tried=("No cycle: kid 0.9.", "Twice the width: kid 0.2.")).card)
    assert "## What else was tried\n\n- No cycle: kid 0.9.\n- Twice the width: kid 0.2.\n" in text
    assert "tried" not in readme.text(translator().card)


def test_a_data_set_without_a_name_is_left_out() -> None:
    assert "datasets" not in readme.head(translator(dataset=DatasetInfo("???")).card)


def test_the_example_loads_what_is_described() -> None:
    text = readme.text(translator().card, "hf-hub:alice/m")
    assert 'ganzoo.load("hf-hub:alice/m")' in text and "model.translate(" in text
    assert "model.generate(" in readme.text(maker().card)


def test_facts_hold_both_licenses_and_the_scores_protocol() -> None:
    facts = dict(readme.facts(translator().card))
    assert facts["license of the weights"] == "mit"
    assert facts["license of the data"] == "cc-by-4.0"
    assert facts["data set"] == "Tiny Horses, train, 3 images"
    assert facts["kid"].startswith("0.25 (64 generated, seed 0 against 64 horses, test; ")
    assert facts["training time"] == "61 s on cpu"
    longer = TrainingInfo("cyclegan", seconds=190, hardware="cpu")
    assert dict(readme.facts(translator(training=longer).card))["training time"] == "3 min on cpu"


def test_the_example_installs_the_plugin_too() -> None:
    assert "# pip install ganzoo-core\n" in readme.body(translator().card)
    assert "# pip install ganzoo-core tiny-zoo\n" in readme.body(translator(plugin="tiny-zoo").card)
    assert "# pip install ganzoo-core\n" in readme.body(translator(plugin="a file; of mine").card)


def test_a_folders_name_is_no_data_set_of_the_hub() -> None:
    mine = translator(dataset=DatasetInfo("holiday-photos", split="train", count=3)).card
    head = readme.head(mine)
    assert "datasets" not in head and head["model-index"][0]["results"][0]["dataset"]["type"] == "unknown"
    logged = translator(dataset=DatasetInfo("Tiny Horses", url="https://example.org")).card
    assert readme.head(logged)["datasets"] == ["tiny-horses"]


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (DatasetInfo("x"), "x"),
        (DatasetInfo("x", count=1200), "x, 1,200 images"),
        (DatasetInfo("x", "test"), "x, test"),
    ],
)
def test_a_data_set_is_reported_without_gaps(dataset: DatasetInfo, expected: str) -> None:
    assert dict(readme.facts(translator(dataset=dataset).card))["data set"] == expected


def test_the_place_of_the_weights_is_reported() -> None:
    def logged(weights: Weights) -> str:
        return dict(readme.facts(dataclasses.replace(translator().card, weights=weights)))["weights"]

    assert logged(Weights("m.safetensors", "0", 1_500_000)) == "m.safetensors (1.5 MB, float32)"
    assert logged(Weights("m", "0", 10**6, "float16", "a/b", "c0ffee")) == "hf-hub:a/b@c0ffee m (1.0 MB, float16)"


def test_what_has_nothing_to_learn_was_trained_at_no_size() -> None:
    card = translator(parameters=9).card
    assert dict(readme.facts(card))["trained at"] == "64x64 RGB"
    assert "trained at" not in dict(readme.facts(dataclasses.replace(card, parameters=0, weights=None)))
