"""The page itself: its fields, and what they set off."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any

from ganzoo.cards.card import Card
from ganzoo.contracts.tasks import INPUTS
from ganzoo.demo.actions import MOST, Studio
from ganzoo.errors import GanzooError
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.reports import html
from ganzoo.weights import readme

KEPT = (600, 3600)  # every ten minutes, what is an hour old is deleted
STYLE = """
.gradio-container { max-width: 80rem !important; margin: 0 auto; }
.enlarged img { width: 100% !important; height: 100% !important; object-fit: contain !important; }
.pixels img { image-rendering: pixelated; }
.facts p { margin: 0 0 .6rem; } .facts summary { cursor: pointer; }
.facts table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .85rem; }
.facts th, .facts td { padding: .25rem .75rem .25rem 0 !important; border: 0 !important; font-weight: 400 !important;
  text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.facts th { width: 8rem; color: var(--body-text-color-subdued) !important; }
"""


def build(studio: Studio) -> Any:
    """Return the page of the studio's model as `gradio.Blocks`. It follows its fields; there is no button to press."""
    import gradio

    card = studio.model.card
    with gradio.Blocks(title=f"ganzoo {card.name}", delete_cache=KEPT) as blocks:
        gradio.HTML(f"<h1>{escape(card.name)}</h1>")
        (_translation if card.does.source == "image" else _generation)(studio)
    return blocks.queue(api_open=False)  # nothing goes past the queue


def _translation(studio: Studio) -> None:
    import gradio

    card = studio.model.card
    with gradio.Row():
        with gradio.Column(scale=1):
            picture: Any = gradio.Image(label="Picture", type="filepath", sources=["upload", "clipboard"], height=240)
            # Gradio would open it with Pillow, and turn, convert or refuse it; decoding is ours.
            picture.preprocess = lambda payload: payload and payload.path
            gradio.Examples([str(path) for path in sorted(PHOTOGRAPHS.glob("*.jpg"))], picture, cache_examples=False)
            conditioning = _beside(card)
            size = gradio.Dropdown(
                ["auto", "native", "256", "512", "1024"],
                label="Work at",
                info=_sizes(card),
                allow_custom_value=True,
            )
            _facts(card)
        with gradio.Column(scale=2):
            compared = gradio.ImageSlider(
                label="Before and after",
                type="filepath",
                interactive=False,
                show_label=False,
                buttons=["fullscreen"],
                max_height=700,
            )
            file = gradio.DownloadButton("Save as PNG", interactive=False)

    def translate(
        path: str | None,
        size: str | None,
        label: str | None,
        mask: str | None,
        style: str | None,
        progress: Any = gradio.Progress(),  # noqa: B008
    ) -> Any:
        given: dict[str, Any] = {"label": label, "mask": mask and Path(mask), "style": style and Path(style)}
        if not path or not all(given[name] for name in card.does.inputs):  # something is still to come
            return None, gradio.DownloadButton(value=None, interactive=False)
        before, after, whole = studio.translate(Path(path), size or "auto", progress, **given)
        return (before, after), gradio.DownloadButton(value=whole, interactive=True)

    fields = [picture, size, *(conditioning.get(name) or gradio.State(None) for name in INPUTS)]
    changes = [one.change for one in (picture, size, *conditioning.values())]
    _on(studio, changes, "translate", translate, fields, [compared, file])


def _sizes(card: Card) -> str:
    """Return what the field for the working size says."""
    if card.does.enlarges:
        return (
            "auto and native (the picture's own size), or the shorter side in pixels. "
            f"The result is {card.scale} times as high and wide as the picture."
        )
    return (
        f"auto (at most {card.image_size} pixels, as in training), native (the picture's own size), "
        "or the shorter side in pixels. The result has the picture's size."
    )


def _beside(card: Card) -> dict[str, Any]:
    """Return a field for each thing that the model takes beside a picture."""
    return {name: _label(card, None) if name == "label" else _upload(name) for name in card.does.inputs}


def _label(card: Card, all_in_turn: str | None) -> Any:
    """Return a field for a class, with ``all_in_turn`` as the name of none, if there is to be one."""
    import gradio

    choices: list[Any] = [(all_in_turn, "")] if all_in_turn else []
    choices += [(name, name) for name in card.classes]
    return gradio.Dropdown(choices, value=choices[0][1], label="Label")


def _upload(name: str) -> Any:
    import gradio

    field: Any = gradio.Image(
        label=f"{name.capitalize()}: {INPUTS[name]}", type="filepath", sources=["upload", "clipboard"], height=160
    )
    field.preprocess = lambda payload: payload and payload.path  # decoding is ours
    if name == "style":
        gradio.Examples([str(path) for path in sorted(PHOTOGRAPHS.glob("*.jpg"))], field, cache_examples=False)
    return field


def _generation(studio: Studio) -> None:
    import gradio

    card = studio.model.card
    with gradio.Row():
        with gradio.Column(scale=1):
            label = [_label(card, "all in turn")] if card.classes else []
            _facts(card)
        with gradio.Column(scale=2):
            with gradio.Tab("Pictures"):
                with gradio.Row():
                    seed, count = _seed("Seed", 0), gradio.Slider(1, MOST, 16, step=1, label="Pictures")
                sheet = _shown(studio, 560)
            with gradio.Tab("Walk") as tab:
                with gradio.Row():
                    first, last = _seed("From seed", 0), _seed("To seed", 1)
                    steps = gradio.Slider(2, MOST, 16, step=1, label="Steps")
                animation, row = _shown(studio, 420), _shown(studio, 100)

    def generate(seed: int | None, count: int, label: str | None = None) -> Path:
        return studio.generate(seed, count, label or None)

    def walk(first: int | None, last: int | None, steps: int, label: str | None = None) -> tuple[Path, Path]:
        return studio.walk(first, last, steps, label or None)

    _on(studio, None, "generate", generate, [seed, count, *label], sheet)
    walked = [tab.select, *(one.change for one in (first, last, steps, *label))]
    _on(studio, walked, "walk", walk, [first, last, steps, *label], [animation, row])


def _on(studio: Studio, triggers: Any, name: str, function: Callable[..., Any], inputs: Any, outputs: Any) -> None:
    """Run ``function`` when something happens; None: when a field changes, and at first."""
    import gradio

    @wraps(function)  # Gradio looks at its parameters
    def with_errors(*given: Any) -> Any:
        try:
            with studio.at_work:
                return function(*given)
        except GanzooError as error:
            raise gradio.Error(escape(str(error), quote=False), duration=30, print_exception=False) from error

    gradio.on(
        triggers,
        with_errors,
        inputs,
        outputs,
        api_name=name,
        trigger_mode="always_last",
        concurrency_limit=1,
    )


def _seed(label: str, value: int) -> Any:
    import gradio

    return gradio.Number(value, label=label, precision=0)


def _shown(studio: Studio, height: int) -> Any:
    """Return a place for a picture, ``height`` pixels high; small ones are enlarged, without blur."""
    import gradio

    kind = ["enlarged", *(["pixels"] if studio.model.card.image_size < 128 else [])]
    return gradio.Image(
        type="filepath",
        interactive=False,
        show_label=False,
        buttons=["download", "fullscreen"],
        height=height,
        elem_classes=kind,
    )


def _facts(card: Card) -> None:
    """Show what is known of the model: what it makes and may be used for, its limits, and on a click the rest."""
    import gradio

    facts = readme.facts(card)
    licenses = [f"{name.capitalize()}: {value}." for name, value in facts if name.startswith("license")]
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in (card.summary, " ".join(licenses), card.limits) if text)
    rest = f"<details><summary>All that is known of it</summary>{html.pairs(dict(facts))}</details>"
    gradio.HTML(paragraphs + rest, elem_classes="facts")
