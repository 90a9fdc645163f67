"""The gallery: an image of a model that depends on its task, and a page of them that needs no other files."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import tiny_models
import torch
from channel_models import bands, identity
from conftest import picture
from opened_page import Page
from PIL import Image
from torch import Tensor, nn

from ganzoo.cards import registry
from ganzoo.cards.card import Card, Weights
from ganzoo.cards.licenses import allowed
from ganzoo.contracts.tasks import TASKS
from ganzoo.errors import ImageError, MissingPackage, OptionError, OutputError, UnknownName
from ganzoo.gallery import build_gallery, gallery_items, pages, sheets
from ganzoo.loading import example_inputs
from ganzoo.loading.model import Model
from ganzoo.weights import readme, weights_file

CARD = Card("mine/one", "generator:mine", "image-to-image", 64, 3, in_channels=3)
EVIL = "<script>x</script>&\"'{}"


class Network(nn.Module):
    """A function as a network."""

    in_channels, out_channels, stride = 3, 3, 8

    def __init__(self, function: Callable[..., Tensor], scale: int = 1) -> None:
        super().__init__()
        self.function, self.scale = function, scale

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs)


def generate(latents: Tensor, labels: Tensor | None = None) -> Tensor:
    """Return gray images (N, 1, 8, 8), as bright as the label, with the first latent value in a corner."""
    shade = torch.zeros(len(latents)) if labels is None else labels.float() / 10
    out = shade[:, None, None, None].expand(-1, 1, 8, 8).clone()
    out[:, 0, 0, 0] = latents[:, 0].clamp(-1, 1)
    return out


def clip(latents: Tensor, labels: Tensor | None = None) -> Tensor:
    times = torch.linspace(-1, 1, 3)[None, None, :, None, None]
    return generate(latents, labels)[:, :, None] * 0 + times


def enlarge(images: Tensor) -> Tensor:
    return nn.functional.interpolate(images, scale_factor=2)


LATENT: dict[str, Any] = {"in_channels": 0, "out_channels": 1, "latent_dim": 2, "image_size": 8}
NAMES = ("shirt", "sneaker", "bag")
MODELS: dict[str, tuple[Callable[..., Tensor], dict[str, Any]]] = {
    "unconditional-image-generation": (generate, LATENT),
    "class-conditional-image-generation": (generate, LATENT | {"classes": NAMES}),
    "unconditional-video-generation": (clip, LATENT | {"frames": 3}),
    "class-conditional-video-generation": (clip, LATENT | {"frames": 3, "classes": NAMES}),
    "image-to-image": (lambda images: -images, {}),
    "image-restoration": (lambda images: images / 2, {}),
    "multi-domain-image-to-image": (lambda p, labels: p * 0 + labels.view(-1, 1, 1, 1) / 4, {"classes": NAMES}),
    "image-inpainting": (lambda images, masks: images * 0 - 1, {}),
    "style-transfer": (lambda p, style: style.mean((2, 3), keepdim=True).expand_as(p), {}),
    "super-resolution": (enlarge, {"scale": 2}),
}


def model(task: str, **card: Any) -> Model:
    function, own = MODELS[task]
    return Model(Network(function, own.get("scale", 1)), replace(CARD, task=task, **own, **card))


def build_item(subject: Model) -> gallery_items.GalleryItem:
    return gallery_items.build_item(subject, example_inputs.find(subject.card))


def pixels(cell: list[Image.Image]) -> Any:
    return np.asarray(cell[0]).astype(int)


# ---- items -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_shown(task: str, tmp_path: Path) -> None:
    """The models of every task have a sheet; it moves if and only if they generate clips."""
    item = build_item(model(task))
    assert len({len(row) for row in item.cells}) == 1
    assert not item.columns or len(item.columns) == len(item.cells[0])
    assert not item.rows or len(item.rows) == len(item.cells)
    size = sheets.write(item, tmp_path / "sheet.webp")
    with Image.open(tmp_path / "sheet.webp") as opened:
        assert opened.size == size
        assert getattr(opened, "n_frames", 1) == (3 if TASKS[task].output == "clip" else 1)


def test_classes_have_a_row_each_with_the_same_latents() -> None:
    item = build_item(model("class-conditional-image-generation"))
    assert item.rows == NAMES and len(item.cells[0]) == 10
    assert [pixels(row[0])[1, 1] for row in item.cells] == [128, 140, 153]
    assert [pixels(cell)[0, 0] for cell in item.cells[0]] == [pixels(cell)[0, 0] for cell in item.cells[2]]


def test_more_classes_than_fit_are_mentioned() -> None:
    names = tuple(f"class {n}" for n in range(40))
    function, own = MODELS["class-conditional-image-generation"]
    many = Model(
        Network(function), replace(CARD, task="class-conditional-image-generation", **own | {"classes": names})
    )
    item = gallery_items.build_item(many, {})
    assert item.rows == names[:12] and "12 of 40 classes" in item.note


def test_translations_stand_next_to_their_photograph() -> None:
    item = build_item(model("image-to-image"))
    assert item.columns == ("before", "after") and len(item.cells) == 2
    before, after = item.cells[0]
    assert before[0].size == after[0].size == (64, 64)  # the model's own size, for it is below 128
    assert np.abs(pixels(before) + pixels(after) - 255).max() <= 1
    assert build_item(model("image-to-image", image_size=128)).cells[0][0][0].size == (256, 256)


def test_domains_stand_in_columns() -> None:
    item = build_item(model("multi-domain-image-to-image"))
    assert item.columns == ("input", *NAMES)
    assert [pixels(cell)[5, 5, 0] for cell in item.cells[0][1:]] == [128, 159, 191]


def test_what_is_inpainted_was_missing() -> None:
    item = build_item(model("image-inpainting"))
    assert item.columns == ("masked", "inpainted", "original")
    for masked, inpainted, whole in item.cells:
        hole = (pixels(masked) == 255).all(2) & (pixels(inpainted) == 0).all(2)
        assert 0.03 < hole.mean() < 0.4
        assert (pixels(masked)[~hole] == pixels(whole)[~hole]).all()
        assert (pixels(inpainted)[~hole] == pixels(whole)[~hole]).all()


def test_styles_come_from_the_user_or_the_next_photograph(tmp_path: Path) -> None:
    item = build_item(model("style-transfer"))
    assert item.columns == ("content", "style", "result")
    assert [row[1][0].tobytes() for row in item.cells] == [item.cells[n][0][0].tobytes() for n in (1, 2, 0)]
    picture(40, 30).save(tmp_path / "style.png")
    inputs = [example_inputs.parse_example(f"mine/*:style={tmp_path / 'style.png'}")]
    one = model("style-transfer")
    styled = gallery_items.build_item(one, example_inputs.find(one.card, inputs))
    assert all(row[1][0].tobytes() == picture(40, 30).tobytes() for row in styled.cells)


def test_enlarged_images_stand_next_to_nearest_and_bicubic() -> None:
    item = build_item(model("super-resolution"))
    assert item.columns == ("input", "bicubic", "2x", "original")
    nearest, bicubic, ours, whole = item.cells[0]
    assert {cell[0].size for cell in item.cells[0]} == {(256, 256)}
    assert (pixels(nearest) == pixels(ours)).all()
    assert np.abs(pixels(bicubic) - pixels(whole)).mean() < np.abs(pixels(nearest) - pixels(whole)).mean()


# ---- sheets ----------------------------------------------------------------------------------------------------------


def test_small_images_are_enlarged_without_blur_or_loss(tmp_path: Path) -> None:
    one = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8))
    sheets.write(gallery_items.GalleryItem([[[one], [one]], [[one], [one]]]), tmp_path / "sheet.webp")
    with Image.open(tmp_path / "sheet.webp") as opened:
        sheet = np.asarray(opened.convert("RGBA"))
    assert sheet.shape == (964, 964, 4)  # 60 times, and a gap
    assert (sheet[:480, :480, 0] == np.asarray(one).repeat(60, 0).repeat(60, 1)).all()
    assert (sheet[480:484, :, 3] == 0).all() and (sheet[484:, 484:, 3] == 255).all()


def test_images_of_several_sizes_share_a_sheet() -> None:
    cells = [[[picture(150, 100)], [picture(200, 200)]]]
    (sheet,) = sheets.render(gallery_items.GalleryItem(cells))
    assert sheet.size == (200 + 4 + 200, 200)
    assert sheet.getpixel((100, 10))[3] == 0  # above the flat one


def test_a_model_that_optimizes_each_image_is_shown_on_one() -> None:
    assert len(build_item(model("style-transfer")).cells) > 1
    assert len(build_item(model("style-transfer", options={"steps": 150})).cells) == 1


# ---- examples --------------------------------------------------------------------------------------------------------


def test_photographs_of_the_models_subject_are_chosen() -> None:
    def names(name: str, summary: str = "") -> list[str]:
        return [path.stem for path in example_inputs.find(replace(CARD, name=name, summary=summary))["image"]]

    assert names("mine/horse2zebra") == ["horses"]
    assert names("mine/pets", "Cats to dogs") == ["cat"]
    assert names("mine/categories") == ["astronaut", "cat"]


def test_examples_next_to_the_weights_come_before_photographs_and_named_ones_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one.example-2.png", "one.example-1.jpg", "one.style.png", "one.txt", "other.example.png"):
        picture(9, 9).save(tmp_path / name) if not name.endswith("txt") else (tmp_path / name).write_text("")
    monkeypatch.setattr(weights_file, "bundled", lambda card: tmp_path / "one.safetensors")
    found = example_inputs.find(CARD)
    assert [path.name for path in found["image"]] == ["one.example-1.jpg", "one.example-2.png"]
    assert [path.name for path in found["style"]] == ["one.style.png"] and found["mask"] == []
    inputs = [
        example_inputs.parse_example("mine/o*=a.png"),
        example_inputs.parse_example("mine/o*=b.png"),
        example_inputs.parse_example("x/*=c.png"),
    ]
    assert example_inputs.find(CARD, inputs)["image"] == [Path("a.png"), Path("b.png")]


def test_our_own_models_have_examples_that_fit() -> None:
    assert [path.name for path in example_inputs.find(registry.find("style/gatys"))["style"]] == ["gatys.style.png"]
    zebras = example_inputs.find(registry.find("cyclegan/zebra2horse"))["image"]
    assert [path.name for path in zebras] == ["zebra2horse.example.jpg"]


@pytest.mark.parametrize("text", ["photo.png", "=photo.png", "mine/one=", "mine/one:label=photo.png", ":style=a.png"])
def test_inputs_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match=rf"'{re.escape(text)}' is not right\. Write NAME=IMAGE"):
        example_inputs.parse_example(text)


# ---- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("license", "uses"),
    [
        ("cc-by-nc-4.0", "non-commercial use with credit"),
        ("cc-by-nc-sa-4.0", "non-commercial use with credit, under the same license"),
        ("cc-by-4.0", "any use with credit"),
        ("MIT (Zalando)", "any use, commercial too, with the notice kept"),
        ("CC0-1.0", "any use"),
        ("research use, non-commercial (pictures from ImageNet)", ""),  # says it itself
        ("not stated; taken as research use", "research, not commerce, unless its owners agree"),
        ("not stated by the public copy", "nothing is known to be allowed: ask its owners"),
        ("unknown", "nothing is known to be allowed: ask its owners"),
        ("Vendor's own", ""),
    ],
)
def test_licenses_say_what_they_allow(license: str, uses: str) -> None:
    assert allowed(license) == uses


@pytest.mark.parametrize(
    ("task", "command"),
    [
        ("unconditional-image-generation", "ganzoo generate mine/one -n 16 -o grid.png"),
        ("class-conditional-image-generation", "ganzoo generate mine/one -n 16 --label 'ankle boot' -o grid.png"),
        ("unconditional-video-generation", "ganzoo generate mine/one -n 16 -o clips/"),
        ("image-inpainting", "ganzoo translate mine/one photo.jpg --mask mask.png -o out.png"),
        ("style-transfer", "ganzoo translate mine/one photo.jpg --style style.jpg -o out.png"),
    ],
)
def test_the_command_is_the_tasks(task: str, command: str) -> None:
    classes = ("ankle boot",) if "label" in TASKS[task].inputs else ()
    frames = 4 if TASKS[task].output == "clip" else 0
    assert readme.command(replace(CARD, task=task, classes=classes, frames=frames)) == command


# ---- the whole -------------------------------------------------------------------------------------------------------


class Opened(Page):
    """A gallery's page; its images are files next to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "index.html")
        self.sources = [values["src"] for tag, values in self.tags if tag == "img"]
        links = [values["href"] for tag, values in self.tags if tag == "a"]
        ids = {values["id"] for _, values in self.tags if "id" in values}
        assert all(link[1:] in ids if link.startswith("#") else link in self.sources for link in links)
        assert all((folder / source).is_file() and "/../" not in source for source in self.sources)
        foreign = {tag for tag, _ in self.tags} & {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert not foreign and not any(word in self.source for word in ("url(", "@import", "srcset"))


def test_the_same_weights_give_the_same_gallery(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two, one):  # and again over the first
        (found,) = build_gallery.build_gallery(folder, "dcgan/*")
        assert found.image == folder / "pictures" / "dcgan" / "fashion-mnist.webp"
    assert found.image.read_bytes() == (two / "pictures" / "dcgan" / "fashion-mnist.webp").read_bytes()
    assert (one / "index.html").read_bytes() == (two / "index.html").read_bytes()
    page = Opened(one)
    card = registry.find("dcgan/fashion-mnist")
    assert page.sources == ["pictures/dcgan/fashion-mnist.webp"]
    for text in (
        "1 model, run by ganzoo",
        "ganzoo generate dcgan/fashion-mnist -n 16 -o grid.png",
        f"{card.parameters:,} parameters",
        "Data MIT (Zalando) any use, commercial too",
        f"Limits. {card.limits}",
        "Not cherry-picked: seed 0.",
        card.scores[0].protocol.conditions,
    ):
        assert text in page.text
    assert page.text.count("↓") + page.text.count("↑") == len(card.scores)


def test_another_seed_gives_other_images(tmp_path: Path) -> None:
    images = [build_gallery.build_gallery(tmp_path / str(seed), "vanilla/*", seed=seed)[0].image for seed in (0, 1)]
    assert images[0] and images[1] and images[0].read_bytes() != images[1].read_bytes()


def test_wrong_arguments_raise_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"No model matches 'dcgna/\*'"):
        build_gallery.build_gallery(tmp_path / "new", "dcgna/*")
    with pytest.raises(OptionError, match=r"No model in this gallery matches 'cyclegan/\*', the name given for a\.png"):
        build_gallery.build_gallery(
            tmp_path / "new", "dcgan/*", inputs=[example_inputs.parse_example("cyclegan/*=a.png")]
        )
    with pytest.raises(ImageError, match=r"a\.png"):
        build_gallery.build_gallery(
            tmp_path / "new", "cyclegan/*", inputs=[example_inputs.parse_example(f"cyclegan/*={tmp_path}/a.png")]
        )
    with pytest.raises(OptionError, match="seed=-1 is not right"):
        build_gallery.build_gallery(tmp_path / "new", "dcgan/*", seed=-1)
    assert not (tmp_path / "new").exists()


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>My page</title>")
    with pytest.raises(OutputError, match="holds files that are not a gallery's"):
        build_gallery.build_gallery(tmp_path, "dcgan/*")
    with pytest.raises(OutputError, match=r"index\.html: it is a file"):
        build_gallery.build_gallery(tmp_path / "index.html", "dcgan/*")
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_text_from_cards_is_escaped_and_long_names_have_a_place(tmp_path: Path) -> None:
    card = replace(CARD, summary=EVIL, limits=EVIL, license=EVIL, paper=EVIL, scores=(tiny_models.score(EVIL, 1.5),))
    sheet = pages.GalleryImage("pictures/x.webp", 9, 9, (EVIL,), (EVIL,), EVIL)
    path = pages.write(tmp_path / "index.html", [pages.PageEntry(card, sheet), pages.PageEntry(card, error=EVIL)])
    page = Page(path)
    assert "<script" not in page.source and page.text.count(EVIL) >= 12


def test_models_that_are_not_here_or_cannot_be_shown_are_listed(
    tmp_path: Path, ganzoo_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    far = Weights("model.safetensors", "0" * 64, 5_000_000, repo="somebody/model", revision="1")
    cards = [
        replace(tiny_models.translator().card, name="tiny/far", weights=far, scores=(), parameters=9),
        replace(CARD, name="tiny/lost", entry="generator:gone", plugin="other-plugin"),
        replace(CARD, name="tiny/damaged", entry="generator:resnet", weights=Weights("gone.safetensors", "0" * 64, 9)),
    ]
    env = tiny_models.publish(tmp_path / "plugin", *cards)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [env["PYTHONPATH"], os.environ.get("PYTHONPATH", "")]))
    done = ganzoo_command("gallery", "tiny/*", "-o", tmp_path / "out", env=env)
    assert done.returncode == 1, done.stderr
    assert done.stdout.strip() == str(tmp_path / "out" / "index.html")
    assert "tiny/far: no image. Its weights are not on this machine." in done.stderr
    assert "tiny/lost: no image. tiny/lost needs the entry 'generator:gone'" in done.stderr
    assert "Error: some models could not be shown" in done.stderr
    page = Opened(tmp_path / "out")
    assert page.sources == []
    assert "Its weights are not on this machine. --download downloads them (5.0 MB)." in page.text
    assert "needs the entry 'generator:gone', which no installed plugin has. Install the plugin" in page.text


def test_a_model_that_needs_a_package_which_is_not_here_is_listed_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*arguments: object, **values: object) -> None:
        raise MissingPackage("a needs b: pip install 'c[d]'")

    monkeypatch.setattr(build_gallery.load, "load", load)
    (result,) = build_gallery.build_gallery(tmp_path / "out", "style/gatys")
    assert (result.image, result.error, result.missing_package) == (None, "", "a needs b: pip install 'c[d]'")
    assert "a needs b: pip install 'c[d]'" in Opened(tmp_path / "out").text


def test_models_in_units_are_shown_as_composites_whose_stretch_is_stated(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 60000, (4, 2, 20, 24)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "stack.tif", values, metadata={"axes": "ZCYX"}, photometric="minisblack")
    subject = identity(*bands(2))
    item = gallery_items.build_item(subject, {"image": [tmp_path / "stack.tif"]})
    assert [[cell[0].size for cell in row] for row in item.cells] == [[(24, 20), (24, 20)]] * gallery_items.MAX_FRAMES
    assert "B1 in gray, from the percentile 1 (black) to 99 (white) of valid values" in item.note
    with pytest.raises(OptionError, match=r"--input 'tiny/channels=image\.tif'"):
        gallery_items.build_item(subject, example_inputs.find(subject.card))
