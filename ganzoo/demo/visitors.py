"""Who may open what on the page: every request passes `Guard` before Gradio sees it.

Gradio checks only the paths of files that say that they are files (``meta``), and accepts any host name. A web page of
another origin could thus make a visitor's browser send requests, and read any image on this machine.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ganzoo.demo.examples import Examples
from ganzoo.files.regular import require_regular

REFUSAL = "This page opens only images that you uploaded to it. Upload the image again."
COOKIE = "ganzoo_visitor"
VISITOR = "ganzoo.visitor"  # under which an application finds the visitor in the scope of a request for bytes
MAX_BODY = 1_000_000  # bytes of a request that is not an upload
MAX_UPLOADS = 10_000  # files that are remembered; they are deleted after an hour anyway
# Parts of Gradio that the page does not use: they open other addresses, edit the page's code, or keep records.
_UNUSED = (
    "proxy=",
    "component_server",
    "process_recording",
    "vibe-",
    "undo-vibe-",
    "run-history",
    "stream/",
    "profiling",
)


class Uploads:
    """The files that visitors uploaded, and the example images.

    A visitor is a browser (a cookie) at an address. Programs without cookies at one address count as one visitor.
    """

    def __init__(self, folder: Path, examples: Examples) -> None:
        self.folder = folder.resolve()
        self._examples = examples
        self._owners: OrderedDict[str, set[str]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, path: str, visitor: str) -> None:
        """Remember that a visitor uploaded a file."""
        with self._lock:
            self._owners.setdefault(path, set()).add(visitor)
            self._owners.move_to_end(path)
            while len(self._owners) > MAX_UPLOADS:
                self._owners.popitem(last=False)

    def may_open(self, path: object, visitor: str) -> bool:
        """Tell whether a visitor may open a path."""
        if not isinstance(path, str) or not self.is_inside(path):
            return False
        with self._lock:
            mine = visitor in self._owners.get(path, ())
        return mine or self._examples.is_example(Path(path))

    def is_inside(self, path: str) -> bool:
        """Tell whether a path names a regular file in the page's own folder."""
        try:
            require_regular(path)
            return Path(path).resolve().is_relative_to(self.folder)
        except (OSError, ValueError):
            return False

    def replace_refused(self, value: Any, visitor: str) -> Any:
        """Return parsed JSON in which each file that the visitor may not open is replaced by one without a path.

        An address of another host stays: the page refuses to download it.
        """
        if isinstance(value, list):
            return [self.replace_refused(item, visitor) for item in value]
        if not isinstance(value, dict):
            return value
        path = value.get("path")
        is_remote = isinstance(path, str) and path.startswith(("http://", "https://")) and "meta" in value
        if path is not None and not is_remote and not self.may_open(path, visitor):
            return {"path": ""}
        return {name: self.replace_refused(item, visitor) for name, item in value.items()}


class Hosts:
    """The host names by which the page may be asked for.

    A page on a loopback or other single address answers to that address, and to "localhost" on loopback. A page on all
    interfaces answers to any address, but not to other names: such a name may be made to lead here by whoever owns it.
    The port may differ, as it does through an SSH tunnel.
    """

    def __init__(self, address: str, name: str = "") -> None:
        """``address``: that the server is bound to; ``name``: what the user called it."""
        self.bound = ip_address(address.partition("%")[0])
        self.names = {name.lower().rstrip(".")} if name else set()
        if self.bound.is_loopback or self.bound.is_unspecified:
            self.names.add("localhost")

    def accepts(self, host: str | None, origin: str | None) -> bool:
        """Tell whether a request with these headers comes from the page itself or was typed by a user."""
        if not host or not self._is_own(host):
            return False
        return origin is None or origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")

    def _is_own(self, host: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name = (parts.hostname or "").rstrip(".")
            _ = parts.port
        except ValueError:
            return False
        if not name or parts.username is not None or parts.path or parts.query or parts.fragment:
            return False
        try:
            address = ip_address(name)
        except ValueError:
            return name in self.names
        return address == self.bound or self.bound.is_unspecified


class Guard:
    """An ASGI application around another one that refuses foreign hosts, origins and files.

    Args:
        app: The other one.
        hosts: The names that it answers to.
        uploads: What its visitors may open.
        takes_bytes: The paths whose requests have another body than JSON. Only visitors with a cookie may send them.
    """

    def __init__(self, app: Any, hosts: Hosts, uploads: Uploads, takes_bytes: Collection[str] = ()) -> None:
        self.app, self.hosts, self.uploads, self.takes_bytes = app, hosts, uploads, takes_bytes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = _headers(scope)
        if not self.hosts.accepts(headers.get("host"), headers.get("origin")):
            await _answer(send, 403, "This page answers only at its own address.")
            return
        await self._guarded(scope, receive, send, headers)

    async def _guarded(self, scope: Any, receive: Any, send: Any, headers: dict[str, str]) -> None:
        path = scope["path"].removeprefix("/gradio_api/")
        if path.startswith(_UNUSED) or path.startswith("/monitoring"):
            await _answer(send, 404, "There is no such page.")
            return
        cookie = _cookie(headers.get("cookie", ""))
        visitor = f"{(scope.get('client') or ('',))[0]} {cookie}"
        if not cookie:
            send = _with_cookie(send)
        if path.startswith(("file=", "file/")):
            send = _with_one_refusal(send)
        elif scope["method"] == "POST" and path.rstrip("/") == "upload":
            send = self._recording(send, visitor)
        elif scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            body = await _read(receive)
            if body is None:
                await _answer(send, 413, "The request is too large.")
                return
            if scope["path"] in self.takes_bytes:
                if not cookie:
                    await _answer(send, 403, "Open the page first.")
                    return
                scope = {**scope, VISITOR: visitor}
            else:
                try:
                    body = self._clean(body, visitor)
                except (ValueError, RecursionError):
                    await _answer(send, 400, "The request is not JSON.")
                    return
            scope, receive = _replayed(scope, receive, body)
        await self.app(scope, receive, send)

    def _clean(self, body: bytes, visitor: str) -> bytes:
        return json.dumps(self.uploads.replace_refused(json.loads(body), visitor)).encode() if body else b""

    def _recording(self, send: Any, visitor: str) -> Any:
        """Return ``send`` that remembers the paths in the answer to an upload."""
        state: dict[str, Any] = {"status": 0, "body": b""}

        async def recording(message: Any) -> None:
            if message["type"] == "http.response.start":
                state["status"] = message["status"]
            elif message["type"] == "http.response.body" and state["status"] == 200:
                state["body"] += message.get("body", b"")
                if not message.get("more_body", False):
                    for path in json.loads(state["body"]):
                        self.uploads.add(path, visitor)
            await send(message)

        return recording


def _headers(scope: Any) -> dict[str, str]:
    """Return the headers; of a repeated one all values, so that a second Host or Origin fits nothing."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}; {text}" if key in found else text
    return found


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _with_cookie(send: Any) -> Any:
    """Return ``send`` that gives a new visitor a cookie."""
    value = f"{COOKIE}={secrets.token_urlsafe(24)}; Path=/; HttpOnly; SameSite=Strict"

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"set-cookie", value.encode())]
        await send(message)

    return sending


def _with_one_refusal(send: Any) -> Any:
    """Return ``send`` that answers all that is refused in the same words, whether the path exists or not."""
    refused = False

    async def sending(message: Any) -> None:
        nonlocal refused
        if message["type"] == "http.response.start" and message["status"] >= 400:
            refused = True
            await _answer(send, 403, REFUSAL)
        elif not refused:
            await send(message)

    return sending


async def _answer(send: Any, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


async def _read(receive: Any) -> bytes | None:
    """Return the body of a request, or None where it is too large or the visitor went away."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY or message["type"] == "http.disconnect":
            return None
    return body


def _replayed(scope: Any, receive: Any, body: bytes) -> tuple[Any, Any]:
    """Return a request's scope and ``receive`` with another body."""
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if name.lower() not in (b"content-length", b"transfer-encoding")
    ]
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replaying() -> Any:
        return messages.pop() if messages else await receive()

    return {**scope, "headers": [*kept, (b"content-length", str(len(body)).encode())]}, replaying
