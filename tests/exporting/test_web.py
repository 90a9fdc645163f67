"""A model as a page for any web server: what is written and refused, where its runtime comes from, and a real visit."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import browsing
import numpy as np
import pytest
import torch
import web_runtime
from conftest import picture
from needs import needs
from opened_page import Page
from PIL import Image
from tiny_models import clip_maker, inpainter, maker, translator

import ganzoo
from ganzoo.cards.card import Card
from ganzoo.catalog import building
from ganzoo.errors import GanzooError, HashMismatch, HubError, MissingPackage, OptionError, OutputError
from ganzoo.exporting.web import runtime, site
from ganzoo.hub import npm
from ganzoo.loading.model import Model
from tests.cli.test_main import call

browser = needs(browsing.CHROMIUM, "no Chromium; GANZOO_CHROMIUM says where one is")


def recolorer() -> Model:
    """A StarGAN generator of three classes, with other weights than zero in its last layer."""
    torch.manual_seed(0)
    options = {"width": 4, "blocks": 1, "classes": 3}
    task, classes = "multi-domain-image-to-image", ("red", "green", "blue")
    card = Card("tiny/colors", "generator:stargan", task, 64, 3, in_channels=3, classes=classes, options=options)
    return Model(building.build(card.entry, **options), card)


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the model dir:t."""
    translator(summary="Turns <things> around", grade="teaching", grade_reason="It is tiny.").save(tmp_path / "t")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_runtime(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like that of the npm package, with small files in it."""
    folder = work / "package" / "dist"
    folder.mkdir(parents=True)
    for name in runtime.FILES:
        (folder / name).write_text(f"this is {name}")
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in runtime.FILES}
    monkeypatch.setattr(runtime, "FILES", hashes)
    return work / "package"


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the network and its comparison, which take seconds."""
    monkeypatch.setattr(site, "_write_network", lambda *_: (0.0, 120.0, {}))


# ---- the folder


def test_the_folder_is_whole_and_asks_no_other_host(small_runtime: Path, without_network: None) -> None:
    made = ganzoo.export("dir:t", "web", "out/site", runtime=small_runtime)
    assert made.files[-1] == Path("out/site/index.html")
    assert [path.name for path in Path("out").iterdir()] == ["site"]
    page = Page(Path("out/site/index.html"))
    assert "Turns <things> around" in page.text and "teaching: It is tiny." in page.text and "mit" in page.text
    (policy,) = (
        values["content"] for tag, values in page.tags if values.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy and "http" not in policy
    linked = [values[name] for _, values in page.tags for name in ("src", "href") if name in values]
    assert all(link == "data:," or Path("out/site", link).is_file() for link in linked) and len(linked) >= 4
    for script in Path("out/site").glob("*.[jc]s*"):
        text = script.read_text()
        assert not re.search(r"https?:|//[a-z]", text.replace("// ", "")), script
        assert all(Path("out/site", name).is_file() for name in re.findall(r"from '\./(.+?)'", text))
    assert (
        not list(Path("out/site/runtime").glob("*.mjs"))
        and "MIT License" in Path("out/site/runtime/LICENSE.txt").read_text()
    )


def test_an_earlier_page_is_replaced_and_nothing_else(small_runtime: Path, without_network: None) -> None:
    ganzoo.export("dir:t", "web", "site", runtime=small_runtime)
    Path("site/old").write_text("of an earlier version")
    ganzoo.export("dir:t", "web", "site", runtime=small_runtime)
    assert not Path("site/old").exists() and Path("site/index.html").exists()
    Path("mine").mkdir()
    Path("mine/model.json").write_text('["mine"]')
    for target, text in (("mine", "holds files that are not an earlier page"), ("mine/model.json", "it is a file")):
        with pytest.raises(OutputError, match=text):
            ganzoo.export("dir:t", "web", target, runtime=small_runtime)
    assert Path("mine/model.json").read_text() == '["mine"]'


def style() -> Model:
    card = Card("tiny/style", "generator:adain", "style-transfer", 64, 3, in_channels=3)
    return Model(torch.nn.Identity(), card)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (maker, "tiny/maker cannot be shown on a page: it generates images from latents"),
        (clip_maker, "tiny/clips cannot be shown on a page: it generates clips from latents"),
        (style, "tiny/style cannot be shown on a page: it takes a style besides the image"),
        (lambda: translator(in_channels=4), "tiny/translator cannot be shown on a page: its channels are not"),
    ],
)
def test_what_a_page_cannot_show_is_refused_before_anything_is_written(
    model, text: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(site.load, "load", lambda *_, **__: model())
    with pytest.raises(OptionError, match=text):
        ganzoo.export("dir:t", "web", "site", runtime="nowhere")
    assert [path.name for path in work.iterdir()] == ["t"]


def test_a_network_that_onnx_cannot_hold_is_refused(small_runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Branching(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images if images.sum() > 0 else -images

    monkeypatch.setattr(site.load, "load", lambda *_, **__: Model(Branching(), translator().card, torch.device("cpu")))
    with pytest.raises(GanzooError, match="tiny/translator cannot be written as web"):
        ganzoo.export("dir:t", "web", "out/site", runtime=small_runtime)
    assert not list(Path("out").iterdir())


def test_the_command_says_how_to_look_at_it(
    small_runtime: Path, without_network: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "export", "dir:t", "--format", "web", "-o", "a site", "--runtime", str(small_runtime))
    assert code == 0 and "a site/index.html (" in out and "python -m http.server --directory 'a site'" in out
    code, _, err = call(capsys, "export", "dir:t", "--format", "onnx", "-o", "x.onnx", "--runtime", "x")
    assert code == 1 and "A runtime is for the format web, not for onnx." in err


# ---- the runtime


def write_npm(folder: Path, script: str) -> None:
    """Write a program npm that runs a shell script."""
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)


def test_the_runtime_is_downloaded_once_and_checked(
    small_runtime: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(work / "it.tgz", "w:gz") as archive:
        archive.add(small_runtime, "package")
    sha512 = base64.b64encode(hashlib.sha512((work / "it.tgz").read_bytes()).digest()).decode()
    monkeypatch.setenv("GANZOO_CACHE", str(work / "cache"))
    monkeypatch.setenv("PATH", f"{work / 'bin'}{os.pathsep}{os.environ['PATH']}")
    write_npm(work / "bin", f'echo "$@" >> {work}/asked; cp {work}/it.tgz .')
    with pytest.raises(HashMismatch, match="sent another archive than expected"):
        runtime.find()
    assert not list((work / "cache" / "npm").iterdir())
    monkeypatch.setattr(runtime, "INTEGRITY", f"sha512-{sha512}")
    found = runtime.find()
    assert found == runtime.find() and sorted(path.name for path in found.iterdir()) == sorted(runtime.FILES)
    lines = (work / "asked").read_text().splitlines()
    assert lines == [f"pack onnxruntime-web@{runtime.VERSION} --ignore-scripts --silent"] * 2
    (found / "ort.wasm.min.mjs").write_text("changed")
    with pytest.raises(HashMismatch, match=r"ort\.wasm\.min\.mjs is not that of onnxruntime-web"):
        runtime.find()
    with pytest.raises(OutputError, match=r"has no ort\.wasm\.min\.mjs"):
        runtime.find(work)


def test_npm_that_fails_or_is_missing(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(work / "cache"))
    write_npm(work / "bin", "echo no network >&2; exit 1")
    monkeypatch.setenv("PATH", str(work / "bin"))
    with pytest.raises(HubError, match=r"npm cannot download onnxruntime-web .*: no network"):
        runtime.find()
    (work / "bin" / "npm").unlink()
    with pytest.raises(MissingPackage, match=r"npm, which is not installed.*--runtime FOLDER"):
        runtime.find()
    assert not list((work / "cache" / "npm").iterdir())
    with pytest.raises(MissingPackage, match="Install Node"):
        npm.fetch("it", "1.0.0", "", work)


# ---- in a browser


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """Serve a folder as `python -m http.server` does; yield its address."""
    line = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            port = re.search(r"port (\d+)", process.stdout.readline())
            assert port
            yield f"http://127.0.0.1:{port[1]}"
        finally:
            process.kill()


@contextmanager
def visited(model: Model, work: Path) -> Iterator[browsing.Tab]:
    """Open a model's page below a sub-path, and wait for its example. At the end nothing else was requested."""
    model.save(work / "shown")
    made = ganzoo.export("dir:shown", "web", work / "served" / "below" / "site", runtime=web_runtime.FOLDER)
    assert made.difference < 1e-4 and made.psnr > 80
    profile = work / "profile"
    profile.mkdir()
    with plain_server(work / "served") as address, browsing.opened(f"{address}/below/site/", profile) as tab:
        tab.wait_for("document.body.dataset.done == 'example' || !!document.querySelector('.alarm')")
        assert "Self-test passed" in tab.value("document.getElementById('status').innerText")
        assert re.search(r"\d ms, [\d.]+ frames per second", tab.value("document.getElementById('speed').innerText"))
        yield tab
        assert {
            f"{address}/below/site/{name}" for name in ("model.onnx", "runtime/ort-wasm-simd-threaded.wasm")
        } <= set(tab.requests)
        assert [url for url in tab.requests if not url.startswith((f"{address}/below/", "data:", "blob:"))] == []
        assert tab.errors == []


def saved(tab: browsing.Tab, path: Path) -> np.ndarray:
    """Press the button that saves, and return the file's pixels."""
    tab.press("Save as PNG")
    assert browsing.wait_for(path.exists)
    return np.asarray(Image.open(path).convert("RGB"), float)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(np.square(one - other).mean(), 1e-9)))


@browser
@web_runtime.web_runtime
def test_a_visitor_gets_what_pytorch_computes(work: Path) -> None:
    picture(61, 50, seed=3).save("in.png")
    with visited(translator(), work) as tab:
        tab.choose("#file", work / "in.png")
        tab.wait_for("document.body.dataset.done == 'in'")
        found = saved(tab, work / "profile" / "in-tiny-translator.png")
        tab.press("Camera")
        tab.wait_for("document.body.dataset.frames > 3")
        tab.press("Stop the camera")
    expected = np.asarray(ganzoo.load("dir:shown", engine="torch").translate("in.png"), float)
    assert found.shape == expected.shape and psnr(found, expected) > 50


@browser
@web_runtime.web_runtime
@pytest.mark.slow
def test_a_visitor_paints_a_mask(work: Path) -> None:
    picture(64, 64, seed=3).save("in.png")
    with visited(inpainter(), work) as tab:
        tab.choose("#file", work / "in.png")
        tab.wait_for("document.body.dataset.done == 'in'")
        tab.value("delete document.body.dataset.done")
        tab.drag("#mask", (0.3, 0.5), (0.5, 0.5), (0.7, 0.5))
        tab.wait_for("document.body.dataset.done == 'in'")
        found = saved(tab, work / "profile" / "in-tiny-inpainter.png")
        alpha = tab.value(
            "[...document.getElementById('mask').getContext('2d').getImageData(0, 0, 64, 64).data]"
            ".filter((_, index) => index % 4 == 3)"
        )
    mask = (np.array(alpha, np.uint8).reshape(64, 64) > 2).astype(np.uint8) * 255
    assert 0 < mask.mean() < 60
    Image.fromarray(mask).save("mask.png")
    expected = ganzoo.load("dir:shown", engine="torch").translate("in.png", mask=Image.open("mask.png"))
    assert psnr(found, np.asarray(expected, float)) > 50


@browser
@web_runtime.web_runtime
@pytest.mark.slow
def test_a_visitor_chooses_a_label(work: Path) -> None:
    picture(64, 64, seed=3).save("in.png")
    with visited(recolorer(), work) as tab:
        tab.choose("#file", work / "in.png")
        tab.wait_for("document.body.dataset.done == 'in'")
        tab.value("delete document.body.dataset.done")
        tab.value(
            "(() => { const field = document.getElementById('label'); field.value = '2';"
            " field.dispatchEvent(new Event('change')); })()"
        )
        tab.wait_for("document.body.dataset.done == 'in'")
        found = saved(tab, work / "profile" / "in-tiny-colors.png")
    model = ganzoo.load("dir:shown", engine="torch")
    blue, red = (np.asarray(model.translate("in.png", label=label), float) for label in ("blue", "red"))
    assert psnr(found, blue) > 50 > psnr(red, blue)
