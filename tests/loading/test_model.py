"""Model: pictures in any form and size, latents, saving."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image
from safetensors.torch import load_file, save_file
from tiny_models import maker, translator

import ganzoo
from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.image_io import decoding
from ganzoo.loading.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return translator()


def expected(model: Model, tensor: torch.Tensor) -> np.ndarray:
    """The network's answer to (1, 3, H, W) with sides that divide by 4, as 8-bit pixels."""
    with torch.no_grad():
        made = model.generator(tensor)[0].double()
    return np.clip(np.round((made.permute(1, 2, 0).numpy() + 1) * 127.5), 0, 255).astype(np.uint8)


def off(image: Image.Image, pixels: np.ndarray) -> int:
    """The largest difference, in levels of 255; one of rounding comes from the order of float operations."""
    return int(np.abs(np.asarray(image, dtype=int) - pixels.astype(int)).max())


def as_tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(image, dtype=np.float32).transpose(2, 0, 1)[None] / 127.5 - 1)


# ---- translate


def test_a_image_is_what_the_network_makes_of_its_pixels(model: Model) -> None:
    image = picture(40, 32)
    assert off(model.translate(image), expected(model, as_tensor(image))) <= 1


def test_every_form_of_one_image_gives_one_result(model: Model, tmp_path: Path) -> None:
    image = picture(40, 32)
    path = tmp_path / "x.png"
    image.save(path)
    array = np.asarray(image)
    forms = [path, str(path), image, path.read_bytes(), decoding.read(path), array, array / 255.0, as_tensor(image)[0]]
    want = np.asarray(model.translate(image))
    for made in model.translate(forms):
        assert np.array_equal(np.asarray(made), want)


def test_a_list_or_a_batch_comes_back_as_a_list_even_of_one(model: Model) -> None:
    image = picture(16, 16)
    assert [type(one) for one in model.translate([image])] == [Image.Image]
    assert len(model.translate(as_tensor(image))) == 1
    assert len(model.translate(as_tensor(image).repeat(3, 1, 1, 1))) == 3
    assert model.translate([]) == []


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 64), (33, 31), (3, 61), (71, 97)])
def test_the_result_has_the_size_of_the_input(model: Model, size: tuple[int, int]) -> None:
    assert model.translate(picture(*size)).size == size


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16", "YCbCr", "F"])
def test_every_mode_becomes_rgb(model: Model, mode: str) -> None:
    image = picture(37, 21)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(np.asarray(image.convert("L"), dtype=np.float32) / 255)
    else:
        image = image.convert(mode)
    made = model.translate(image)
    assert (made.mode, made.size) == ("RGB", (37, 21))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photo_comes_back_upright(model: Model, orientation: int, tmp_path: Path) -> None:
    upright = picture(40, 24)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "x.png", exif=exif)
    assert np.array_equal(np.asarray(model.translate(tmp_path / "x.png")), np.asarray(model.translate(upright)))


def test_alpha_is_kept_and_does_not_touch_the_colors(model: Model) -> None:
    image = picture(40, 24)
    alpha = Image.linear_gradient("L").resize((40, 24))
    clear = image.copy()
    clear.putalpha(alpha)
    made = model.translate(clear)
    assert made.mode == "RGBA"
    assert np.array_equal(np.asarray(made)[..., 3], np.asarray(alpha))
    assert np.array_equal(np.asarray(made)[..., :3], np.asarray(model.translate(image)))


def test_a_network_of_gray_images_takes_color_ones() -> None:
    torch.manual_seed(0)
    options = {"width": 4, "blocks": 1, "in_channels": 1, "out_channels": 1}
    generator = ganzoo.build("generator:resnet", **options)
    card = translator(options=options, in_channels=1, out_channels=1).card
    made = Model(generator, card, torch.device("cpu")).translate(picture(20, 12))
    assert (made.mode, made.size) == ("L", (20, 12))


def test_work_is_done_at_the_size_asked_for(model: Model) -> None:
    image = picture(320, 160)  # "auto" stops at the training size of 64
    assert model.working_size(160, 320) == (64, 128)
    assert model.working_size(160, 320, "native") == (160, 320)
    assert model.working_size(160, 320, 40) == (40, 80)
    assert {model.translate(image, size).size for size in ("auto", "native", 40, "40")} == {(320, 160)}
    assert off(model.translate(image, "native"), expected(model, as_tensor(image))) <= 1
    assert off(model.translate(image), expected(model, as_tensor(image))) > 1


@pytest.mark.parametrize("size", ["big", 0, "-3", ""])
def test_a_wrong_size_is_refused(model: Model, size: str | int) -> None:
    with pytest.raises(OptionError, match="size"):
        model.translate(picture(16, 16), size)


def test_no_image_is_refused(model: Model, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("no picture")
    for wrong in (tmp_path / "x.png", tmp_path / "missing.png", b"nothing", 5):
        with pytest.raises(ImageError):
            model.translate(wrong)


def test_each_task_refuses_the_others_verb(model: Model) -> None:
    with pytest.raises(OptionError, match="Use translate"):
        model.generate(1)
    with pytest.raises(OptionError, match="Use generate"):
        maker().translate(picture(16, 16))


# ---- call


def test_calling_takes_a_batch_of_any_size_in_any_float_type(model: Model) -> None:
    batch = torch.rand(2, 3, 33, 18) * 2 - 1
    made = model(batch)
    assert (made.shape, made.dtype) == (batch.shape, torch.float32)
    assert made.abs().max() <= 1
    assert torch.allclose(model(batch.double()), made)
    whole = torch.rand(2, 3, 32, 16) * 2 - 1
    with torch.no_grad():
        assert torch.equal(model(whole), model.generator(whole))


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (3, 16, 16), (0, 3, 16, 16), (1, 3, 16)])
def test_calling_with_another_shape_says_which_is_right(model: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match=r"takes images \(N, 3, H, W\)"):
        model(torch.zeros(shape))
    with pytest.raises(ImageError, match=r"takes latents \(N, 8\)"):
        maker()(torch.zeros(shape))


def test_the_network_is_ready_for_use_not_for_training(model: Model) -> None:
    assert not model.generator.training
    assert not any(parameter.requires_grad for parameter in model.generator.parameters())
    assert not model(torch.zeros(1, 3, 16, 16)).requires_grad


def test_half_precision_gives_nearly_the_same_image() -> None:
    full, half = translator(), translator()
    half = Model(half.generator, half.card, half.device, torch.bfloat16)
    image = picture(32, 32)
    difference = np.asarray(full.translate(image), dtype=int) - np.asarray(half.translate(image), dtype=int)
    assert 0 < np.abs(difference).max() < 16


def test_repr_names_model_and_device(model: Model) -> None:
    assert repr(model) == "<ganzoo.Model tiny/translator: generator:resnet, 64x64 RGB, on cpu>"


# ---- generate


def test_the_same_seed_gives_the_same_images_whatever_the_number() -> None:
    model = maker()
    twenty = [image.tobytes() for image in model.generate(20, seed=3)]
    assert len(set(twenty)) == 20
    for n in (1, 3, 7, 8, 9):
        assert [image.tobytes() for image in model.generate(n, seed=3)] == twenty[:n]
    assert model.generate(1, seed=4)[0].tobytes() != twenty[0]


def test_a_image_is_what_the_network_makes_of_a_normal_latent() -> None:
    model = maker()
    random = torch.Generator().manual_seed(5)
    latents = torch.stack([torch.randn(8, generator=random) for _ in range(2)])
    with torch.no_grad():
        made = model.generator(latents).double()[1, 0].numpy()
    pixels = np.asarray(model.generate(2, seed=5)[1], dtype=int)
    assert np.abs(pixels - (made + 1) * 127.5).max() <= 0.5 + 1e-4
    assert model.generate(1)[0].mode == "L"


def test_generating_touches_no_global_random_numbers() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    maker_model = maker()
    torch.set_rng_state(before)
    maker_model.generate(2)
    assert torch.equal(torch.get_rng_state(), before)


def test_wrong_requests_are_refused() -> None:
    model = maker()
    for wrong, text in (({"n": 0}, "n=0"), ({"n": 1, "seed": -1}, "seed=-1"), ({"seed": 2**64}, "seed=")):
        with pytest.raises(OptionError, match=text):
            model.generate(**wrong)
    with pytest.raises(OptionError, match="takes no label"):
        model.generate(1, label=["cat"])


# ---- save


@pytest.mark.parametrize("make", [translator, maker])
def test_saved_and_loaded_weights_are_bit_equal(make: object, tmp_path: Path) -> None:
    model: Model = make()  # type: ignore[operator]
    card = model.save(tmp_path / "a/b")
    again = ganzoo.load(f"dir:{tmp_path / 'a/b'}", device="cpu")
    assert again.card == card
    kept, came = model.generator.state_dict(), again.generator.state_dict()
    assert kept.keys() == came.keys()
    assert all(torch.equal(kept[name], came[name]) and kept[name].dtype == came[name].dtype for name in kept)
    if card.task == "image-to-image":
        assert again.translate(picture(33, 21)).tobytes() == model.translate(picture(33, 21)).tobytes()
    else:
        assert again.generate(3)[2].tobytes() == model.generate(3)[2].tobytes()


def test_a_folder_holds_nothing_but_the_model(tmp_path: Path) -> None:
    translator().save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert json.loads((tmp_path / "config.json").read_text())["architecture"] == "generator:resnet"


def test_weights_published_in_float16_stay_so(tmp_path: Path) -> None:
    first = tmp_path / "first"
    translator().save(first)
    halves = {name: tensor.half() for name, tensor in load_file(first / "model.safetensors").items()}
    model = translator(weights=ganzoo.cards.card.Weights("x", "0", 0, "float16"))
    model.generator.load_state_dict(halves)
    model.save(tmp_path / "second")
    stored = load_file(tmp_path / "second" / "model.safetensors")
    assert all(tensor.dtype == torch.float16 and torch.equal(tensor, halves[name]) for name, tensor in stored.items())
    again = ganzoo.load(f"dir:{tmp_path / 'second'}", device="cpu")
    assert {p.dtype for p in again.generator.parameters()} == {torch.float32}
    again.save(tmp_path / "third")
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("second", "third")]
    assert files[0] == files[1]


def test_a_discriminator_is_carried_along_and_an_old_one_goes(tmp_path: Path) -> None:
    translator().save(tmp_path / "a")
    save_file({"layer": torch.arange(6.0)}, tmp_path / "a" / "discriminator.safetensors")
    ganzoo.load(f"dir:{tmp_path / 'a'}", device="cpu").save(tmp_path / "b")
    assert load_file(tmp_path / "b" / "discriminator.safetensors")["layer"].tolist() == [0, 1, 2, 3, 4, 5]
    translator().save(tmp_path / "b")
    assert not (tmp_path / "b" / "discriminator.safetensors").exists()


def test_saving_over_another_model_or_a_run_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    translator(seed=1).save(tmp_path / "m")
    translator(seed=1).save(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text("{}")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    for other in (maker(), translator(seed=2)):
        with pytest.raises(OutputError, match=r"m holds the model tiny/translator.*Name another folder"):
            other.save(tmp_path / "m")
        with pytest.raises(OutputError, match=r"run holds a training run \(run.json\).*Name another folder"):
            other.save(tmp_path / "run")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_a_model_is_saved_again_where_it_is(tmp_path: Path) -> None:
    card = translator().save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    assert translator().save(tmp_path) == card
    assert ganzoo.load(f"dir:{tmp_path}", device="cpu").save(tmp_path) == card


def test_a_model_in_half_precision_is_not_saved(tmp_path: Path) -> None:
    translator().save(tmp_path / "a")
    half = ganzoo.load(f"dir:{tmp_path / 'a'}", device="cpu", dtype="bfloat16")
    with pytest.raises(OutputError, match="float32"):
        half.save(tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_saving_over_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("precious")
    with pytest.raises(OutputError, match="it is a file"):
        translator().save(tmp_path / "a")
    assert (tmp_path / "a").read_text() == "precious"


class Fade(torch.nn.Module):
    """Moves every value 2 % toward gray: a change of the input, whether it says so or not."""

    in_channels = out_channels = 3
    stride = 1

    def __init__(self, global_skip: bool) -> None:
        super().__init__()
        self.global_skip = global_skip

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return 0.98 * inputs


def test_a_generator_that_learns_a_change_keeps_the_detail_of_a_image_worked_on_at_a_smaller_size() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    off_by = {}
    for says_so in (True, False):
        model = Model(Fade(says_so), translator().card, torch.device("cpu"))
        off_by[says_so] = np.abs(np.asarray(model.translate(noise, size=16)).astype(int) - noise)
    assert off_by[True].max() <= 3  # 2 % of half the range, rounded
    assert off_by[False].mean() > 40  # the noise is averaged away
