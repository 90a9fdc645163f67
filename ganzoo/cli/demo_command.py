"""`ganzoo demo`: a web page to try a model on."""

from __future__ import annotations

import os
import signal
import sys

import click

from ganzoo.cli import completion, options
from ganzoo.cli.echo import echo
from ganzoo.cli.memory_sizes import Bytes, Pixels
from ganzoo.errors import OptionError


@click.command("demo", short_help="Try a model in the browser.")
@click.argument("ref", shell_complete=completion.model)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0: all interfaces.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port; 0 picks a free one. [default: 0]")
@click.option(
    "--max-upload", type=Bytes(), default=50_000_000, metavar="SIZE", help="Largest file to accept. [default: 50MB]"
)
@click.option("--max-pixels", type=Pixels(), metavar="N", help="Largest image to accept, such as 500M. [default: 179M]")
@click.option(
    "--max-work", type=Pixels(), default=32_000_000, metavar="N", help="Most pixels to process at once. [default: 32M]"
)
@click.option(
    "--time-limit",
    type=click.FloatRange(1, 86400),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest time for a request.",
)
@click.option("--live", is_flag=True, help="Translate a camera as it comes, in place of single images.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser; print the address only.")
@options.runtime
def command(
    ref: str,
    host: str,
    port: int,
    max_upload: int,
    max_pixels: int | None,
    max_work: int,
    time_limit: float,
    live: bool,
    no_browser: bool,
    device: str,
    dtype: str | None,
    engine: str,
    token: str | None,
) -> None:
    """Serve a page for the model REF on this machine until you press Ctrl-C.

    A translation model shows an image before and after: one of yours, or of a camera. Masks can be drawn. A generator
    shows sheets of samples or clips, and walks from one seed to another. With --live the page shows what your camera
    sees, translated as it comes: late frames are dropped, the latency is shown. The page contacts no other host and is
    not shared.
    """
    import webbrowser

    from ganzoo.demo import live as camera_page
    from ganzoo.demo import serving
    from ganzoo.image_io import decoding
    from ganzoo.loading import load

    def open_browser(address: str) -> None:
        echo(f"{ref}: {address} (press Ctrl-C to stop)")
        if not no_browser and _has_display():
            webbrowser.open(address)

    with serving.open_listener(host, port) as listener:
        model = load.load(ref, device, dtype, engine, token=token, log=lambda text: echo(text, err=True))
        does = model.card.does
        if live:
            camera_page.check(model.card)
        if model.card.uses_rasters and (does.source != "image" or does.inputs):
            command = "translate" if does.source == "image" else "generate"
            raise OptionError(
                f"The demo shows photographs, and translations of images in units that take an image alone; {ref} is "
                f"neither. Use ganzoo {command} {ref} -o out.tif."
            )
        model.engine  # noqa: B018 - errors in it show here, not on the page
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # service managers send this
        idle = serving.serve(
            model,
            listener,
            max_upload,
            max_pixels or decoding.MAX_PIXELS,
            open_browser,
            host=host,
            max_work=max_work,
            seconds=time_limit,
            camera=live,
        )
    if not idle:  # libraries crash when Python exits while they are computing
        os._exit(0)


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
