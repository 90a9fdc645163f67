"""The server: on one address of this machine, until Ctrl-C, and with nothing asked of any other host."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ganzoo.demo.actions import Studio
from ganzoo.errors import MissingPackage, OptionError
from ganzoo.image_io import decoding
from ganzoo.loading.model import Model
from ganzoo.weights import readme

MAX_UPLOAD = 50_000_000  # bytes
PATIENCE = 3.0  # seconds that work at hand is given at the end
FONTS = ("system-ui", "sans-serif")  # some of Gradio's are fetched from a host of fonts
# Whatever Gradio's scripts hold, a browser loads nothing from elsewhere and sends nothing there.
POLICY = b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; form-action 'self'; frame-ancestors 'self'"


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that listens on an address of this machine; port 0 takes any that is free.

    Before a model is loaded it raises MissingPackage without Gradio, OptionError where the address cannot be had.
    """
    if find_spec("gradio") is None:
        raise MissingPackage.of("A page", "Gradio", "demo")
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise OptionError(
            f"The page cannot listen on '{host}', port {port}: {_reason(error)}. "
            "Take an address of this machine, and another port, or 0 for any that is free."
        ) from error
    with listener:
        yield listener


def serve(
    model: Model,
    listener: socket.socket,
    max_upload: int = MAX_UPLOAD,
    max_pixels: int = decoding.MAX_PIXELS,
    ready: Callable[[str], None] = print,
) -> bool:
    """Show the model on a page until Ctrl-C; return whether the model is at rest.

    listener     what `listening` gives; its connections wait until the page is there
    max_upload   larger files are refused, in bytes
    max_pixels   larger pictures are refused
    ready        gets the page's address, for a browser on this machine
    Every request waits for the one before. What was uploaded or made is deleted after an hour, and all at the end.
    Raises OptionError for a model that makes clips.
    """
    if model.card.does.output == "clip":
        raise OptionError(
            f"{model.card.name} makes clips, and the page shows pictures only. "
            f"See them by `{readme.command(model.card)}`, or in `ganzoo gallery`."
        )
    with tempfile.TemporaryDirectory(prefix="ganzoo-demo-", ignore_cleanup_errors=True) as folder, _at_home(folder):
        studio = Studio(model, Path(folder), max_pixels)
        server = _server(studio, max_upload)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        with suppress(KeyboardInterrupt):
            ready(_address(listener))
            while thread.is_alive():
                thread.join(1)
        server.should_exit = True
        thread.join(PATIENCE)
        return studio.at_work.acquire(timeout=PATIENCE)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{local}]:{port}/" if ":" in local else f"http://{local}:{port}/"


def _reason(error: OSError) -> str:
    number = error.errno or 0  # below 0 for a name that leads nowhere
    return os.strerror(number) if number > 0 else str(error.strerror or error)


@contextmanager
def _at_home(folder: str) -> Iterator[None]:
    """Keep Gradio's files in ``folder``, and Gradio from asking other hosts for anything."""
    settings = {
        "GRADIO_TEMP_DIR": folder,
        "GRADIO_ANALYTICS_ENABLED": "False",  # also switches the look for a newer version off
        "GRADIO_RUN_HISTORY": "False",  # it offers to keep what was made on the Hub
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
    }
    import safehttpx

    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    # Gradio fetches whatever address a request names, if this finds that it is no address of the local network.
    fetch, safehttpx.async_validate_url = safehttpx.async_validate_url, _refuse
    try:
        yield
    finally:
        safehttpx.async_validate_url = fetch
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


async def _refuse(host: str) -> str:
    import gradio

    message = f"Nothing is fetched from '{escape(host)}': this page works on its own. Upload the file instead."
    raise gradio.Error(message, print_exception=False)


def _server(studio: Studio, max_upload: int) -> Any:
    """Return a `uvicorn.Server`.

    Not `Blocks.launch`: that asks its own address through whatever proxy there is, and obeys GRADIO_SHARE.
    """
    import fastapi
    import gradio
    import uvicorn

    from ganzoo.demo import layout

    blocks = layout.build(studio)
    app = gradio.mount_gradio_app(
        fastapi.FastAPI(openapi_url=None),
        blocks,
        "/",
        theme=gradio.themes.Default(font=FONTS, font_mono=["monospace"]).set(body_text_color_subdued="*neutral_500"),
        css=layout.STYLE,
        footer_links=[],
        show_error=True,
        max_file_size=max_upload,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    blocks.has_launched = True  # else Gradio reads whatever file of this machine a request names
    # A page that is left open keeps a connection; it is cut.
    return uvicorn.Server(uvicorn.Config(_kept_in(app), log_level="critical", timeout_graceful_shutdown=1))


def _kept_in(app: Any) -> Any:
    """Wrap an ASGI application: every answer carries `POLICY`."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"content-security-policy", POLICY)]
            await send(message)

        await app(scope, receive, sent)

    return wrapped
