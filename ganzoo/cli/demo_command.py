"""`ganzoo demo`: a page to try a model on."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from ganzoo.cli import options
from ganzoo.cli.memory_sizes import Bytes, Pixels
from ganzoo.errors import OptionError

if TYPE_CHECKING:
    from ganzoo.loading.model import Model


@click.command("demo", short_help="Try a model on a page in the browser.")
@click.argument("ref")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0: whole network.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="0: any that is free. [0]")
@click.option("--max-upload", type=Bytes(), default=50_000_000, metavar="SIZE", help="Refuse larger files. [50MB]")
@click.option("--max-pixels", type=Pixels(), metavar="N", help="Refuse larger pictures; as 500M. [179M]")
@click.option("--no-browser", is_flag=True, help="Print the address only. [a browser opens where there is a display]")
@options.runtime
def command(
    ref: str,
    host: str,
    port: int,
    max_upload: int,
    max_pixels: int | None,
    no_browser: bool,
    device: str,
    dtype: str | None,
    engine: str,
    token: str | None,
) -> None:
    """Show the model REF on a page of this machine, until Ctrl-C.

    A model that translates takes a picture and compares before and after; one that generates draws sheets, and walks
    from one seed to another. The page asks nothing of any other host, and is not shared.
    """
    import webbrowser

    from ganzoo.demo import serving
    from ganzoo.image_io import decoding
    from ganzoo.loading import load

    def ready(address: str) -> None:
        click.echo(f"{ref}: {address} (Ctrl-C ends it)")
        if not no_browser and _has_display():
            webbrowser.open(address)

    with serving.listening(host, port) as listener:
        model = load.load(ref, device, dtype, engine, token=token, log=lambda text: click.echo(text, err=True))
        _check_makes_images(model)
        model.engine  # noqa: B018 - what is wrong with it shows here, not on the page
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service is ended like this
        at_rest = serving.serve(model, listener, max_upload, max_pixels or decoding.MAX_PIXELS, ready)
    if not at_rest:  # libraries crash when Python ends while they are at work
        os._exit(0)


def _check_makes_images(model: Model) -> None:
    """Raise OptionError for a model that makes clips, which the page cannot show."""
    if model.card.does.makes == "clip":
        name = model.card.name
        raise OptionError(f"The page shows pictures, and {name} makes clips: ganzoo generate {name} -o clips.gif")


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
