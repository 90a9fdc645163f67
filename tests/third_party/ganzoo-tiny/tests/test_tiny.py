"""The plugin contract for every entry of this package, and its published model."""

from __future__ import annotations

import json
from pathlib import Path

import ganzoo_tiny
import numpy as np
import pytest
import torch

import ganzoo
from ganzoo.testing import check_entry


@pytest.mark.parametrize("entry", ganzoo_tiny.ganzoo_entries(), ids=lambda entry: entry.spec)
def test_entry_keeps_the_contract(entry):
    check_entry(entry)


def test_loss_is_the_formula_of_its_docstring():
    loss = ganzoo.build("loss:squared-hinge", margin=2.0)
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([-1.0, 0.5])
    assert float(loss.discriminator(real, fake)) == pytest.approx((1 + 0) / 2 + (1 + 2.5**2) / 2)
    assert float(loss.generator(fake)) == pytest.approx((3**2 + 1.5**2) / 2)


def test_wrong_options_are_refused():
    with pytest.raises(ganzoo.GanzooError, match="at least 1"):
        ganzoo.build("generator:tiny", hidden=0)


def test_published_model_makes_bright_shapes_on_black():
    pictures = np.stack([np.asarray(image) for image in ganzoo.load("tiny/shapes", device="cpu").generate(32)])
    assert pictures.shape == (32, 16, 16)
    assert pictures[:, 7:9, 7:9].mean() > 200  # the middle, which every drawn shape covers
    assert pictures[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean() < 30  # the corners, which none reaches
    assert pictures.reshape(32, -1).std(0).mean() > 5  # and they differ


def test_card_says_where_the_weights_come_from():
    (card,) = json.loads((Path(ganzoo_tiny.__file__).parent / "registry.json").read_text())["cards"]
    assert card["plugin"] == "ganzoo-tiny"
    assert card["training"]["steps"] > 0 and card["training"]["seconds"] > 0 and card["training"]["hardware"]
