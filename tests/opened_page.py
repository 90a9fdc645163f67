"""An HTML report as a browser would parse it, for the tests of reports."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "progress", "link", "input"}  # elements without a closing tag


class Page(HTMLParser):
    """The parsed page; raises on tags that do not match."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def headings(self) -> list[str]:
        return re.findall(r"<h2>(.*?)</h2>", self.source)

    @property
    def images(self) -> list[bytes]:
        sources = [values["src"] for tag, values in self.tags if tag == "img"]
        return [base64.b64decode(source.partition("base64,")[2]) for source in sources]

    def needs_nothing_else(self) -> bool:
        """Return whether it contains no scripts, other files or URLs."""
        foreign = {tag for tag, _ in self.tags} & {"script", "link", "iframe", "object", "embed", "base", "form"}
        sources = [values["src"] for _, values in self.tags if "src" in values]
        calls = [name for _, values in self.tags for name in values if name.startswith("on") or name == "srcset"]
        words = [word for word in ("http:", "https:", "url(", "@import") if word in self.source]
        return not foreign and not calls and not words and all(one.startswith("data:image/") for one in sources)
