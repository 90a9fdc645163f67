"""A field on which a visitor draws the mask over the image. Gradio's own editor would open a door without limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo.pages.rendering import render

SCRIPT = (Path(__file__).parent / "mask_painter.js").read_text(encoding="utf-8")
STYLE = """
canvas { width: 100%; cursor: crosshair; touch-action: none; display: block; }
div { display: flex; gap: 1rem; align-items: center; justify-content: space-between; margin-top: .25rem; }
button { border: 1px solid var(--border-color-primary); border-radius: 4px; padding: 0 .75rem; }
"""


def mask_painter(image: Any, mask: Any) -> Any:
    """Return a `gradio.HTML` that shows what the field ``image`` holds, and gives ``mask`` what is drawn on it."""
    import gradio

    field: Any = gradio.HTML(
        "",
        label="Draw the mask",
        show_label=True,
        container=True,
        html_template=str(render("demo_mask_painter.html")),
        css_template=STYLE,
        js_on_load=SCRIPT,
        elem_classes="painter",
    )
    image.change(None, image, field, js="(image) => image ? image.url : ''", api_visibility="private")
    # A mask belongs to its image: another image is without one, until it is drawn.
    gradio.on([image.upload, image.clear], None, None, mask, js="() => null", api_visibility="private")
    field.input(None, None, mask, js="() => window.ganzooMask", api_visibility="private")
    return field
