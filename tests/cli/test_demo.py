"""`ganzoo demo`: how it starts and how it stops."""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
from needs import needs, require
from served import served
from tiny_models import run_python, translator

from tests.cli.test_main import call

gradio_client = require("gradio_client")
httpx = require("httpx")

posix = needs(sys.platform != "win32", "sends signals")


@pytest.fixture
def model(tmp_path: Path) -> str:
    translator().save(tmp_path / "t")
    return f"dir:{tmp_path / 't'}"


@posix
@pytest.mark.slow
def test_ctrl_c_stops_it_and_leaves_nothing(model: str, tmp_path: Path, photo: Path) -> None:
    opened = tmp_path / "opened"
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\necho $1 >> {opened}\n")
    program.chmod(0o755)
    with served(tmp_path / "page", model, DISPLAY=":0", BROWSER=str(program)) as server:
        client = gradio_client.Client(server.address, verbose=False, download_files=tmp_path / "downloads")
        client.predict(gradio_client.handle_file(photo), "auto", api_name="/translate")
        assert list(server.folder.rglob("photo.jpg")) and list(server.folder.rglob("*-tiny-translator.png"))
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(120) == 0
        assert list(server.folder.iterdir()) == []
        assert (server.stderr(), server.notes.read_text()) == ("", "")
        assert opened.read_text() == f"{server.address}\n"


@posix
@pytest.mark.slow
def test_a_running_network_does_not_delay_shutdown(model: str, tmp_path: Path, photo: Path) -> None:
    with served(tmp_path / "page", model, slowness=60, BROWSER="false") as server:
        client = gradio_client.Client(server.address, verbose=False, download_files=tmp_path / "downloads")
        job = client.submit(gradio_client.handle_file(photo), "auto", api_name="/translate")
        while job.status().code.name != "PROCESSING":
            time.sleep(0.05)
        time.sleep(1)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(50) == 0 and time.monotonic() - started < 50  # the network works for 60
        assert list(server.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--port", "{taken}"), "cannot listen on '127.0.0.1', port {taken}: Address already in use"),
        (("--host", "192.0.2.1"), "cannot listen on '192.0.2.1', port 0: "),
        (("--host", "no.such.host.invalid"), "cannot listen on 'no.such.host.invalid', port 0: "),
    ],
)
def test_an_unavailable_address_is_reported_before_the_model_is_loaded(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], text: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        formatted = [argument.format(taken=taken) for argument in arguments]
        code, _, err = call(capsys, "demo", "dir:nowhere", *formatted)
    assert code == 1 and text.format(taken=taken) in err


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--max-upload", "much"], ["--share"]])
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert call(capsys, "demo", "dir:nowhere", *arguments)[0] == 2


def test_without_gradio_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['gradio'] = None\n"
        "from ganzoo.cli.demo_command import command\n"
        "command(['dir:nowhere'], standalone_mode=False)"
    )
    stderr = run_python(code).stderr
    assert "The demo page needs Gradio. Install it: pip install 'ganzoo-core[demo]'" in stderr.splitlines()[-1]


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import json, sys\nfrom ganzoo.demo import actions, latent_walks, layout, serving\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    light = set(json.loads(run_python(code).stdout))
    assert "ganzoo.demo.serving" in light
    assert not {"gradio", "gradio_client", "uvicorn", "fastapi", "safehttpx", "torch", "huggingface_hub"} & light
    code = (
        "import json, sys\nfrom ganzoo.cli.demo_command import command\n"
        "try: command(['--help'])\nexcept SystemExit: print(json.dumps(sorted(sys.modules)))"
    )
    lightest = set(json.loads(run_python(code).stdout.splitlines()[-1]))
    assert not {"gradio", "torch", "numpy", "PIL"} & lightest


@pytest.mark.slow
def test_the_environment_does_not_open_the_page_to_others(model: str, tmp_path: Path) -> None:
    environment = {
        "GRADIO_SHARE": "True",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_ANALYTICS_ENABLED": "True",
        "GRADIO_MCP_SERVER": "True",
        "GRADIO_SSR_MODE": "True",
        "HTTP_PROXY": "http://192.0.2.1:9",
    }
    with served(tmp_path / "page", model, "--no-browser", **environment) as server:
        assert server.address.startswith("http://127.0.0.1:")
        assert httpx.get(server.address).status_code == 200
        assert (server.stderr(), server.notes.read_text()) == ("", "")
