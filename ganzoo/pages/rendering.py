"""Renders the templates beside this file, with Jinja2. Autoescape is on: what comes from outside is text, not HTML."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def render(template: str, **values: Any) -> Markup:
    """Return a template as HTML.

    Args:
        template: Its file in ``templates/``, as "page.html".
        **values: What it shows. Text is escaped, unless it is `markupsafe.Markup`, as an SVG of ganzoo's own.
    """
    from markupsafe import Markup

    return Markup(_environment().get_template(template).render(values))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("ganzoo.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
