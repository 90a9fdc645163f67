"""The fixture `hub`: the Hub stand-in of `local_hub.py` as a server process of its own, on loopback.

The client reads HF_ENDPOINT and HF_HOME when it is imported, so code under test runs in a subprocess:

    def test_push(hub, tmp_path):
        subprocess.run([sys.executable, "-m", "ganzoo", "push", ...], env=hub.env(tmp_path / "home"), check=True)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).with_name("local_hub.py")


@dataclass(frozen=True)
class Hub:
    """A running stand-in. `token` belongs to the user `alice`, `other_token` to `bob`."""

    url: str
    token: str = "tok-alice"
    user: str = "alice"
    other_token: str = "tok-bob"

    def env(self, home: Path, token: str | None = None, **more: str) -> dict[str, str]:
        """Return an environment in which the client knows this Hub only, caches below `home`, and owns `token`."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))}
        given = {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "NO_PROXY": "*", "HF_HUB_DISABLE_TELEMETRY": "1"}
        return kept | given | ({"HF_TOKEN": token} if token else {}) | more

    def api(self, method: str, path: str, body: dict[str, Any] | None = None, token: str | None = None) -> Any:
        """Call the server itself, without the client, as `token` (the owner's unless stated); returns its JSON."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def tag(self, repo_id: str, commit: str, name: str) -> None:
        """Name `commit` of `repo_id` with a tag."""
        self.api("POST", f"/api/models/{repo_id}/tag/{commit}", {"tag": name})

    def gate(self, repo_id: str) -> None:
        """Let nobody but the owner download from `repo_id`."""
        self.api("PUT", f"/api/models/{repo_id}/settings", {"gated": "manual"})

    def files(self, repo_id: str, revision: str = "main") -> dict[str, int]:
        """Return the names and sizes (bytes) of what `repo_id` holds."""
        return {entry["path"]: entry["size"] for entry in self.api("GET", f"/api/models/{repo_id}/tree/{revision}")}

    def fail(self, match: str, **fault: Any) -> None:
        """Make the next requests fail whose "METHOD /path" the regular expression finds: see `local_hub.Fault`."""
        self.api("POST", "/_test/faults", {"match": match, **fault})

    def wait_for_faults(self, seconds: float = 10) -> None:
        """Wait until every failure asked for has begun."""
        deadline = time.monotonic() + seconds
        while self.api("GET", "/_test/faults")["left"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {seconds} s no request has met the fault")
            time.sleep(0.02)

    def log(self) -> list[dict[str, Any]]:
        """Return every request so far: method, path, req_headers, status and more."""
        log: list[dict[str, Any]] = self.api("GET", "/_test/log")
        return log


@contextmanager
def serve(xet_dir: Path | None = None) -> Iterator[Hub]:
    """Run the stand-in as a process, with Xet if given `xet_dir`. It ends with the block, or with this process."""
    command = [sys.executable, str(SERVER), "--until-eof"]
    command += [f"--token={name}={user}" for name, user in ((Hub.token, Hub.user), (Hub.other_token, "bob"))]
    command += ["--xet-dir", str(xet_dir)] if xet_dir else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Hub(process.stdout.readline().strip())
        finally:
            process.kill()


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub with Xet and LFS; tests share it, so each takes repository names of its own."""
    with serve(tmp_path_factory.mktemp("xet")) as running:
        yield running
