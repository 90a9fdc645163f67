"""A headless Chromium, driven over a pipe: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = os.environ.get("GANZOO_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
TIMEOUT = 120.0  # seconds to wait for something to happen


def wait_for(condition: Callable[[], Any]) -> bool:
    """Return whether something happens before the timeout."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Tab:
    """A page in a browser. ``requests``: URLs that it or its workers requested; ``errors``: errors in the console."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers, self._read, self._last, self._session = commands, answers, b"", 0, ""
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.do("Target.createTarget", url="about:blank", newWindow=True, width=1400, height=1000)["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.do(f"{domain}.enable")
        self._watch_workers(self._session)

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        sent = self._send(self._session, method, **parameters)
        while True:
            answer = self._next()
            if answer.get("id") == sent:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer.get("method"), answer.get("params", {}))

    def value(self, script: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        return self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)["result"].get(
            "value"
        )

    def wait_for(self, script: str) -> None:
        """Wait until the expression is true."""
        assert wait_for(lambda: self.value(script)), f"never: {script}\n{self.value('document.body.innerText')}"

    def choose(self, selector: str, path: Path) -> None:
        """Choose a file in an <input type="file">."""
        field = self.do("Runtime.evaluate", expression=f"document.querySelector({selector!r})")["result"]["objectId"]
        self.do("DOM.setFileInputFiles", files=[str(path)], objectId=field)

    def press(self, text: str) -> None:
        """Click the button with this text."""
        buttons = "[...document.querySelectorAll('button')].filter(one => !one.closest('[aria-hidden=true]'))"
        script = f"{buttons}.find(one => one.innerText == {json.dumps(text)})"
        self.wait_for(f"!!{script} && !{script}.disabled")
        self.value(f"{script}.click()")

    def drag(self, selector: str, *points: tuple[float, float]) -> None:
        """Draw with the mouse over an element; points are shares of its width and height."""
        element = f"document.querySelector({selector!r})"
        self.value(f"{element}.scrollIntoView()")
        box = f"{element}.getBoundingClientRect()"
        left, top, width, height = self.value(f"(({{left, top, width, height}}) => [left, top, width, height])({box})")
        kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 1), "mouseReleased"]
        for kind, (x, y) in zip(kinds, [*points, points[-1]], strict=True):
            place = {"x": left + x * width, "y": top + y * height}
            self.do("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def screenshot(self, path: Path) -> None:
        """Save a screenshot."""
        path.write_bytes(base64.b64decode(self.do("Page.captureScreenshot")["data"]))

    def _send(self, session: str, method: str, **parameters: Any) -> int:
        """Send a command to the page or a worker; return its number."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        os.write(self._commands, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        return self._last

    def _watch_workers(self, session: str) -> None:
        """Hold each worker of a page or worker until its requests are logged."""
        self._send(session, "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            assert select.select([self._answers], [], [], TIMEOUT)[0], "the browser does not answer"
            self._read += os.read(self._answers, 1 << 20)
        message, _, self._read = self._read.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _note(self, event: str | None, about: dict[str, Any]) -> None:
        if event == "Target.attachedToTarget":
            if about["targetInfo"]["type"] != "page":
                for domain in ("Network", "Log", "Runtime"):
                    self._send(about["sessionId"], f"{domain}.enable")
                self._watch_workers(about["sessionId"])
                self._send(about["sessionId"], "Runtime.runIfWaitingForDebugger")
        elif event == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif event == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.errors.append(about["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self.errors.append(str(about["exceptionDetails"]))


@contextmanager
def opened(address: str, folder: Path, flags: Iterable[str] = ()) -> Iterator[Tab]:
    """Open a URL in a new browser, with more ``flags``, that stores its files and downloads in ``folder``."""
    assert CHROMIUM
    (from_us, commands), (answers, to_us) = os.pipe(), os.pipe()

    def wire() -> None:  # the browser reads from 3 and writes to 4
        ends = os.dup(from_us), os.dup(to_us)
        for there, end in zip((3, 4), ends, strict=True):
            os.dup2(end, there)

    arguments = ["--headless=shell", "--no-sandbox", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
    arguments += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # a camera that is allowed
    with (folder / "chromium.log").open("wb") as log:
        browser = subprocess.Popen(
            [CHROMIUM, *arguments, *flags], preexec_fn=wire, close_fds=False, stderr=log, stdout=log
        )
    try:
        tab = Tab(commands, answers)
        tab.do("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        tab.do("Page.navigate", url=address)
        yield tab
        tab.do("Browser.close")  # ends all of its processes
        browser.wait(TIMEOUT)
    finally:
        browser.kill()
        browser.wait()
        for end in (from_us, commands, answers, to_us):
            os.close(end)
