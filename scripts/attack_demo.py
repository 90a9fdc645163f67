"""Attack a running `ganzoo demo` with raw requests, written by hand and mutated, and watch what it does.

    python scripts/attack_demo.py               every request written by hand, and 200 mutated ones
    python scripts/attack_demo.py --count 1000

An image of one color lies outside what the visitor uploaded. No answer may hold that color or the file's bytes, or
take longer than 30 s; no error may come from ganzoo's own code; no other host may be asked; and the page must serve an
honest visitor afterwards. The exit code is 1 if anything of this fails.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "plugins"), str(ROOT / "tests")]
os.environ["PYTHONPATH"] = os.pathsep.join([*sys.path[:3], os.environ.get("PYTHONPATH", "")])

import httpx  # noqa: E402
from fuzz.mutation import mutate  # noqa: E402
from PIL import Image  # noqa: E402
from served import Server, served  # noqa: E402
from tiny_models import translator  # noqa: E402

SECRET = (13, 201, 77)  # the color of the image that no answer may show
OURS = f"{os.sep}ganzoo{os.sep}"  # in a trace: an error of ganzoo's own
PATIENCE = 30.0  # seconds
FILE = {"_type": "gradio.FileData"}


def targets(secret: Path, inside: Path) -> list[str]:
    """Return paths that are no upload of the visitor."""
    pipe, link = secret.with_name("pipe.png"), secret.with_name("link.png")
    os.mkfifo(pipe)
    link.symlink_to(secret)
    return [
        *map(str, (secret, link, pipe, inside)),
        *(f"{inside}/../../{secret}", f"file://{secret}", f"{secret}\0.png", f"/proc/self/root{secret}", f"//{secret}"),
        *("/dev/zero", "/nowhere/x.png", "", "~", "http://127.0.0.1:1/x.png", "pipe:id", "x" * 5000),
    ]


def by_hand(secret: Path, inside: Path) -> Iterator[bytes]:
    for target in targets(secret, inside):
        for extra in ({}, {"meta": FILE}, {"url": target, "is_stream": True}):
            yield json.dumps({"data": [{"path": target, **extra}, "auto"]}).encode()
    nested: dict[str, Any] = {"path": str(secret), "meta": FILE}
    yield from (json.dumps({"data": [value, "auto"]}).encode() for value in ([nested], {"x": nested}, [[[nested]]]))
    yield from (b"", b"{", b"[" * 5000, b'{"data": 4}', b'{"data": []}', b"\xff\xfe", b'{"data": [null, "auto"]}')
    yield b'{"data": [{"path": {"path": "' + str(secret).encode() + b'"}}, "auto"], "session_hash": "a", "fn_index": 0}'
    yield b'{"data": [null, "' + b"9" * 400 + b'"]}'


def ask(address: str, body: bytes, how: str) -> tuple[str, bytes]:
    """Send a request; return what became of it and all that was answered, files that it names included."""
    headers = {"content-type": "application/json"}
    with httpx.Client(timeout=PATIENCE) as client:
        if how == "queue":
            sent = client.post(f"{address}gradio_api/queue/join", content=body, headers=headers)
            return f"queue {sent.status_code}", sent.content
        url = f"{address}gradio_api/call/translate"
        sent = client.post(url, content=body, headers=headers)
        if sent.status_code != 200:
            return f"refused {sent.status_code}", sent.content
        text = client.get(f"{url}/{sent.json()['event_id']}").text
        found = text.encode()
        for part in text.split('"url": "')[1:]:
            found += client.get(part.split('"')[0]).content
        return text.splitlines()[0].removeprefix("event: "), found


def shows(content: bytes, secret: bytes) -> bool:
    """Tell whether an answer holds the secret file, or an image of its color."""
    if secret[30:80] in content:
        return True
    for mark in (b"\x89PNG", b"RIFF", b"\xff\xd8\xff"):
        at = content.find(mark)
        if at >= 0:
            try:
                pixel: Any = Image.open(io.BytesIO(content[at:])).convert("RGB").resize((1, 1)).getpixel((0, 0))
            except (OSError, ValueError):
                continue
            return all(abs(one - other) < 4 for one, other in zip(pixel, SECRET, strict=True))
    return False


def attack(server: Server, secret: Path, count: int) -> tuple[Counter[str], list[str]]:
    """Return how many requests ended how, and what must not be."""
    inside = next(path for path in server.folder.rglob("*") if path.is_dir())
    seeds = list(by_hand(secret, inside))
    bodies = [*seeds, *(mutate(seeds, number) for number in range(count))]
    ended, failures, content = Counter[str](), list[str](), secret.read_bytes()
    for number, body in enumerate(bodies):
        try:
            outcome, answer = ask(server.address, body, "queue" if number % 4 == 3 else "call")
        except httpx.TimeoutException:
            outcome, answer = "no answer", b""
            failures.append(f"no answer within {PATIENCE:.0f} s: {body[:200]!r}")
        ended[outcome] += 1
        if shows(answer, content):
            failures.append(f"shows the secret image: {body[:200]!r}")
    for wanted in (f"gradio_api/file={secret}", "gradio_api/file=/proc/self/environ", f"file={secret}"):
        answer = httpx.get(f"{server.address}{wanted}")
        ended[f"file {answer.status_code}"] += 1
        if answer.status_code == 200 and "text/html" not in answer.headers.get("content-type", ""):
            failures.append(f"serves {wanted}")
    return ended, failures


def serve_honest(server: Server, photo: bytes) -> str:
    """Return what a visitor who uploads an image and translates it is told; "event: complete" where all is well."""
    with httpx.Client(timeout=PATIENCE) as client:
        client.get(server.address)  # which gives it a cookie
        (path,) = client.post(f"{server.address}gradio_api/upload", files={"files": ("photo.png", photo)}).json()
        body = json.dumps({"data": [{"path": path, "meta": FILE}, "auto"]}).encode()
        url = f"{server.address}gradio_api/call/translate"
        event = client.post(url, content=body, headers={"content-type": "application/json"}).json()["event_id"]
        return client.get(f"{url}/{event}").text


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/attack_demo.py")
    parser.add_argument("--count", type=int, default=200, help="mutated requests")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        translator().save(folder / "model")
        (folder / "private").mkdir()
        secret = folder / "private" / "secret.png"
        Image.new("RGB", (64, 48), SECRET).save(secret)
        photo = io.BytesIO()
        Image.new("RGB", (32, 32), (200, 30, 40)).save(photo, "PNG")
        with served(folder / "demo", f"dir:{folder / 'model'}", slowness=0.0) as server:
            ended, failures = attack(server, secret, arguments.count)
            if "event: complete" not in (told := serve_honest(server, photo.getvalue())):
                failures.append(f"an honest visitor is not served any more: {told[:500]}")
            failures += [f"contacted: {line}" for line in server.notes.read_text().splitlines()]
            traces = server.stderr().split("Traceback (most recent call last):")[1:]
            failures += [f"stderr: {trace[-2000:]}" for trace in traces if OURS in trace]
    listed = ", ".join(f"{outcome} {number}" for outcome, number in sorted(ended.items()))
    print(f"{sum(ended.values())} requests: {listed}; {len(traces)} traces on stderr; failures {len(failures)}")
    print("\n".join(failures))
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
