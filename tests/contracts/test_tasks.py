"""What generators take beside latents and pictures, end to end: labels, masks, styles, clips, enlargement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image
from torch import Tensor, nn

from ganzoo import Card
from ganzoo.catalog import tasks
from ganzoo.contracts.engine import Engine
from ganzoo.errors import DeviceError, ImageError, OptionError, UnknownName
from ganzoo.inference import engine_selection
from ganzoo.inference.image_pass import Settings
from ganzoo.loading.model import Model

CARD = Card("mine/one", "generator:mine", "image-to-image", 64, 3, in_channels=3)


class Network(nn.Module):
    """Whatever a function makes of what it is given."""

    in_channels, out_channels, stride = 3, 3, 8

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function
        self.seen: list[tuple[Tensor, ...]] = []

    def forward(self, *given: Tensor) -> Tensor:
        self.seen.append(given)
        return self.function(*given)


def model(task: str, function: Callable[..., Tensor], network: dict[str, Any] | None = None, **card: Any) -> Model:
    made = Network(function)
    for name, value in (network or {}).items():
        setattr(made, name, value)
    return Model(made, replace(CARD, task=task, **card))


def by_label(latents: Tensor, labels: Tensor) -> Tensor:
    """Pictures as bright as the label says, with the latent's sign in a corner."""
    made = (labels.float() / 10)[:, None, None, None].expand(-1, 1, 4, 4).clone()
    made[:, 0, 0, 0] = latents[:, 0].sign()
    return made


def labeled() -> Model:
    names = ("shirt", "Sneaker", "bag")
    own = {"in_channels": 0, "out_channels": 1, "latent_dim": 2, "classes": names}
    return model("class-conditional-image-generation", by_label, image_size=4, **own)


def test_unknown_task_is_reported_with_a_suggestion() -> None:
    with pytest.raises(UnknownName, match=r"No task is called 'image-inpaintin'\. Did you mean 'image-inpainting'"):
        tasks.find("image-inpaintin")


def shades(pictures: list[Image.Image]) -> list[float]:
    return [round((np.asarray(one)[1, 1] / 127.5 - 1) * 10) for one in pictures]


def test_labels_are_taken_in_turn_and_all_of_them_where_none_is_given() -> None:
    one = labeled()
    assert shades(one.generate(4)) == [0, 1, 2, 0]
    assert shades(one.generate(5, label=["bag", 1])) == [2, 1, 2, 1, 2]
    assert shades(one.generate(2, label="sneaker")) == [1, 1]
    assert shades(one.generate(20))[8:11] == [2, 0, 1]  # beyond the first batch


def test_a_image_is_the_same_for_a_seed_and_a_label_whatever_the_number() -> None:
    few, many = labeled().generate(3, seed=5, label=["bag"]), labeled().generate(11, seed=5, label=["bag"])
    assert [one.tobytes() for one in few] == [one.tobytes() for one in many[:3]]


def test_wrong_labels_are_reported() -> None:
    with pytest.raises(UnknownName, match=r"no label 'sneeker'\. Did you mean 'Sneaker'.*0 to 2"):
        labeled().generate(1, label=["sneeker"])
    with pytest.raises(UnknownName, match="no label '3'"):
        labeled().generate(1, label=[3])
    with pytest.raises(UnknownName, match=r"no label '1\.5'"):
        labeled().generate(1, label=1.5)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"needs at least one label\. Its labels are: "):
        labeled().generate(1, label=[])


def test_a_label_goes_with_a_image() -> None:
    def shift(pictures: Tensor, labels: Tensor) -> Tensor:
        return (pictures * 0 + labels.view(-1, 1, 1, 1) * 0.5).clamp(-1, 1)

    one = model("multi-domain-image-to-image", shift, classes=("horse", "zebra", "cow"))
    made = one.translate(picture(20, 30), label="zebra")
    assert made.size == (20, 30) and set(np.unique(np.asarray(made))) == {191}
    with pytest.raises(OptionError, match=r"needs a label, .*--label NAME.*Labels: horse, zebra, cow"):
        one.translate(picture(20, 30))
    with pytest.raises(OptionError, match="takes no style: it takes label"):
        one.translate(picture(20, 30), label=1, style=picture(9, 9))


@pytest.mark.parametrize("size", ["native", 24])
def test_a_mask_hides_what_is_missing_and_the_rest_stays(size: str | int) -> None:
    """The generator sees 0 under the mask, at whatever size it works; outside, not one value changes."""
    one = model("image-inpainting", lambda pictures, masks: masks.expand(-1, 3, -1, -1) * 2 - 1)
    photo = np.asarray(picture(61, 45))
    hole = np.zeros((45, 61), np.uint8)
    hole[10:20, 30:41] = 255
    made = np.asarray(one.translate(photo, size, mask=Image.fromarray(hole)))
    assert (made[hole == 0] == photo[hole == 0]).all()
    assert made[12:18, 33:38].min() >= 250  # painted white, where the mask is
    shown, mask = one.generator.seen[0]
    assert set(mask.unique().tolist()) == {0.0, 1.0} and (shown * mask).abs().max() == 0
    assert shown.shape[-2] % 8 == 0 and mask.shape[-2:] == shown.shape[-2:]


def test_what_lies_under_a_mask_leaves_no_trace_at_another_size() -> None:
    one = model("image-inpainting", lambda pictures, masks: pictures * (1 - masks))
    photo, hole = np.asarray(picture(90, 80)).copy(), np.zeros((80, 90), np.uint8)
    hole[20:50, 30:61] = 255
    made = []
    for shade in (0, 255):
        photo[hole > 0] = shade
        made.append(np.asarray(one.translate(photo.copy(), 32, mask=hole)))
    assert (made[0] == made[1]).all()


def test_a_gray_mask_takes_a_share() -> None:
    one = model("image-inpainting", lambda pictures, masks: torch.ones_like(pictures))
    photo = np.zeros((16, 16, 3), np.uint8)
    hole = np.full((16, 16), 128, np.uint8)
    assert np.asarray(one.translate(photo, mask=hole))[3, 3, 0] == 128


def test_masks_that_do_not_fit_are_reported() -> None:
    one = model("image-inpainting", lambda pictures, masks: pictures)
    with pytest.raises(ImageError, match="The mask is 8x9, the image 20x10"):
        one.translate(picture(20, 10), mask=np.full((9, 8), 255, np.uint8))
    with pytest.raises(ImageError, match="black everywhere"):
        one.translate(picture(20, 10), mask=np.zeros((10, 20), np.uint8))
    with pytest.raises(OptionError, match="needs a mask"):
        one.translate(picture(20, 10))


def test_a_style_is_a_image_of_any_size() -> None:
    def mean(pictures: Tensor, style: Tensor) -> Tensor:
        return style.mean((2, 3), keepdim=True).expand_as(pictures)

    one = model("style-transfer", mean)
    made = np.asarray(one.translate(picture(33, 20), style=np.full((7, 5, 3), 50, np.uint8)))
    assert made.shape == (20, 33, 3) and set(np.unique(made)) == {50}
    assert one.generator.seen[0][1].shape == (1, 3, 7, 5)


def test_super_resolution_enlarges_pixels_and_alpha() -> None:
    def twice(pictures: Tensor) -> Tensor:
        return nn.functional.interpolate(pictures, scale_factor=2)

    one = model("super-resolution", twice, {"scale": 2}, scale=2)
    photo = np.asarray(picture(83, 70))
    made = one.translate(photo)  # larger than the training size of 64: still every pixel
    assert made.size == (166, 140)
    assert (np.asarray(made) == photo.repeat(2, 0).repeat(2, 1)).all()
    clear = Image.fromarray(photo)
    clear.putalpha(128)
    assert one.translate(clear).getchannel("A").size == (166, 140)


@pytest.mark.parametrize("way", ["blend", "off"])
def test_super_resolution_goes_in_tiles(way: str) -> None:
    one = model("super-resolution", lambda p: nn.functional.interpolate(p, scale_factor=2), {"scale": 2}, scale=2)
    made = one.translate(picture(83, 70), "native", tiles=way, max_memory=100_000)
    assert np.abs(np.asarray(made).astype(int) - np.asarray(picture(83, 70)).repeat(2, 0).repeat(2, 1)).max() <= 1


def test_clips_are_lists_of_images() -> None:
    def clips(latents: Tensor) -> Tensor:
        times = torch.linspace(-1, 1, 5)[None, None, :, None, None]
        return times.expand(len(latents), 1, 5, 4, 4)

    own = {"in_channels": 0, "out_channels": 1, "latent_dim": 2, "frames": 5}
    made = model("unconditional-video-generation", clips, **own).generate(2)
    assert len(made) == 2 and len(made[0]) == 5
    assert [frame.getpixel((0, 0)) for frame in made[0]] == [0, 64, 128, 191, 255]


def test_tensors_are_given_by_name() -> None:
    one = model("style-transfer", lambda pictures, style: pictures + style.mean())
    made = one(torch.zeros(2, 3, 9, 11), style=torch.full((1, 3, 4, 4), 0.25))
    assert made.shape == (2, 3, 9, 11) and made.unique().tolist() == [0.25]
    with pytest.raises(OptionError, match="needs a style"):
        one(torch.zeros(2, 3, 9, 11))


def test_strips_are_refused_where_they_cannot_give_what_is_next_to_the_image() -> None:
    one = model("style-transfer", lambda pictures, style: pictures)
    with pytest.raises(OptionError, match="takes style with the image, which exact strips do not"):
        settings = Settings("native", "exact", 10**6, inputs={"style": np.full((4, 4, 3), 9, np.uint8)})
        one.translate_decoded(as_decoded(), settings)


def as_decoded() -> Any:
    from ganzoo.image_io import tensors

    return tensors.as_decoded(picture(40, 30))


@pytest.mark.parametrize("name", tasks.names())
def test_only_images_alone_are_left_to_light_engines(name: str) -> None:
    light = [
        type("Light", (Engine,), {"torch_free": True})(),
        type("Choosy", (Engine,), {"selective": True})(),
        Engine(),
    ]
    choices = [engine_selection.Choice(f"e{n}", one, "float32", "cpu", "") for n, one in enumerate(light)]
    task = tasks.find(name)
    kept = engine_selection.fitting(choices, task)
    assert len(kept) == (3 if task.source == "image" and not task.inputs else 1)
    if task.inputs:
        for choice in choices[:2]:
            with pytest.raises(DeviceError, match="take one input"):
                engine_selection.fitting([choice], task)
