"""The demo's web server. It listens on one address of this machine and contacts no other host."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from html import escape
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ganzoo.demo import live
from ganzoo.demo.actions import MAX_WORK, DemoModel
from ganzoo.demo.examples import fitting
from ganzoo.demo.time_limit import SECONDS
from ganzoo.demo.visitors import Guard, Hosts, Uploads
from ganzoo.errors import MissingPackage, OptionError
from ganzoo.image_io import decoding
from ganzoo.loading.model import Model

MAX_UPLOAD = 50_000_000  # bytes
SHUTDOWN_TIMEOUT = 3.0  # seconds to wait at the end for a request in progress
FONTS = ("system-ui", "sans-serif")  # Gradio would load its default fonts from another host
# Whatever Gradio's scripts do, the browser loads nothing from other hosts and sends nothing to them.
CONTENT_POLICY = (
    b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; form-action 'self'; frame-ancestors 'self'"
)


@contextmanager
def open_listener(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that listens on an address of this machine; port 0 picks a free one.

    Open it before loading a model, so that errors show at once.

    Raises:
        MissingPackage: Gradio is not installed.
        OptionError: the address is not available.
    """
    if find_spec("gradio") is None:
        raise MissingPackage.of("The demo page", "Gradio", "demo")
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise OptionError(
            f"The page cannot listen on '{host}', port {port}: {_reason(error)}. "
            "Use an address of this machine and another port, or port 0 for a free one."
        ) from error
    with listener:
        yield listener


def serve(
    model: Model,
    listener: socket.socket,
    max_upload: int = MAX_UPLOAD,
    max_pixels: int = decoding.MAX_PIXELS,
    on_ready: Callable[[str], None] = print,
    *,
    host: str = "",
    max_work: int = MAX_WORK,
    seconds: float = SECONDS,
    camera: bool = False,
) -> bool:
    """Serve the model's page until Ctrl-C.

    Requests are processed one at a time. Uploads and results are deleted after an hour and when the server stops.

    Args:
        model: the model.
        listener: from `open_listener`; connections wait until the page is ready.
        max_upload: the largest file accepted, in bytes.
        max_pixels: the largest image accepted.
        on_ready: called with the page's address for a browser on this machine.
        host: a name of this machine by which the page may be asked for, besides its address.
        max_work: the most pixels at which an image is processed.
        seconds: the time limit of a request.
        camera: whether the page translates the visitor's camera, instead of images.

    Returns:
        Whether the model is idle; False if a request is still running.
    """
    with tempfile.TemporaryDirectory(prefix="ganzoo-demo-", ignore_cleanup_errors=True) as folder, _isolated(folder):
        demo = DemoModel(model, Path(folder), max_pixels, max_work, seconds, fitting(model.card, Path(folder)))
        address = str(listener.getsockname()[0])
        hosts, uploads = Hosts(address, host if _is_name(host) else ""), Uploads(demo.folder, demo.examples)
        if camera:
            guarded = Guard(live.build(demo), hosts, uploads, [live.FRAME])
        else:
            guarded = Guard(_build_page(demo, max_upload, uploads), hosts, uploads)
        server = _build_server(guarded)
        # The server has a socket of its own: it may still be closing it when the caller closes the listener.
        thread = threading.Thread(target=server.run, args=([listener.dup()],), daemon=True)
        thread.start()
        threading.Thread(target=_open_example, args=(demo,), daemon=True).start()
        with suppress(KeyboardInterrupt):
            on_ready(_address(listener))
            while thread.is_alive():
                thread.join(1)
        server.should_exit = True
        thread.join(SHUTDOWN_TIMEOUT)
        return demo.lock.acquire(timeout=SHUTDOWN_TIMEOUT)


def _open_example(demo: DemoModel) -> None:
    """Translate what the page opens with before someone looks at it. It loads the engine, which takes seconds."""
    with demo.lock:
        demo.open_example()


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{local}]:{port}/" if ":" in local else f"http://{local}:{port}/"


def _is_name(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return bool(host)
    return False


def _reason(error: OSError) -> str:
    number = error.errno or 0  # negative for a host name that cannot be resolved
    return os.strerror(number) if number > 0 else str(error.strerror or error)


@contextmanager
def _isolated(folder: str) -> Iterator[None]:
    """Keep Gradio's files in ``folder``, and keep Gradio from contacting other hosts."""
    settings = {
        "GRADIO_TEMP_DIR": folder,
        "GRADIO_ANALYTICS_ENABLED": "False",  # also turns off the check for a newer version
        "GRADIO_RUN_HISTORY": "False",  # it offers to save results on the Hub
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
    }
    import safehttpx

    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    # Gradio downloads any address that a request names, unless this function rejects it.
    validate, safehttpx.async_validate_url = safehttpx.async_validate_url, _reject
    try:
        yield
    finally:
        safehttpx.async_validate_url = validate
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


async def _reject(host: str) -> str:
    import gradio

    message = f"This page downloads nothing from '{escape(host)}' or any other host. Upload the file instead."
    raise gradio.Error(message, print_exception=False)


def _build_page(demo: DemoModel, max_upload: int, uploads: Uploads) -> Any:
    """Return the page for images and samples as an ASGI application.

    `Blocks.launch` is not used: it requests its own address through a proxy if there is one, and obeys GRADIO_SHARE.
    """
    import fastapi
    import gradio

    from ganzoo.demo import layout

    blocks = layout.build(demo, uploads)
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
    blocks.has_launched = True  # otherwise Gradio reads any file of this machine that a request names
    return app


def _build_server(app: Guard) -> Any:
    """Return a `uvicorn.Server`. A page left open keeps its connection; the timeout closes it."""
    import uvicorn

    return uvicorn.Server(uvicorn.Config(_with_content_policy(app), log_level="critical", timeout_graceful_shutdown=1))


def _with_content_policy(app: Any) -> Any:
    """Wrap an ASGI application so that every response carries `CONTENT_POLICY`."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def send_with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"content-security-policy", CONTENT_POLICY)]
            await send(message)

        await app(scope, receive, send_with_policy)

    return wrapped
