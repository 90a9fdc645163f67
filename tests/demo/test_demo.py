"""The page of `ganzoo demo`: a real server, tested over HTTP and in a real browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import browsing
import numpy as np
import pytest
import torch
from conftest import picture
from needs import needs, require
from PIL import Image
from served import Server, served
from tiny_models import maker, translator

from ganzoo.demo.actions import DemoModel
from ganzoo.demo.latent_walks import slerp, walk
from ganzoo.demo.visitors import COOKIE
from ganzoo.errors import OptionError
from ganzoo.image_io import decoding, encoding, grids
from ganzoo.inference.image_pass import Settings
from ganzoo.loading.model import Model

gradio_client = require("gradio_client")
httpx = require("httpx")

SUMMARY = "Horses <b>to</b> ${zebras} {{value}}"  # a third party may have written it: shown verbatim
browser = needs(browsing.CHROMIUM, "no Chromium; GANZOO_CHROMIUM says where one is")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """A page that translates, and one that generates."""
    place = tmp_path_factory.mktemp("demo")
    translator(summary=SUMMARY).save(place / "t")
    maker().save(place / "m")
    limits = ("--max-upload", "100kB", "--max-pixels", "20k")
    with (
        served(place / "1", f"dir:{place / 't'}", *limits) as first,
        served(place / "2", f"dir:{place / 'm'}") as second,
    ):
        yield first, second


@pytest.fixture
def translating(servers: tuple[Server, Server], tmp_path: Path) -> Any:
    return gradio_client.Client(servers[0].address, verbose=False, download_files=tmp_path / "downloads")


@pytest.fixture
def generating(servers: tuple[Server, Server], tmp_path: Path) -> Any:
    return gradio_client.Client(servers[1].address, verbose=False, download_files=tmp_path / "downloads")


def request_translation(
    client: Any, path: Path, size: str = "auto"
) -> tuple[decoding.DecodedImage, decoding.DecodedImage, Path]:
    """Return the previews before and after, and the file to save."""
    (before, after), file = client.predict(gradio_client.handle_file(path), size, api_name="/translate")
    return decoding.read(before), decoding.read(after), Path(file["value"])


def translate(model: Model, path: Path, size: str = "auto") -> decoding.DecodedImage:
    return model.translate_decoded(decoding.read(path), Settings(size))


# ---- translation


@pytest.mark.slow
def test_the_result_is_what_python_gives(translating: Any, photo: Path) -> None:
    before, after, file = request_translation(translating, photo)
    assert (before.rgb == decoding.read(photo).rgb).all()
    assert (after.rgb == translate(translator(), photo).rgb).all()
    assert (decoding.read(file).rgb == after.rgb).all() and file.name == "photo-tiny-translator.png"
    other = request_translation(translating, photo, "32")[1]
    assert (other.rgb == translate(translator(), photo, "32").rgb).all() and (other.rgb != after.rgb).any()


def test_unusual_images_pass_gradio_unchanged(translating: Any, tmp_path: Path) -> None:
    """16 bits and alpha, CMYK, and a photograph that lies on its side: all decoded by ganzoo, not Gradio."""
    small = np.asarray(picture(40, 24))
    deep = decoding.DecodedImage(small.astype(np.uint16) * 257 + 5, small[..., 0].astype(np.uint16) * 257, False, "")
    encoding.save_decoded(deep, tmp_path / "deep.tiff")
    Image.fromarray(small).convert("CMYK").save(tmp_path / "print.jpg")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(small).save(tmp_path / "turned.jpg", exif=turned)
    for name in ("deep.tiff", "print.jpg", "turned.jpg"):
        before, after, file = request_translation(translating, tmp_path / name)
        expected, result = translate(translator(), tmp_path / name), decoding.read(file)
        assert (result.rgb == expected.rgb).all() and result.rgb.dtype == expected.rgb.dtype, name
        assert before.rgb.dtype == after.rgb.dtype == np.uint8
        assert before.rgb.shape == after.rgb.shape == expected.rgb.shape
    assert result.rgb.shape == (40, 24, 3)  # the last one is upright
    saved = decoding.read(request_translation(translating, tmp_path / "deep.tiff")[2])
    assert saved.alpha is not None and (saved.alpha == deep.alpha).all()


@pytest.mark.parametrize(
    ("name", "size", "text"),
    [
        ("broken.png", "auto", "broken.png"),
        ("empty.jpg", "auto", "empty.jpg is not a supported image file"),
        ("large.png", "auto", "large.png has 200x150 pixels, more than the limit of 20000"),
        ("photo.jpg", "huge", "size 'huge' is not right. Write auto, native, or the shorter side"),
        ("photo.jpg", "1000", "size 1000 means 1364x1000 pixels, more than the limit"),
        ("photo.jpg", "<b>0", "size '&lt;b&gt;0' is not right"),
    ],
)
def test_errors_show_on_the_page(
    servers: tuple[Server, Server], translating: Any, photo: Path, name: str, size: str, text: str
) -> None:
    write_broken_files(photo.parent)
    with pytest.raises(gradio_client.exceptions.AppError) as caught:
        request_translation(translating, photo.parent / name, size)
    assert text in str(caught.value)
    assert "Traceback" not in str(caught.value) and str(servers[0].folder) not in str(caught.value)
    assert servers[0].stderr() == ""


def write_broken_files(folder: Path) -> None:
    """Write a truncated file, an empty one and one with too many pixels into a folder."""
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)).save(folder / "whole.png")
    (folder / "broken.png").write_bytes((folder / "whole.png").read_bytes()[:9000])
    (folder / "empty.jpg").touch()
    picture(200, 150).save(folder / "large.png")


def test_too_large_a_file_is_rejected_and_not_stored(servers: tuple[Server, Server]) -> None:
    address, folder = servers[0].address, servers[0].folder
    for size, code in ((90_000, 200), (110_000, 413)):
        sent = httpx.post(f"{address}gradio_api/upload", files={"files": ("x.png", bytes(size))})
        assert sent.status_code == code
    assert max(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 100_000


# ---- generation


def test_the_same_seed_gives_the_same_sheet(generating: Any) -> None:
    def sheet(seed: int | None) -> bytes:
        return Image.open(generating.predict(seed, 5, api_name="/generate")).tobytes()

    assert sheet(3) == sheet(3) == grids.grid(maker().generate(5, 3)).tobytes() != sheet(4)
    assert sheet(None) == sheet(0)  # an empty field


def test_a_walk_leads_from_one_seed_to_another_and_back(generating: Any) -> None:
    animation, row = generating.predict(3, 7, 5, api_name="/walk")
    frames = []
    with Image.open(animation) as moving:
        for index in range(moving.n_frames):
            moving.seek(index)
            frames.append(moving.convert("L").tobytes())
    ends = [maker().generate(1, seed)[0].tobytes() for seed in (3, 7)]
    assert [frames[0], frames[4]] == ends
    assert frames[5:] == frames[3:0:-1] and len(set(frames)) == 5
    assert Image.open(row).tobytes() == grids.grid(walk(maker(), 3, 7, 5), columns=5).tobytes()


def test_a_walk_keeps_the_length_of_latents() -> None:
    first, last = torch.randn(2, 512, generator=torch.Generator().manual_seed(0))
    middle = slerp(first, last, 0.5)
    assert torch.equal(slerp(first, last, 0), first) and torch.equal(slerp(first, last, 1), last)
    assert abs(middle.norm() / first.norm() - 1) < 0.05 < abs(torch.lerp(first, last, 0.5).norm() / first.norm() - 1)
    shorter = [float(slerp(first, last, share) @ first) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert shorter == sorted(shorter, reverse=True)
    assert torch.equal(slerp(first, first, 0.3), first)
    assert slerp(first, -first, 0.5).isfinite().all()


def test_a_wrong_seed_shows_on_the_page(generating: Any) -> None:
    with pytest.raises(gradio_client.exceptions.AppError, match="seed=-1 is not right: it should be from 0"):
        generating.predict(-1, 3, api_name="/generate")
    with pytest.raises(gradio_client.exceptions.AppError, match="seed=-1 is not right"):
        generating.predict(0, -1, 3, api_name="/walk")


def test_requests_wait_for_one_another(servers: tuple[Server, Server], generating: Any) -> None:
    jobs = [generating.submit(seed, 16, api_name="/generate") for seed in range(3)]
    jobs += [generating.submit(0, seed, 16, api_name="/walk") for seed in range(3)]
    assert len({str(job.result(timeout=300)) for job in jobs}) == 6
    assert servers[1].notes.read_text() == ""


# ---- no other hosts


FOREIGN = re.compile(r"([a-z]+:)?//")


class Links(HTMLParser):
    """What a browser fetches for a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "poster")]


# Example files of Gradio's description of its API, which the page neither shows nor fetches.
NAMED = {"https://github.com", "https://raw.githubusercontent.com"}


def test_nothing_served_leads_to_another_host(servers: tuple[Server, Server]) -> None:
    for server in servers:
        page = httpx.get(server.address)
        links = Links(page.text).found
        assert links and not list(filter(FOREIGN.match, links))
        config = page.text.partition("window.gradio_config = ")[2].partition(";</script>")[0]
        assert set(re.findall(r"https?://[^\s\"'<>\\\\/]+", config)) <= {server.address.rstrip("/"), *NAMED}
        settings = json.loads(config)
        assert not settings["analytics_enabled"] and not settings["stylesheets"]
        for sheet in ["theme.css", *(link for link in links if link.endswith(".css"))]:
            fetched = re.findall(r"""(?:url\(|@import)\s*["']?([^"')]+)""", httpx.get(f"{server.address}{sheet}").text)
            assert not list(filter(FOREIGN.match, fetched))


def test_the_content_policy_forbids_other_hosts(servers: tuple[Server, Server]) -> None:
    """Scripts change with Gradio's versions; this policy holds for all of them."""
    page = httpx.get(servers[0].address)
    script = next(link for link in Links(page.text).found if link.endswith(".js"))
    for path in ("", script, "theme.css", "config", "gradio_api/info", "nowhere"):
        (policy,) = httpx.get(f"{servers[0].address}{path}").headers.get_list("content-security-policy")
        rules = dict(part.split(maxsplit=1) for part in policy.split("; "))
        assert rules["default-src"].split() == ["'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"]
        assert not [word for value in rules.values() for word in value.split() if "." in word or "*" in word]


def test_the_server_downloads_nothing_for_a_visitor(
    servers: tuple[Server, Server], translating: gradio_client.Client
) -> None:
    remote = "http://192.0.2.1/x.png"
    assert httpx.get(f"{servers[0].address}gradio_api/file={remote}").status_code == 403
    with pytest.raises(gradio_client.exceptions.AppError, match=r"This page downloads nothing from '192\.0\.2\.1'"):
        translating.predict({"path": remote, "meta": {"_type": "gradio.FileData"}}, "auto", api_name="/translate")
    assert [server.notes.read_text() for server in servers] == ["", ""]
    assert servers[0].stderr() == ""


def test_a_file_that_was_not_uploaded_is_not_read(servers: tuple[Server, Server], photo: Path) -> None:
    address = servers[0].address
    assert httpx.get(f"{address}gradio_api/file={photo}").status_code == 403
    data: list[Any] = [{"path": str(photo), "meta": {"_type": "gradio.FileData"}}, "auto"]
    event = httpx.post(f"{address}gradio_api/call/translate", json={"data": data}).json()["event_id"]
    assert "event: error" in httpx.get(f"{address}gradio_api/call/translate/{event}").text


# ---- attacks


def ask(address: str, data: list[Any], **headers: str) -> str:
    """Send a raw request to translate, and return the answer's events."""
    url = f"{address}gradio_api/call/translate"
    sent = httpx.post(url, json={"data": data}, headers=headers)
    if sent.status_code != 200:
        return f"{sent.status_code} {sent.text}"
    return httpx.get(f"{url}/{sent.json()['event_id']}", headers=headers, timeout=60).text


def upload(address: str, photo: Path, **headers: str) -> str:
    with photo.open("rb") as file:
        answer = httpx.post(f"{address}gradio_api/upload", files={"files": ("photo.jpg", file)}, headers=headers)
    (path,) = answer.json()
    return str(path)


def test_no_raw_payload_opens_a_file_of_this_machine(servers: tuple[Server, Server], photo: Path) -> None:
    pipe = photo.with_name("pipe.png")
    os.mkfifo(pipe)
    inside = next(path for path in servers[0].folder.rglob("*") if path.is_dir())
    link = photo.with_name("link.png")
    link.symlink_to(photo)
    targets = [
        photo,
        link,
        pipe,
        "/dev/zero",
        "/nowhere/x.png",
        inside,
        f"{inside}/../../{photo}",
        f"file://{photo}",
        "",
    ]
    answers = set()
    for target in targets:
        for extra in ({}, {"url": str(target)}, {"is_stream": True}, {"meta": {"_type": "gradio.FileData"}}):
            answers.add(ask(servers[0].address, [{"path": str(target), **extra}, "auto"]))
    assert len(answers) == 1, answers  # whether the path exists or not
    (answer,) = answers
    assert answer.startswith("event: error") and "uploaded to it" in answer
    assert servers[0].stderr() == ""


def test_only_its_visitor_opens_an_upload(servers: tuple[Server, Server], photo: Path) -> None:
    address = servers[0].address
    mine, other = {"cookie": f"{COOKIE}=mine"}, {"cookie": f"{COOKIE}=other"}
    path = upload(address, photo, **mine)
    for extra in ({}, {"meta": {"_type": "gradio.FileData"}}):
        assert ask(address, [{"path": path, **extra}, "auto"], **mine).startswith("event: complete")
        for stranger in (other, {}):
            assert "uploaded to it" in ask(address, [{"path": path, **extra}, "auto"], **stranger)


def test_other_hosts_and_origins_are_refused(servers: tuple[Server, Server]) -> None:
    address = servers[0].address
    own = address.removeprefix("http://").rstrip("/")
    port = own.rpartition(":")[2]
    for headers in ({"host": "evil.example"}, {"host": f"evil.example:{port}"}, {"host": "127.0.0.1.evil.example"},
                    {"host": f"[::1]:{port}"}, {"host": f"x@{own}"}, {"host": ""}, {"origin": "http://evil.example"},
                    {"origin": "null"}, {"origin": f"http://localhost:{port}"}):  # fmt: skip
        for path in ("", "config", "gradio_api/info", "nowhere"):
            answer = httpx.get(f"{address}{path}", headers=headers)
            assert answer.status_code == 403 and "own address" in answer.text, (headers, path)
        assert ask(address, [None, "auto"], **headers).startswith("403")
    for headers in ({"host": f"localhost:{port}"}, {"host": "localhost:8000"}, {"origin": f"http://{own}"}):
        assert httpx.get(f"{address}config", headers=headers).status_code == 200, headers


def test_a_request_cannot_ask_for_endless_work(servers: tuple[Server, Server], photo: Path, tmp_path: Path) -> None:
    demo = DemoModel(translator(), tmp_path)
    with pytest.raises(OptionError, match=r"size 10000 means .* pixels, more than the limit of 32000000"):
        demo.translate(photo, "10000")
    hurried = replace(demo, seconds=0)
    with pytest.raises(OptionError, match="takes longer than the limit of 0 s"):
        hurried.translate(photo, "auto")
    maker_demo = DemoModel(maker(), tmp_path)
    for count in (0, 101, 10**9, 1.5, float("nan"), True):
        with pytest.raises(OptionError, match="images are not possible: choose 1 to 100"):
            maker_demo.generate(0, count)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="takes longer"):
        replace(maker_demo, seconds=0).generate(0, 4)
    assert demo.translate(photo, "auto")[2].exists()  # the limit is gone with its request
    address = servers[0].address
    assert httpx.post(f"{address}gradio_api/queue/join", content=b"[" * 100_000).status_code == 400
    assert httpx.post(f"{address}gradio_api/queue/join", content=b" " * 1_100_000).status_code == 413


# ---- in a browser

IMAGE_SHOWN = "[...document.images].some(image => image.src.endsWith('/{}') && image.naturalWidth > 0)"


@browser
def test_a_visitor_compares_an_image_and_saves_it(servers: tuple[Server, Server], photo: Path, tmp_path: Path) -> None:
    with browsing.opened(servers[0].address, tmp_path) as tab:
        tab.wait_for("!!document.querySelector('input[type=file]')")
        assert SUMMARY in tab.value("document.body.innerText")
        tab.choose("input[type=file]", photo)
        tab.wait_for(IMAGE_SHOWN.format("before.png"))
        tab.wait_for(IMAGE_SHOWN.format("after.png"))
        tab.press("Save as PNG")
        saved = tmp_path / "photo-tiny-translator.png"
        assert browsing.wait_for(saved.exists)
        assert (decoding.read(saved).rgb == translate(translator(), photo).rgb).all()
        tab.screenshot(tmp_path / "page.png")
        assert_no_other_hosts(tab, servers[0])


@browser
def test_a_visitor_sees_errors(servers: tuple[Server, Server], tmp_path: Path) -> None:
    write_broken_files(tmp_path)
    with browsing.opened(servers[0].address, tmp_path) as tab:
        tab.wait_for("!!document.querySelector('input[type=file]')")
        tab.choose("input[type=file]", tmp_path / "empty.jpg")
        tab.wait_for("document.body.innerText.includes('empty.jpg is not a supported image file')")
        assert "Traceback" not in tab.value("document.body.innerText")
        assert_no_other_hosts(tab, servers[0])


@browser
def test_a_visitor_generates_and_walks(servers: tuple[Server, Server], tmp_path: Path) -> None:
    with browsing.opened(servers[1].address, tmp_path) as tab:
        tab.wait_for(IMAGE_SHOWN.format("tiny-maker-0.png"))
        tab.press("Walk")
        tab.wait_for(IMAGE_SHOWN.format("tiny-maker-0-to-1.png"))
        tab.wait_for(IMAGE_SHOWN.format("tiny-maker-0-to-1-row.png"))
        assert_no_other_hosts(tab, servers[1])


def assert_no_other_hosts(tab: browsing.Tab, server: Server) -> None:
    """Check that the page requested nothing from other hosts, and that nothing was blocked."""
    assert len(tab.requests) > 20
    assert [url for url in tab.requests if not url.startswith((server.address, "data:", "blob:"))] == []
    assert tab.errors == []
