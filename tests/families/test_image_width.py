"""Images that are not square, in every recipe that generates from latents: networks, a step, training, use, scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exact import make
from PIL import Image

import ganzoo
from ganzoo import catalog
from ganzoo.errors import OptionError
from ganzoo.layers.image_sizes import SIZES, split_sides, split_size
from ganzoo.testing import check_entry
from ganzoo.testing.recipes import check_recipe

SMALL: dict[str, Any] = {"width": 4}
PARTS: dict[str, dict[str, dict[str, Any]]] = {
    "dcgan": {"generator": SMALL, "discriminator": SMALL},
    "lsgan": {"generator": {**SMALL, "latent_dim": 8}, "discriminator": SMALL},
    "wgan": {"generator": SMALL, "discriminator": SMALL},
    "wgan-gp": {"generator": SMALL, "discriminator": SMALL},
    "cgan": {"generator": SMALL, "discriminator": SMALL},
    "acgan": {"generator": SMALL, "discriminator": SMALL},
    "vanilla": {"generator": SMALL, "discriminator": SMALL},
    "r3gan": {role: {**SMALL, "widest": 8, "blocks": 1} for role in ("generator", "discriminator")},
    "stylegan": {"generator": {**SMALL, "latent_dim": 8, "depth": 1}, "discriminator": SMALL},
    "lapgan": {"generator": {**SMALL, "levels": 1, "hidden": 8}, "discriminator": SMALL},
    "fastgan": {"generator": {**SMALL, "latent_dim": 8}, "discriminator": SMALL},
}
NETWORKS = [
    *(f"{kind}:{name}" for kind in ("generator", "discriminator") for name in PARTS if not name.startswith("wgan")),
    "generator:cgan-mlp",
    "discriminator:cgan-mlp",
    "discriminator:wgan",
    "discriminator:lapgan-dense",
]


@pytest.mark.parametrize("width", [48, 16])
@pytest.mark.parametrize("spec", NETWORKS)
def test_networks_take_a_width(spec: str, width: int) -> None:
    kind, name = spec.split(":")
    own = {} if spec == "discriminator:lapgan-dense" else PARTS.get(name, {}).get(kind, {"width": 4})
    check_entry(spec, {**own, "image_size": 32, "image_width": width, "channels": 1})


@pytest.mark.parametrize("recipe", PARTS)
def test_recipes_train_on_a_width(recipe: str) -> None:
    check_recipe(catalog.find(f"recipe:{recipe}"), {"image_size": 32, "image_width": 48}, part_options=PARTS[recipe])


def test_a_square_is_split_as_ever_and_the_shorter_side_decides() -> None:
    for size in SIZES:
        base, doublings = split_size(size)
        assert split_sides(size) == split_sides(size, size) == (base, base, doublings)
    assert split_sides(64, 96) == (4, 6, 4) and split_sides(96, 64) == (6, 4, 4) and split_sides(28, 32) == (7, 8, 2)


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("generator:dcgan", {"image_width": 72}, "image_width=72 does not fit image_size=64: .* multiples of 16"),
        ("generator:dcgan", {"image_width": 2048}, "at most 1024"),
        ("generator:r3gan", {"image_width": 12}, "image_width=12 is not 4, 5, 6 or 7 times a power of two"),
        ("generator:stylegan", {"image_size": 64, "image_width": 40}, "image_width=40 should be a multiple of 16"),
        ("discriminator:fastgan", {"image_size": 64, "image_width": 16}, "from 32 to 1024"),
        ("discriminator:wgan", {"image_width": 4}, "image_width=4 should be from 8"),
    ],
)
def test_a_width_that_does_not_fit_is_refused(spec: str, options: dict[str, int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ganzoo.build(spec, **options)


def test_a_width_needs_a_height_and_networks_that_have_one() -> None:
    with pytest.raises(OptionError, match="image_width=48 needs the height: set image_size"):
        make("dcgan", PARTS["dcgan"], channels=1, image_width=48)
    with pytest.raises(OptionError, match="The discriminator, discriminator:srgan, has no images of 48x32 pixels"):
        make("dcgan", {}, {"discriminator": "discriminator:srgan"}, channels=1, image_size=32, image_width=48)
    with pytest.raises(OptionError, match="recipe:inpaint has no option 'image_width'"):
        make("inpaint", {}, channels=1, image_size=32, image_width=48)


def test_a_run_on_wide_images_makes_wide_images_and_is_scored_on_them(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for index in range(6):
        Image.fromarray(random.integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(tmp_path / f"photos/{index}.png")
    options = {"image_size": 32, "image_width": 48, "generator.width": 4, "discriminator.width": 4}
    run = ganzoo.train(
        "dcgan",
        tmp_path / "photos",
        tmp_path / "run",
        options=options,
        steps=2,
        batch_size=2,
        device="cpu",
        validation=0.4,
    )
    card = ganzoo.info(f"dir:{run}")
    assert card.sides == (32, 48) and card.size == "48x32 RGB"
    model = ganzoo.load(f"dir:{run}", engine="torch")
    assert [image.size for image in model.generate(3)] == [(48, 32)] * 3
    scores = ganzoo.evaluate(f"dir:{run}", data=tmp_path / "photos", metrics=["discriminator"], device="cpu", number=4)
    assert "to cover 48x32" in scores.scores[0].protocol.resizing
    with pytest.raises(OptionError, match="generates images of 48x32 pixels: size=32 is not possible"):
        ganzoo.evaluate(
            f"dir:{run}", data=tmp_path / "photos", metrics=["discriminator"], device="cpu", number=4, size=32
        )
    model.save(tmp_path / "saved")
    assert ganzoo.info(f"dir:{tmp_path / 'saved'}").image_width == 48
    resumed = ganzoo.resume(run, steps=3)
    assert ganzoo.info(f"dir:{resumed}").training.steps == 3  # type: ignore[union-attr]


def test_crops_of_wide_images_lie_anywhere() -> None:
    from ganzoo.data.datasets import Augmentation

    drawn = Augmentation(4, flip=True, width=6).draw((8, 9), 500, torch.Generator().manual_seed(0))
    assert {top for top, _, _ in drawn} == set(range(5)) and {left for _, left, _ in drawn} == set(range(4))
    images = torch.arange(72, dtype=torch.uint8).view(1, 1, 8, 9)
    shown = Augmentation(4, flip=False, width=6).apply(images.clone(), [(2, 3, False)])
    assert torch.equal(((shown + 1) * 127.5).round().to(torch.uint8), images[..., 2:6, 3:9])
