"""A server's answers are not trusted: names that lead out of the cache, JSON of other shapes, and silence."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, constants
from tiny_models import translator

from ganzoo.errors import GanzooError, HubError, HubUnreachable
from ganzoo.hub import answers, client, model_cards

COMMIT = "a" * 40


@contextmanager
def server(answer: Callable[[str], tuple[dict[str, str], bytes]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers, body = answer(self.path)
            self.send_response(200)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_POST = do_PUT = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{one.server_port}"
        one.shutdown()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def use(url: str) -> None:
        from huggingface_hub import hf_api

        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
        monkeypatch.setattr(hf_api.api, "endpoint", url)

    return use


@pytest.mark.parametrize("header", ["ETag", "X-Linked-ETag", "X-Repo-Commit"])
@pytest.mark.parametrize("value", ["{outside}", "../../../{name}", "..", 'W/"{outside}"', "a/../../b"])
def test_a_name_that_leads_out_of_the_cache_writes_nothing(tmp_path: Path, at: Any, header: str, value: str) -> None:
    outside = tmp_path / "outside"
    wrong = value.format(outside=outside, name="outside")
    tree = [{"type": "file", "path": name, "size": 2, "oid": "x"} for name in ("config.json", "x.safetensors")]
    info = {"id": "a/b", "sha": COMMIT, "siblings": [{"rfilename": name} for name in ("config.json", "x.safetensors")]}

    def answer(path: str) -> tuple[dict[str, str], bytes]:
        if "/resolve/" in path:
            return {"ETag": '"x"', "X-Repo-Commit": COMMIT, header: wrong}, b"{}"
        return {}, json.dumps(tree if "/tree/" in path else info).encode()

    with server(answer) as url:
        at(url)
        with pytest.raises(HubError, match=r"is not a name\. Nothing was written"):
            client.pull("a/b", cache=tmp_path / "cache")
    assert not outside.exists() and not list(tmp_path.rglob("blobs/*"))


SHAPES = ["[]", "7", "null", '"x"', "{}", '{"id": 7}', '{"id": "a/b", "siblings": 7}', '{"siblings": [7]}', "[" * 5000,
          '{"id": "a/b", "siblings": [{"rfilename": null}]}', '{"id": "a/b", "siblings": [{}]}', "<html>",
          '{"id": "a/b", "lastModified": 7, "siblings": []}', '{"id": "a/b", "cardData": 7}']  # fmt: skip


@pytest.mark.parametrize("body", SHAPES, ids=lambda body: body[:40])
def test_answers_of_another_shape_are_refused_in_words(tmp_path: Path, at: Any, body: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(client, "RETRY_PAUSE", 0.0)
    translator().save(tmp_path / "m")
    with server(lambda path: ({}, body.encode())) as url:
        at(url)
        for call in (
            lambda: client.pull("a/b", cache=tmp_path / "cache"),
            lambda: client.search("x"),
            lambda: client.push(tmp_path / "m", "a/b", token="hf_x"),
        ):
            try:
                call()
            except GanzooError as error:
                assert len(str(error)) < 2000
            else:
                assert call.__code__.co_names[1] == "search"  # a list without models


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "SILENCE", 0.3)
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.3)
    translator().save(tmp_path / "m")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(HubUnreachable, match="no Hub answers"):
            client.push(tmp_path / "m", "a/b", token="hf_x")


def test_the_clients_own_settings_come_back() -> None:
    from huggingface_hub import get_session

    before = get_session().event_hooks, get_session().timeout
    with answers.checked_answers():
        assert get_session().timeout != before[1]
    assert (get_session().event_hooks, get_session().timeout) == before


def test_a_model_card_that_refers_to_itself_is_refused_at_once(tmp_path: Path) -> None:
    """Each line holds the one before nine times: 9**40 words when written out."""
    lines = ["- &a0 [x]", *(f"- &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 40))]
    with pytest.raises(ValueError, match="more than 100,000 values"):
        model_cards.read_head("---\n" + "\n".join(lines) + "\n---\n")


def test_a_search_without_a_hub_is_refused_at_once(at: Any, monkeypatch: Any) -> None:
    """Left to itself the client tries six times, over half a minute."""
    at("http://127.0.0.1:9")
    monkeypatch.setattr(HfApi, "list_models", lambda *_, **__: pytest.fail("it would try again and again"))
    with pytest.raises(HubUnreachable, match="no Hub answers"):
        client.search("x")
