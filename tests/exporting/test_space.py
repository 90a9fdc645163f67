"""A model's page as a static Space: what goes up, with which head, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import web_runtime
from hub_server import Hub, hub
from tiny_models import run_python, translator

from ganzoo.cards.card import Weights
from ganzoo.exporting.web import space
from tests.cli.test_main import call

__all__ = ["hub"]  # the fixture
PUSH = """
import sys
from pathlib import Path
from ganzoo.hub import client

folder, name, private = sys.argv[1:]
try:
    print(client.push_space(Path(folder), name, private=private == "private"))
except client.GanzooError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def alice(hub: Hub, tmp_path: Path) -> dict[str, str]:
    return hub.env(tmp_path / "alice", hub.token)


def files(hub: Hub, name: str) -> set[str]:
    tree = hub.api("GET", f"/api/spaces/{name}/tree/main?recursive=true")
    return {entry["path"] for entry in tree if entry["type"] == "file"}


def test_a_folder_becomes_a_static_space(hub: Hub, alice: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "page" / "runtime").mkdir(parents=True)
    (tmp_path / "page" / "index.html").write_text("a page")
    (tmp_path / "page" / "runtime" / "it.wasm").write_bytes(b"\0asm" * 100)

    def push(name: str, private: str = "") -> str:
        return run_python(PUSH, tmp_path / "page", name, private, env=alice).stdout

    assert f"url='{hub.url}/spaces/alice/page'" in push("alice/page")
    assert files(hub, "alice/page") >= {"index.html", "runtime/it.wasm"}
    assert hub.api("GET", "/api/spaces/alice/page")["sdk"] == "static"
    assert "exists and is public; nothing was sent" in push("alice/page", "private")
    hub.api("POST", "/api/repos/create", {"name": "program", "type": "space", "sdk": "gradio"})
    assert "HubForbidden The Space 'alice/program' exists and runs gradio" in push("alice/program")


def test_its_head_has_license_and_headers() -> None:
    card = translator(weights=Weights("model.safetensors", "0" * 64, 1, repo="you/it"), license="Own License").card
    head = space.head(card)
    assert (head["sdk"], head["app_file"], head["models"]) == ("static", "index.html", ["you/it"])
    assert (head["license"], head["license_name"]) == ("other", "own-license")
    assert head["custom_headers"]["cross-origin-opener-policy"] == "same-origin"


def test_options_that_do_not_fit_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "push", "dir:it", "a/b", "--space", "--summary", "x")
    assert code == 1 and "A Space shows the model's own card." in err
    code, _, err = call(capsys, "push", "dir:it", "a/b", "--runtime", "x")
    assert code == 1 and "--runtime belongs to --space." in err


@web_runtime.web_runtime
@pytest.mark.slow
def test_the_command_pushes_a_page(hub: Hub, alice: dict[str, str], tmp_path: Path) -> None:
    translator().save(tmp_path / "t")
    line = ["push", f"dir:{tmp_path / 't'}", "alice/shown", "--space", "--runtime", str(web_runtime.FOLDER)]
    done = subprocess.run(
        [sys.executable, "-m", "ganzoo", *line], env=alice, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 and done.stdout.strip() == f"{hub.url}/spaces/alice/shown", done.stderr
    assert files(hub, "alice/shown") >= {"README.md", "index.html", "model.onnx", "runtime/ort.wasm.js"}
