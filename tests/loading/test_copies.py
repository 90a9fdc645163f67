"""Copies of a Model by pickle, deepcopy and torch.save, and what notebooks show of models, cards, scores and images."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image
from tiny_models import maker, score, translator

import ganzoo
from ganzoo.contracts.metric import Diagnosis
from ganzoo.evaluation import compare
from ganzoo.evaluation.samples.results import Evaluation
from ganzoo.image_io.grids import Images
from ganzoo.loading.model import Model

EVIL = "<script>x</script>&\"'"


def through_torch_save(model: Model) -> Model:
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    copied: Model = torch.load(buffer, weights_only=False)
    return copied


COPIES: dict[str, Callable[[Model], Model]] = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
    "torch.save": through_torch_save,
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("used", [False, True])
def test_a_copy_gives_the_same_images_and_shares_no_weights(how: str, used: bool) -> None:
    original, image = translator(), picture(20, 24)
    if used:
        original.translate(image)
    copied = COPIES[how](original)
    assert copied.card == original.card and copied.device == original.device and copied.dtype == original.dtype
    before = np.asarray(original.translate(image))
    assert np.array_equal(np.asarray(copied.translate(image)), before)
    for parameter in copied.generator.parameters():
        parameter.data.zero_()
    assert np.array_equal(np.asarray(original.translate(image)), before)


def test_a_loaded_model_is_copied_with_its_weights_and_needs_its_folder_no_more(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    maker().save(folder)
    loaded = ganzoo.load(f"dir:{folder}", device="cpu")
    kept = pickle.dumps(loaded)
    (folder / "model.safetensors").unlink()
    copied = pickle.loads(kept)
    assert [np.asarray(one).tobytes() for one in copied.generate(2)] == [
        np.asarray(one).tobytes() for one in loaded.generate(2)
    ]


class Text(HTMLParser):
    """The text and the tags of a piece of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text, self.tags = "", []
        self.feed(source)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)


def test_notebooks_show_models_and_cards_with_their_scores() -> None:
    model = translator(summary="Small horses")
    shown = Text(model._repr_html_())
    for part in (
        "tiny/translator",
        "on cpu, float32",
        "Small horses",
        "generator:resnet",
        "Tiny Horses",
        "kid",
        "0.25",
    ):
        assert part in shown.text
    assert "on cpu" not in Text(model.card._repr_html_()).text
    assert "kid" in Text(model.card.scores[0]._repr_html_()).text


def test_notebooks_show_evaluations_and_comparisons() -> None:
    sure = [replace(score("fid", value), low=value - 1, high=value + 1) for value in (60.0, 70.0)]
    table = compare.compare({"a": [sure[0]], "b": [sure[1]]})
    shown = table._repr_html_()
    assert Text(shown).text.startswith("metricab")
    assert ">60<" in shown.partition("<b>")[2].partition("</b>")[0] and shown.count("<b>") == 1
    evaluation = Evaluation("a", "horses", sure, [Diagnosis("collapse", "All alike.", True)], ["A note."])
    text = Text(evaluation._repr_html_()).text
    assert all(part in text for part in ("a", "by horses", "fid", "60", "59 to 61", "All alike.", "A note."))


def test_what_notebooks_show_is_escaped() -> None:
    card = translator(name=EVIL, summary=EVIL, limits=EVIL).card
    evaluation = Evaluation(EVIL, EVIL, [score(EVIL, 1.0)], notes=[EVIL])
    table = compare.compare({EVIL: [score("fid", 60.0)], "b": [score("fid", 70.0)]})
    for source in (card._repr_html_(), evaluation._repr_html_(), table._repr_html_()):
        shown = Text(source)
        assert EVIL in shown.text and "script" not in shown.tags


def test_lists_of_images_show_as_one_grid() -> None:
    images = maker().generate(4)
    assert isinstance(images, list) and len(images) == 4
    sheet = Image.open(io.BytesIO(images._repr_png_()))
    assert sheet.size == (2 * 18 + 2, 2 * 18 + 2)
    results = translator().translate([picture(20, 24), picture(16, 16)])
    assert Image.open(io.BytesIO(results._repr_png_())).size == (2 * 22 + 2, 26 + 2)
    clips = Images([[picture(8, 8)] * 3, [picture(8, 8)] * 3])
    assert Image.open(io.BytesIO(clips._repr_png_() or b"")).size == (3 * 10 + 2, 2 * 10 + 2)
    assert Images([])._repr_png_() is None and Images(["text"])._repr_png_() is None


def test_dir_shows_public_names_alone() -> None:
    assert dir(ganzoo) == sorted(ganzoo.__all__)
