"""The page of `ganzoo demo` as a visitor uses it: examples, drawn masks, a camera, clips. In a real browser."""

from __future__ import annotations

from pathlib import Path

import browsing
import channel_models
import numpy as np
import pytest
import tifffile
from channel_models import bands
from needs import needs
from PIL import Image
from served import Server, served
from tiny_models import clip_maker, inpainter, translator

from ganzoo.catalog import building

pytestmark = [needs(browsing.CHROMIUM, "no Chromium; GANZOO_CHROMIUM says where one is"), pytest.mark.slow]
SHOWN = "[...document.images].filter(image => image.src.endsWith('/{}') && image.naturalWidth > 0)"

TYPE = (  # another number of an image, as a visitor does
    "(field => {{ field.value = '{}'; field.dispatchEvent(new Event('input', {{bubbles: true}}));"
    " field.dispatchEvent(new Event('change', {{bubbles: true}})); field.blur() }})"
    "(document.querySelector('input[type=number]'))"
)


def shown(tab: browsing.Tab, name: str) -> np.ndarray:
    """Return an image of that name that the page shows."""
    tab.wait_for(f"{SHOWN.format(name)}.length > 0")
    return file_of(tab.value(f"{SHOWN.format(name)}[0].src"))


def file_of(address: str) -> np.ndarray:
    return np.asarray(Image.open(address.partition("file=")[2]).convert("RGB"), int)


def assert_private(tab: browsing.Tab, server: Server) -> None:
    assert [url for url in tab.requests if not url.startswith((server.address, "data:", "blob:"))] == []
    assert tab.errors == []


def test_it_opens_with_an_example_and_takes_a_photograph(tmp_path: Path) -> None:
    translator().save(tmp_path / "model")
    with (
        served(tmp_path / "page", f"dir:{tmp_path / 'model'}") as server,
        browsing.opened(server.address, tmp_path) as tab,
    ):
        before, after = shown(tab, "before.png"), shown(tab, "after.png")
        assert before.shape == after.shape and (before != after).any()
        assert "Before" in tab.value("document.body.innerText")
        first = tab.value(f"{SHOWN.format('before.png')}[0].src")
        tab.value("document.querySelector('[aria-label^=\"Capture from\"]').click()")
        ask = "[...document.querySelectorAll('button')].find(button => button.innerText.includes('Access Webcam'))"
        tab.wait_for(f"!!{ask}")
        tab.value(f"{ask}.click()")
        tab.wait_for("!!document.querySelector('[aria-label=\"capture photo\"]')")
        tab.wait_for("document.querySelector('video').videoWidth > 0")
        tab.value("document.querySelector('[aria-label=\"capture photo\"]').click()")
        tab.wait_for(f"{SHOWN.format('before.png')}.some(image => image.src != {first!r})")
        taken = file_of(tab.value(f"{SHOWN.format('before.png')}[0].src"))
        assert taken.shape != before.shape or (taken != before).any()
        assert_private(tab, server)


def test_a_mask_is_drawn(tmp_path: Path) -> None:
    inpainter().save(tmp_path / "model")
    with (
        served(tmp_path / "page", f"dir:{tmp_path / 'model'}") as server,
        browsing.opened(server.address, tmp_path) as tab,
    ):
        first = f"{SHOWN.format('after.png')}[0].src"
        shown(tab, "after.png")
        example = tab.value(first)
        tab.wait_for("document.querySelector('.painter canvas').width > 100")
        tab.drag(".painter canvas", (0.25, 0.25), (0.5, 0.25), (0.75, 0.25))
        tab.wait_for(f"{first} != {example!r}")
        before, after = shown(tab, "before.png"), shown(tab, "after.png")
        changed = (before != after).any(-1)
        height, width = changed.shape
        assert changed[height // 4, width * 3 // 10 : width * 7 // 10].mean() > 0.9  # along the stroke
        assert not changed[height // 2 :].any() and not changed[:, : width // 10].any()
        assert_private(tab, server)


def test_clips_play(tmp_path: Path) -> None:
    clip_maker().save(tmp_path / "model")
    with (
        served(tmp_path / "page", f"dir:{tmp_path / 'model'}") as server,
        browsing.opened(server.address, tmp_path) as tab,
    ):
        script = "[...document.images].filter(image => image.src.endsWith('.gif') && image.naturalWidth > 0)"
        tab.wait_for(f"{script}.length > 0")
        with Image.open(tab.value(f"{script}[0].src").partition("file=")[2]) as clip:
            assert clip.n_frames > 1
        assert "Walk" not in tab.value("document.body.innerText")
        assert_private(tab, server)


def test_an_image_of_a_stack_in_units_is_chosen(tmp_path: Path) -> None:
    options = {"width": 4, "blocks": 1, "in_channels": 4, "out_channels": 4}
    network = building.build("generator:resnet", **options)
    channel_models.model(network, bands(4), bands(4), options=options).save(tmp_path / "model")
    values = np.random.default_rng(0).integers(0, 65536, (3, 4, 40, 50)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "stack.ome.tif", values, metadata={"axes": "ZCYX"}, photometric="minisblack")
    with (
        served(tmp_path / "page", f"dir:{tmp_path / 'model'}") as server,
        browsing.opened(server.address, tmp_path) as tab,
    ):
        tab.wait_for("!!document.querySelector('input[type=file]')")
        tab.choose("input[type=file]", tmp_path / "stack.ome.tif")
        first = shown(tab, "before.png")
        assert first.shape == (40, 50, 3)
        tab.wait_for("document.body.innerText.includes('3 images; this is number 1')")
        tab.value(TYPE.format(3))
        tab.wait_for("document.body.innerText.includes('3 images; this is number 3')")
        tab.wait_for(f"{SHOWN.format('before.png')}.length > 0")
        assert (shown(tab, "before.png") != first).any()
        assert "B1, B2, B3 as red, green and blue, from the percentile 1" in tab.value("document.body.innerText")
        tab.value(TYPE.format(9))
        tab.wait_for("document.body.innerText.includes('has 3 images, not frames 9')")
        assert_private(tab, server)
