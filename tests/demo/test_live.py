"""`ganzoo demo --live`: a camera's frames over HTTP, and a real browser whose camera is a video file."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browsing
import numpy as np
import pytest
from conftest import picture
from needs import needs, require
from PIL import Image
from served import Server, served
from tiny_models import inpainter, maker, translator

from ganzoo.demo import live
from ganzoo.demo.actions import DemoModel
from ganzoo.demo.live import LiveFrames
from ganzoo.demo.visitors import COOKIE
from ganzoo.errors import GanzooError, OptionError
from ganzoo.image_io import decoding, encoding
from ganzoo.image_io.video.temporal_smoothing import TemporalSmoothing
from ganzoo.inference.image_pass import Settings

httpx = require("httpx")
STATUS = "document.getElementById('status').innerText"


def jpeg(width: int = 48, height: int = 32, seed: int = 0) -> bytes:
    file = io.BytesIO()
    picture(width, height, seed).save(file, "JPEG", quality=95)
    return file.getvalue()


def pixels(file: bytes) -> np.ndarray:
    return decoding.read(file).rgb.astype(float)


def expected(frame: bytes, size: str = "auto") -> np.ndarray:
    """Return what Python makes of a frame, as a JPEG file keeps it."""
    file = io.BytesIO()
    encoding.save_decoded(translator().translate_decoded(decoding.read(frame), Settings(size)), file, "jpg")
    return pixels(file.getvalue())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("live")
    translator(summary="Horses <b>to</b> zebras").save(place / "t")
    with served(place / "page", f"dir:{place / 't'}", "--live", "--max-pixels", "20k") as found:
        yield found


@pytest.fixture
def visitor(server: Server) -> Iterator[Any]:
    """A program that has opened the page, as a browser does."""
    with httpx.Client(base_url=server.address, timeout=60) as client:
        assert client.get("/").status_code == 200 and COOKIE in client.cookies
        yield client


def test_a_frame_comes_back_translated(visitor: Any) -> None:
    for size in ("auto", "32"):
        answer = visitor.post(live.FRAME, params={"size": size}, content=jpeg())
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
        assert np.abs(pixels(answer.content) - expected(jpeg(), size)).mean() < 1
    assert np.abs(pixels(answer.content) - pixels(jpeg())).mean() > 20


def test_frames_are_smoothed_for_each_visitor(visitor: Any, server: Server) -> None:
    frames = [jpeg(seed=0), _with_noise(jpeg(seed=0))]
    plain, smooth = [], []
    for strength, found in (("0", plain), ("0.9", smooth)):
        found += [
            pixels(visitor.post(live.FRAME, params={"smoothing": strength}, content=one).content) for one in frames
        ]
    changes = [np.abs(second - first).mean() for first, second in (plain, smooth)]
    assert changes[1] < 0.7 * changes[0]
    with httpx.Client(base_url=server.address, timeout=60) as other:
        other.get("/")
        first = other.post(live.FRAME, params={"smoothing": "0.9"}, content=frames[1])
    assert (pixels(first.content) == plain[1]).all(), "another visitor's frames were mixed in"


def _with_noise(frame: bytes) -> bytes:
    noise = np.random.default_rng(0).integers(-2, 3, (32, 48, 3))
    file = io.BytesIO()
    Image.fromarray((pixels(frame) + noise).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.mark.parametrize(
    ("options", "body", "status", "text"),
    [
        ({}, b"", 400, "not a supported image file"),
        ({}, b"\xff\xd8\xff nothing", 400, "The image"),
        ({}, jpeg(200, 150), 400, "30000 pixels|200x150 pixels, more than the limit of 20000"),
        ({}, b"\0" * 1_000_001, 413, "too large"),
        ({"size": "huge"}, jpeg(), 400, "size 'huge' is not right"),
        ({"size": "4000"}, jpeg(), 400, "more than the limit"),
        ({"label": "red"}, jpeg(), 400, "label"),
        ({"smoothing": "1"}, jpeg(), 400, "A temporal smoothing of 1.0 is not valid"),
        ({"smoothing": "much"}, jpeg(), 400, "A temporal smoothing of 'much' is not valid"),
    ],
)
def test_what_is_not_valid_is_said(
    visitor: Any, server: Server, options: dict[str, str], body: bytes, status: int, text: str
) -> None:
    answer = visitor.post(live.FRAME, params=options, content=body)
    assert answer.status_code == status and any(part in answer.text for part in text.split("|")), answer.text
    assert server.stderr() == "" and str(server.folder) not in answer.text


def test_only_the_page_itself_sends_frames(visitor: Any, server: Server) -> None:
    assert httpx.post(f"{server.address}live/frame", content=jpeg()).status_code == 403, "without the page's cookie"
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}, {"host": "evil.example"}):
        assert visitor.post(live.FRAME, content=jpeg(), headers=headers).status_code == 403
    page = visitor.get("/")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "Horses &lt;b&gt;to&lt;/b&gt; zebras" in page.text
    for path in ("/live/frame", "/live/../demo/live.py", "/gradio_api/info", "/config"):
        assert visitor.get(path).status_code in (404, 405)
    assert server.notes.read_text() == ""


def test_a_frame_that_waited_while_a_newer_one_came_is_dropped(tmp_path: Path) -> None:
    demo = DemoModel(translator(), tmp_path)
    frames, found = LiveFrames(demo), {}

    def send(name: str, visitor: str) -> threading.Thread:
        thread = threading.Thread(
            target=lambda: found.update({name: frames.translate(visitor, jpeg(), "auto", None, 0.0)})
        )
        before = frames.waiting
        thread.start()
        assert browsing.wait_for(lambda: frames.waiting == before + 1)
        return thread

    with demo.lock:  # the model is in use
        threads = [send("old", "one"), send("other", "two"), send("new", "one")]
    for thread in threads:
        thread.join()
    assert found["old"] is None and found["new"] == found["other"] != None  # noqa: E711
    assert frames.waiting == 0


def test_frames_that_wait_are_few(tmp_path: Path) -> None:
    frames = LiveFrames(DemoModel(translator(), tmp_path))
    frames.waiting = live.MAX_WAITING
    with pytest.raises(OptionError, match="Too many cameras"):
        frames.translate("one", jpeg(), "auto", None, 0.0)
    assert frames.waiting == live.MAX_WAITING


def test_large_and_deep_frames_are_refused(tmp_path: Path) -> None:
    demo = DemoModel(translator(), tmp_path)
    file = io.BytesIO()
    Image.fromarray(np.zeros((20, 20), np.uint16)).save(file, "PNG")
    for frame, text in ((jpeg(1001, 1000), "more than the limit of 1000000"), (file.getvalue(), "8 bits")):
        with pytest.raises(GanzooError, match=text):
            demo.translate_frame(frame, "auto", None, TemporalSmoothing(0.0))


def test_models_that_take_no_frames_are_refused() -> None:
    live.check(translator().card)
    with pytest.raises(OptionError, match="tiny/inpainter takes a mask as well"):
        live.check(inpainter().card)
    with pytest.raises(OptionError, match="does not translate photographs"):
        live.check(maker().card)


@needs(browsing.CHROMIUM, "no Chromium; GANZOO_CHROMIUM says where one is")
@pytest.mark.slow
def test_a_visitor_sees_the_camera_translated(server: Server, tmp_path: Path) -> None:
    """The camera is a video file: one scene with a bar that moves over it."""
    scene = np.full((96, 128), 60, np.uint8)
    scene[:, 64:] = 200
    with browsing.opened(server.address, tmp_path, [film(tmp_path / "camera.y4m", scene)]) as tab:
        tab.press("Start the camera")
        tab.wait_for("Number(document.body.dataset.frames) > 4")
        speed = tab.value("document.getElementById('speed').textContent")
        assert "per second, latency" in speed and "late ones dropped" in speed
        assert tab.value(STATUS) == "The camera is on."
        tab.press("Save as PNG")
        assert browsing.wait_for((tmp_path / "live.png").exists)
        tab.press("Stop the camera")
        tab.wait_for(f"{STATUS} == 'The camera is off.'")
        assert [url for url in tab.requests if not url.startswith((server.address, "data:", "blob:"))] == []
        assert tab.errors == [] and server.notes.read_text() == "" and server.stderr() == ""
    found = pixels((tmp_path / "live.png").read_bytes())
    file = io.BytesIO()
    Image.fromarray(scene).convert("RGB").save(file, "PNG")
    still = slice(8, None)  # below the bar
    assert found.shape == (96, 128, 3)
    assert np.abs(found - expected(file.getvalue()))[still].mean() < 8
    assert np.abs(found - scene[..., None])[still].mean() > 20


@needs(browsing.CHROMIUM, "no Chromium; GANZOO_CHROMIUM says where one is")
@pytest.mark.slow
def test_a_visitor_is_told_what_ended_the_camera(server: Server, tmp_path: Path) -> None:
    unplugged = "document.querySelector('video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    silent = "window.fetch = () => Promise.reject(new TypeError('Failed to fetch'))"
    camera = film(tmp_path / "camera.y4m", np.zeros((96, 128), np.uint8))
    with browsing.opened(server.address, tmp_path, [camera]) as tab:
        for event, text in ((unplugged, "The camera stopped"), (silent, "does not answer. Check that `ganzoo demo`")):
            tab.press("Start the camera")
            tab.wait_for(f"{STATUS} == 'The camera is on.'")
            tab.value(event)
            tab.wait_for(f"{STATUS}.includes({text!r})")
            tab.wait_for("document.getElementById('camera').innerText == 'Start the camera'")
        assert tab.errors == []


def film(path: Path, scene: np.ndarray) -> str:
    """Write a gray scene (H, W) as Y4M, ten frames in which a bar moves along the top.

    Returns:
        The option that makes it the browser's camera.
    """
    height, width = scene.shape
    gray = bytes([128]) * (height * width // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(10):
            frame = scene.copy()
            frame[:2, number * 10 : number * 10 + 10] = 255
            file.write(b"FRAME\n" + frame.tobytes() + gray)
    return f"--use-file-for-fake-video-capture={path}"
