"""The registry finds cards by name, and every malformed file is one clear error."""

from __future__ import annotations

import copy
import json
import os
import re

import pytest
from conftest import ROOT, script
from strangers import install

import ganzoo
from ganzoo import catalog
from ganzoo.cards import registry
from ganzoo.cards.card import Card, card_from_dict, card_to_dict
from ganzoo.cards.grades import GRADES
from ganzoo.cards.withdrawn import WITHDRAWN
from ganzoo.catalog import former_names
from ganzoo.errors import DuplicateName, RegistryError, UnknownName

pytestmark = pytest.mark.usefixtures("fresh")

PROTOCOL = {
    "metric": "kid",
    "library": "torch-fidelity 0.4.0",
    "generated": {"source": "generated", "count": 5, "split": "all", "seed": 0},
    "real": {"source": "shapes", "count": 5, "split": "test", "sha256": "b" * 64},
    "extractor": "inception",
    "extractor_sha256": "c" * 64,
    "resizing": "none, 32x32",
    "file_format": "8-bit, uncompressed",
    "precision": "float32",
    "settings": {"subsets": 10, "subset_size": 5},
}
FULL = {
    "name": "tiny/shapes",
    "entry": "generator:dcgan",
    "task": "unconditional-image-generation",
    "image_size": 32,
    "out_channels": 1,
    "in_channels": 0,
    "latent_dim": 8,
    "classes": [],
    "frames": 0,
    "scale": 1,
    "options": {"width": 4},
    "value_range": [-1.0, 1.0],
    "parameters": 1000,
    "summary": "Shapes",
    "license": "MIT",
    "paper": "arXiv:1511.06434",
    "plugin": "ganzoo-core",
    "plugin_version": "0.1.0",
    "inference": "",
    "grade": "teaching",
    "grade_reason": "It shows one thing.",
    "limits": "",
    "tried": ["Twice the width: kid 0.2."],
    "weights": {
        "file": "w.safetensors",
        "sha256": "a" * 64,
        "bytes": 10,
        "dtype": "float16",
        "repo": "",
        "revision": "",
    },
    "dataset": {"name": "shapes", "split": "train", "count": 5, "license": "MIT", "url": ""},
    "training": {
        "recipe": "dcgan",
        "steps": 3,
        "batch_size": 2,
        "seconds": 1.5,
        "hardware": "cpu",
        "seed": 0,
        "ganzoo_version": "0.1.0",
        "precision": "fp32",
        "ema_decay": 0.0,
        "options": {},
        "parts": {},
        "start_from": {"": "cyclegan/horse2zebra"},
        "plugins": {"my-gans": "1.2"},
    },
    "discriminator": {},
    "scores": [{"metric": "kid", "value": 0.1, "low": 0.05, "high": 0.15, "protocol": PROTOCOL}],
}


def full(**changes):
    return {**copy.deepcopy(FULL), **changes}


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """Install a package whose registry.json has these cards: ``strange("module", cards)``."""
    monkeypatch.syspath_prepend(tmp_path)

    def lay(module, cards=(), returned="Path(__file__).with_suffix('.json')"):
        source = (
            f"from pathlib import Path\nfrom ganzoo import hookimpl\n@hookimpl\ndef ganzoo_cards(): return {returned}"
        )
        install(tmp_path, module, source)
        path = tmp_path / f"{module}.json"
        path.write_text(json.dumps({"format": 1, "cards": list(cards)}), encoding="utf-8")
        catalog.refresh()
        registry.refresh()
        return path

    return lay


def test_card_survives_the_way_to_json_and_back():
    card = card_from_dict(FULL, "here")
    assert json.loads(json.dumps(card_to_dict(card))) == FULL
    assert card_from_dict(json.loads(json.dumps(card_to_dict(card))), "here") == card


def test_an_unknown_grade_is_refused_with_a_suggestion():
    with pytest.raises(
        RegistryError, match=r"grade 'recomended' is not one of recommended, .* Did you mean 'recommended'"
    ):
        card_from_dict({**FULL, "grade": "recomended"}, "here")


def test_every_bundled_card_has_a_grade_and_a_sentence_why():
    for card in registry.read_registry(registry.own_path()):
        assert card.grade in GRADES and card.grade_reason.endswith("."), card.name


def test_nested_parts_of_a_card_are_typed():
    card = card_from_dict(FULL, "here")
    assert card.weights.dtype == "float16" and card.dataset.count == 5 and card.training.seconds == 1.5
    (score,) = card.scores
    assert (score.value, score.high, score.protocol.real.split) == (0.1, 0.15, "test")
    assert score.protocol.settings == {"subsets": 10, "subset_size": 5}
    assert card.value_range == (-1.0, 1.0)


def test_smallest_card_has_the_defaults():
    needed = ("name", "entry", "task", "image_size", "out_channels")
    card = card_from_dict({name: FULL[name] for name in needed}, "here")
    assert card.weights is None and card.scores == () and card.license == "unknown"


@pytest.mark.parametrize(("channels", "size"), [(1, "32x32 gray"), (3, "32x32 RGB")])
def test_size_reads_as_people_write_it(channels, size):
    assert card_from_dict(full(out_channels=channels), "here").size == size


def without(name):
    return {key: value for key, value in FULL.items() if key != name}


def nested(part, **changes):
    return full(**{part: {**FULL[part], **changes}})


MALFORMED = {
    "a list": ([], "here: a card should be a JSON object, not list."),
    "missing": (without("task"), "here: the field 'task' is missing."),
    "unknown": (full(licence="MIT"), "here: there is no field 'licence'. Did you mean 'license'?"),
    "text for number": (full(image_size="32"), "here: image_size='32' should be a whole number."),
    "fraction": (full(image_size=32.5), "here: image_size=32.5 should be a whole number."),
    "bool for number": (full(latent_dim=True), "here: latent_dim=True should be a whole number."),
    "number for text": (full(paper=1511), "here: paper=1511 should be text."),
    "null for text": (full(summary=None), "here: summary=None should be text."),
    "list for options": (full(options=[]), "here: options=[] should be a JSON object."),
    "task": (full(task="image-to-imag"), "here: task 'image-to-imag' is not one of "),
    "one-sided range": (full(value_range=[1]), "here: value_range=[1] should be a list of two numbers."),
    "no range": (full(value_range=1), "here: value_range=1 should be a list of two numbers."),
    "range of text": (full(value_range=["a", "b"]), "should be a list of two numbers."),
    "null for scores": (full(scores=None), "here: scores=None should be a list."),
    "text for scores": (full(scores="kid 1"), "here: scores='kid 1' should be a list."),
    "score": (full(scores=[{"metric": "kid", "value": 1}]), "here: score 1: the field 'protocol' is missing."),
    "score value": (
        full(scores=[FULL["scores"][0], {"metric": "kid", "value": "1", "protocol": PROTOCOL}]),
        "here: score 2: value='1' should be a number.",
    ),
    "weights": (full(weights="w.safetensors"), "here: weights should be a JSON object, not str."),
    "weights field": (nested("weights", sha="x"), "here: weights: there is no field 'sha'."),
    "hash": (nested("weights", sha256="abc"), "here: weights: sha256 'abc' is not 64 hex digits"),
    "dataset": (nested("dataset", count="many"), "here: dataset: count='many' should be a whole number."),
    "training": (nested("training", seconds="long"), "here: training: seconds='long' should be a number."),
    "recipe": (full(training={}), "here: training: the field 'recipe' is missing."),
}


@pytest.mark.parametrize("wrong", MALFORMED)
def test_malformed_card_is_one_error_with_place_and_field(wrong):
    values, complaint = MALFORMED[wrong]
    with pytest.raises(RegistryError) as raised:
        card_from_dict(values, "here")
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "cannot be read as JSON"),
        (b"", "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON"),
        (b"[]", 'it should be {"format": 1, "cards": [...]}'),
        (b'{"cards": []}', 'it should be {"format": 1, "cards": [...]}'),
        (b'{"format": 2, "cards": []}', 'it should be {"format": 1, "cards": [...]}'),
        (b'{"format": 1, "cards": {}}', 'it should be {"format": 1, "cards": [...]}'),
        (b'{"format": 1, "cards": [7]}', "card 1: a card should be a JSON object, not int."),
    ],
)
def test_malformed_file_is_one_error_that_names_it(tmp_path, content, complaint):
    path = tmp_path / "registry.json"
    path.write_bytes(content)
    with pytest.raises(RegistryError) as raised:
        registry.read_registry(path)
    assert str(path) in str(raised.value) and complaint in str(raised.value)


@pytest.mark.parametrize("name", ["shapes", "Tiny/shapes", "tiny/", "tiny/a/b", "tiny/two words", "tiny/-x"])
def test_registry_takes_only_lower_case_family_and_variant(tmp_path, name):
    path = tmp_path / "registry.json"
    path.write_text(json.dumps({"format": 1, "cards": [full(name=name)]}))
    with pytest.raises(RegistryError, match=f"'{name}' should be family/variant in lower case"):
        registry.read_registry(path)


def test_missing_file_is_the_plugins_fault(tmp_path):
    with pytest.raises(
        RegistryError, match=r"There is no registry file .*if a plugin's ganzoo_cards returned it, fix the plugin"
    ):
        registry.read_registry(tmp_path / "registry.json")


def test_third_party_cards_join_the_registry_and_are_filtered(strange):
    path = strange("with_cards", [full(), full(name="tiny/lines", task="image-to-image")])
    assert [card.name for card in registry.cards("tiny/*")] == ["tiny/lines", "tiny/shapes"]
    assert registry.list_models("tiny/*", task="image-to-image") == ["tiny/lines"]
    assert registry.list_models("*/shap?s") == ["tiny/shapes"]
    assert registry.list_models("TINY/*") == []
    assert registry.find("tiny/shapes") == card_from_dict(FULL, "here")
    assert registry.home("tiny/shapes") == path.parent


def test_unknown_model_gets_a_suggestion(strange):
    strange("for_suggestion", [full()])
    with pytest.raises(UnknownName, match=r"No model is called 'tiny/shaps'\. Did you mean 'tiny/shapes'\?"):
        registry.find("tiny/shaps")


def test_unknown_task_gets_a_suggestion():
    with pytest.raises(UnknownName, match=r"No task is called 'image-to-imge'\. Did you mean 'image-to-image'\?"):
        registry.cards(task="image-to-imge")


def test_one_card_in_two_registries_belongs_to_neither(strange):
    one, two = strange("cards_one", [full()]), strange("cards_two", [full()])
    assert registry.find("dcgan/fashion-mnist") and registry.cards("tiny/shapes") == []
    with pytest.raises(DuplicateName) as raised:
        registry.find("tiny/shapes")
    assert "'tiny/shapes'" in str(raised.value) and str(one) in str(raised.value) and str(two) in str(raised.value)


def test_several_registries_of_one_plugin_are_all_read(strange, tmp_path):
    second = tmp_path / "second.json"
    second.write_text(json.dumps({"format": 1, "cards": [full(name="tiny/more")]}))
    strange("two_files", [full()], returned=f"[Path(__file__).with_suffix('.json'), {str(second)!r}]")
    assert registry.list_models("tiny/*") == ["tiny/more", "tiny/shapes"]


@pytest.mark.parametrize(
    ("returned", "complaint"),
    [
        ("None", "failed in ganzoo_cards: TypeError: "),
        ("7", "failed in ganzoo_cards: TypeError: "),
        ("[1, 2]", "failed in ganzoo_cards: TypeError: "),
        ("1 / 0", "failed in ganzoo_cards: ZeroDivisionError: division by zero. It should return the path(s)"),
        ("exit(3)", "failed in ganzoo_cards: SystemExit: 3. It should return the path(s)"),
        ("'registry.json'", "returned 'registry.json' from ganzoo_cards, which is not absolute."),
    ],
)
def test_nonsense_from_the_hook_is_skipped_and_named_once(strange, returned, complaint, request, caplog):
    module = f"nonsense_{request.node.callspec.indices['returned']}"
    strange(module, returned=returned)
    for _ in range(2):
        assert registry.find("dcgan/fashion-mnist")
    (message,) = caplog.messages
    assert message.startswith(f"Skipped: The plugin '{module}' ")
    assert complaint in message


def test_command_line_skips_a_malformed_registry_of_a_plugin(ganzoo_command, strange, tmp_path):
    path = strange("bad_cards", [full(licence="MIT")])
    done = ganzoo_command("list", "--all", env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert done.returncode == 0 and "dcgan/fashion-mnist" in done.stdout
    assert done.stderr == f"Skipped: {path}: card 1: there is no field 'licence'. Did you mean 'license'?\n"


def test_shipped_registry_is_as_pydantic_understands_the_card():
    import pydantic

    cards = json.loads(registry.own_path().read_text(encoding="utf-8"))["cards"]
    cards = [former_names.card(card) for card in cards]  # an option that a card lacks has the default of its time
    checked = pydantic.TypeAdapter(list[Card]).validate_json(json.dumps(cards), strict=True)
    assert checked == registry.read_registry(registry.own_path())
    assert all(card_from_dict(card_to_dict(card), "here") == card for card in checked)


def test_every_shipped_card_names_an_entry_that_takes_its_options():
    from ganzoo.catalog import options

    for card in registry.cards():
        entry = catalog.find(card.entry)
        assert entry.kind == "generator" and entry.task == card.task
        options.parse(entry, card.options)


# Refused for another reason than a type: pydantic knows nothing of these.
BEYOND_TYPES = {"task", "hash", "unknown", "weights field"}


@pytest.mark.parametrize("wrong", sorted(MALFORMED.keys() - BEYOND_TYPES))
def test_pydantic_refuses_the_same_types(wrong):
    """Cards are read without pydantic, for speed: what reads them is as strict as pydantic where types go."""
    import pydantic

    adapter = pydantic.TypeAdapter(Card)
    assert adapter.validate_json(json.dumps(FULL), strict=True) == card_from_dict(FULL, "here")
    with pytest.raises(pydantic.ValidationError):
        adapter.validate_json(json.dumps(MALFORMED[wrong][0]), strict=True)


def test_the_schema_on_file_is_that_of_the_types_and_the_registry_keeps_it():
    import jsonschema

    on_file = json.loads((ROOT / "docs" / "registry.schema.json").read_text(encoding="utf-8"))
    assert on_file == script("schema").schema(), "run scripts/schema.py"
    validator = jsonschema.Draft202012Validator(on_file)
    own = json.loads(registry.own_path().read_text(encoding="utf-8"))
    validator.validate(own)
    for wrong in ({"format": 1}, {"format": 2, "cards": []}, {"format": 1, "cards": [{**own["cards"][0], "stars": 5}]}):
        assert list(validator.iter_errors(wrong))


@pytest.mark.parametrize("name", WITHDRAWN)
def test_a_withdrawn_model_says_why_and_what_there_is_instead(name: str) -> None:
    with pytest.raises(UnknownName) as error:
        registry.find(name)
    assert str(error.value) == f"{name} is withdrawn. {WITHDRAWN[name]}"
    instead = WITHDRAWN[name].rpartition(". ")[2]
    recipe, models = re.findall(r"recipe ([a-z0-9]+)", instead), re.findall(r"[a-z0-9]+/[a-z0-9-]+", instead)
    assert recipe and catalog.find(f"recipe:{recipe[0]}")
    assert set(models) <= set(registry.list_models())


def test_a_former_name_of_a_withdrawn_model_says_so_to_users() -> None:
    with pytest.raises(UnknownName, match=r"^pix2pix/facades is withdrawn\. .* Train the recipe pix2pix"):
        ganzoo.load("patchgan/facades")
    with pytest.raises(UnknownName, match=r"^style/adain is withdrawn\. .* Use style/gatys"):
        ganzoo.info("style/adain")
