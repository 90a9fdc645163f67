"""What torch and a recipe get wrong, told in terms of pictures, parts and options."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import picture
from training_cases import add_recipe, lines, train

import ganzoo
from ganzoo import LatentRecipe
from ganzoo.errors import OptionError, PluginError, TrainingError


@pytest.mark.parametrize(
    ("recipe", "part", "size", "reason"),
    [
        ("dcgan", "patchgan", 16, "Kernel size"),
        ("pix2pix", "patchgan-multiscale", 32, "(Expected more than 1|Kernel size)"),
    ],
)
def test_images_too_small_for_a_part_are_one_error_that_names_it(
    tmp_path: Path, recipe: str, part: str, size: int, reason: str
) -> None:
    options = {"discriminator": {"width": 4}, "generator": {"width": 4}}
    message = (
        rf"^The network 'discriminator' \(discriminator:{part}\) does not accept images of {size}x{size} with 3 "
        rf"channels: .*{reason}.* Set a larger image_size.*--part ROLE=ENTRY.*--set ROLE\.KEY=VALUE\.$"
    )
    with pytest.raises(TrainingError, match=message):
        train(recipe, tmp_path, parts={"discriminator": part}, options={"image_size": size}, part_options=options)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            RuntimeError("size 3 must match 4\nlater"),
            TrainingError,
            r"^The first step failed on .*: size 3 must match 4",
        ),
        (ValueError(), TrainingError, "The first step failed on .*: ValueError"),
        (RuntimeError("CUDA error: device-side assert"), RuntimeError, "^CUDA error: device-side assert$"),
        (NotImplementedError("no such operator"), NotImplementedError, "^no such operator$"),
        (OptionError("said better already"), OptionError, "^said better already$"),
    ],
)
def test_only_what_may_come_from_the_images_is_reported_so(
    tmp_path: Path, error: Exception, kind: type[Exception], message: str
) -> None:
    class Failing(LatentRecipe):
        def step(self, batch):
            raise error

    add_recipe(Failing)
    with pytest.raises(kind, match=message):
        train("dcgan", tmp_path, recipe="failing")


@pytest.mark.usefixtures("fresh")
def test_a_later_step_that_fails_is_not_blamed_on_the_images(tmp_path: Path) -> None:
    class Later(LatentRecipe):
        done = 0

        def step(self, batch):
            self.done += 1
            if self.done == 2:
                raise ValueError("a mistake of the plugin's")
            return super().step(batch)

    add_recipe(Later)
    with pytest.raises(ValueError, match=r"^a mistake of the plugin's$"):
        train("dcgan", tmp_path, recipe="later")


@pytest.mark.usefixtures("fresh")
def test_losses_may_be_numbers(tmp_path: Path) -> None:
    class Plain(LatentRecipe):
        def step(self, batch):
            super().step(batch)
            return {"half": 0.5, "whole": 2, "tensor": torch.tensor([0.25], requires_grad=True)}

    add_recipe(Plain)
    run = train("dcgan", tmp_path, recipe="plain", steps=1)
    assert lines(run) == [{"step": 1, "half": 0.5, "whole": 2.0, "tensor": 0.25}]


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "recipe:odd: step returned None. It should return its losses, name -> scalar"),
        ({"d": [1.0]}, "recipe:odd: step returned as 'd' a list. A loss should be a scalar tensor or a number"),
        ({"d": None}, "returned as 'd' None"),
        ({"d": torch.zeros(2, 1)}, r"returned as 'd' a tensor of shape \(2, 1\). A loss should be a scalar: take its"),
    ],
)
def test_losses_that_are_no_numbers_are_the_plugin_s_error(tmp_path: Path, returned: object, message: str) -> None:
    class Odd(LatentRecipe):
        def step(self, batch):
            return returned

    add_recipe(Odd)
    with pytest.raises(PluginError, match=message):
        train("dcgan", tmp_path, recipe="odd")


def test_a_size_the_images_brought_is_reported_to_be_theirs(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    picture(90, 90).save(tmp_path / "photos" / "one.png")
    with pytest.raises(
        OptionError,
        match=r"^generator:dcgan: image_size=90 \(from the images; --set image_size=SIZE scales them\) is not .*96",
    ):
        ganzoo.train("dcgan", tmp_path / "photos", tmp_path / "run")
    with pytest.raises(OptionError, match=r"^generator:dcgan: image_size=90 is not .*96"):
        ganzoo.train("dcgan", tmp_path / "photos", tmp_path / "run", options={"image_size": 90})
    assert not (tmp_path / "run").exists()


def test_a_network_with_a_fault_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = type(ganzoo.build("generator:dcgan", width=4))

    def forward(self: object, latents: torch.Tensor) -> torch.Tensor:
        return latents.no_such_method()  # type: ignore[no-any-return, operator]

    monkeypatch.setattr(kind, "forward", forward)
    with pytest.raises(
        PluginError,
        match=r"^The network 'generator' \(generator:dcgan\) fails on images of 16x16 with 3 channels: Attr",
    ):
        train("dcgan", tmp_path)
