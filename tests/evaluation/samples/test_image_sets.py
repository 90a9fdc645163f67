"""Images that models compute: in batches, in 8 bits, once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from evaluation_cases import arrays, lay
from tiny_models import maker, translator

from ganzoo.errors import OptionError
from ganzoo.evaluation.samples import image_sets
from ganzoo.evaluation.samples.image_sources import open_images
from ganzoo.evaluation.samples.reading import Reading
from ganzoo.image_io import tensors


def shown(images: image_sets.ImageSet, batch_size: int = 3) -> np.ndarray:
    return torch.cat(list(images.batches(batch_size))).numpy()


# ---- what models make ------------------------------------------------------------------------------------------------


def test_generated_images_are_those_that_generate_returns() -> None:
    model = maker()
    generated = image_sets.generated_images(model, 11, seed=3)
    expected = np.stack([np.asarray(one) for one in model.generate(11, seed=3)])
    # The last bits depend on the size of a batch, and with them an 8-bit value once in a while.
    assert np.abs(shown(generated, 4)[:, 0].astype(int) - expected).max() <= 1
    assert generated.sample.seed == 3 and generated.key == ""
    assert (generated.some([5])[0].numpy() == shown(generated)[5]).all()


def test_translations_are_in_8_bits_and_in_the_inputs_order(tmp_path: Path) -> None:
    inputs = open_images([str(lay(tmp_path / "in", 3, size=16, gray=False))], Reading())
    model = translator()
    generated = image_sets.translated_images(model, inputs)
    expected = [tensors.to_array(model(tensors.to_tensor(one))) for one in arrays(tmp_path / "in")]
    assert np.abs(shown(generated, 2).transpose(0, 2, 3, 1).astype(int) - np.stack(expected)).max() <= 1
    assert generated.sample.source == "translated in" and generated.sample.sha256 == inputs.sample.sha256


def test_what_was_made_once_is_kept_and_what_is_too_much_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    generated = image_sets.generated_images(maker(), 9, seed=0)
    first = shown(generated)
    monkeypatch.setattr(generated.model, "generator", None)
    assert (shown(generated, 2) == first).all()
    again = image_sets.generated_images(maker(), 9, seed=0)
    monkeypatch.setattr(image_sets, "MAX_BYTES", 10)
    assert (shown(again) == first).all() and again._cached is None
    assert np.abs(again.some([7])[0].numpy().astype(int) - first[7]).max() <= 1


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (3, -1), (3, 2**63)])
def test_wrong_counts_and_seeds_are_refused(count: int, seed: int) -> None:
    with pytest.raises(OptionError, match=f"number={count} and seed={seed} are not valid"):
        image_sets.generated_images(maker(), count, seed)
