"""`ganzoo demo --live`: a page that shows what a visitor's camera sees, translated as it comes.

The browser sends the newest frame as soon as it has the last one's translation; frames in between are dropped there.
Where several visitors share the model, a frame that waited while its visitor sent a newer one is dropped here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from ganzoo.cards.card import Card
from ganzoo.demo.actions import DemoModel
from ganzoo.demo.visitors import VISITOR
from ganzoo.errors import GanzooError, OptionError
from ganzoo.exporting.web import site
from ganzoo.image_io.video.temporal_smoothing import TemporalSmoothing
from ganzoo.pages.rendering import render
from ganzoo.weights import readme

FRAME = "/live/frame"
FILES = {
    "page.js": (Path(__file__).with_name("live.js"), "text/javascript"),
    "save.js": (site.SCRIPTS / "save.js", "text/javascript"),
    "style.css": (site.SCRIPTS / "style.css", "text/css"),
}
SIZES = ("auto", "native", "128", "256", "512")
MAX_VISITORS = 8  # whose smoothed frames are kept
MAX_WAITING = 16  # frames; more are refused at once


def check(card: Card) -> None:
    """Raise OptionError for a model that translates no frames."""
    wrong = [name for name in card.does.inputs if name != "label"]
    if card.does.source != "image" or wrong or card.uses_rasters:
        takes = f"takes a {wrong[0]} as well" if wrong else "does not translate photographs"
        raise OptionError(f"{card.name} {takes}, so it cannot run on a camera. Use `ganzoo demo` without --live.")


class LiveFrames:
    """Frames of several visitors, translated one at a time, of each visitor only the newest.

    Args:
        demo: What translates.
    """

    def __init__(self, demo: DemoModel) -> None:
        self.demo = demo
        self.waiting = 0
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._smoothing: dict[str, tuple[float, TemporalSmoothing]] = {}
        self._lock = threading.Lock()

    def translate(self, visitor: str, frame: bytes, size: str, label: str | None, strength: float) -> bytes | None:
        """Translate a frame, once the model is free.

        Args:
            visitor: Whose frame it is.
            frame: An image file.
            size: As for `Model.translate`.
            label: The class, for models that take one.
            strength: Of `TemporalSmoothing`.

        Returns:
            A JPEG file, or None: the visitor sent a newer frame meanwhile.

        Raises:
            GanzooError: The frame or an option is not valid, or too many frames wait.
        """
        number = self._arrive(visitor)
        try:
            with self.demo.lock:
                if self._newest.get(visitor) != number:
                    return None
                return self.demo.translate_frame(frame, size, label, self._smoothing_of(visitor, strength))
        finally:
            with self._lock:
                self.waiting -= 1

    def _arrive(self, visitor: str) -> int:
        """Return the number of a visitor's new frame."""
        with self._lock:
            if self.waiting >= MAX_WAITING:
                raise OptionError("Too many cameras are connected. Try again later.")
            self.waiting += 1
            number = self._newest[visitor] = self._newest.get(visitor, 0) + 1
            self._newest.move_to_end(visitor)
            while len(self._newest) > MAX_VISITORS:
                self._smoothing.pop(self._newest.popitem(last=False)[0], None)
            return number

    def _smoothing_of(self, visitor: str, strength: float) -> TemporalSmoothing:
        """Return what smooths a visitor's frames; it starts anew with another strength."""
        known = self._smoothing.get(visitor)
        if known is None or known[0] != strength:
            known = self._smoothing[visitor] = strength, TemporalSmoothing(strength)
        return known[1]


def build(demo: DemoModel) -> Any:
    """Return the page as an ASGI application. `visitors.Guard` goes around it."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import HTMLResponse, PlainTextResponse, Response
    from starlette.routing import Route

    frames = LiveFrames(demo)

    async def page(request: Any) -> Response:
        return HTMLResponse(_render(demo.model.card))

    async def frame(request: Any) -> Response:
        asked, visitor = request.query_params, request.scope[VISITOR]
        try:
            strength = _strength(asked.get("smoothing", "0"))
            arguments = (await request.body(), asked.get("size", "auto"), asked.get("label"), strength)
            made = await run_in_threadpool(frames.translate, visitor, *arguments)
        except GanzooError as error:
            return PlainTextResponse(str(error), status_code=400)
        return Response(status_code=204) if made is None else Response(made, media_type="image/jpeg")

    return Starlette(
        routes=[
            Route("/", page),
            *(Route(f"/live/{name}", _file(*where)) for name, where in FILES.items()),
            Route(FRAME, frame, methods=["POST"]),
        ]
    )


def _file(path: Path, media_type: str) -> Any:
    """Return what answers with a file."""
    from starlette.responses import FileResponse

    async def answer(request: Any) -> Any:
        return FileResponse(path, media_type=media_type)

    return answer


def _render(card: Card) -> str:
    facts = [(name, value) for name, value in readme.facts(card) if name in site.FACTS]
    return str(render("live.html", card=card, facts=facts, sizes=SIZES))


def _strength(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise OptionError(
            f"A temporal smoothing of '{text[:20]}' is not valid. Give a number from 0 to below 1."
        ) from error
