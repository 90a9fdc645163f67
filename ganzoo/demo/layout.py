"""The page itself: its fields, and what happens when they change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from html import escape
from pathlib import Path
from typing import Any

from ganzoo.cards.card import Card
from ganzoo.contracts.tasks import INPUTS
from ganzoo.demo.actions import MAX_IMAGES, DemoModel
from ganzoo.demo.mask_painter import mask_painter
from ganzoo.demo.visitors import REFUSAL, Uploads
from ganzoo.errors import GanzooError
from ganzoo.pages.rendering import render
from ganzoo.weights import readme

DELETE_CACHE = (600, 3600)  # every ten minutes, files older than an hour are deleted
MAX_WAITING = 64  # requests; more are refused at once
STYLE = """
.gradio-container { max-width: 80rem !important; margin: 0 auto; }
.enlarged img { width: 100% !important; height: 100% !important; object-fit: contain !important; }
.pixels img { image-rendering: pixelated; }
.before-after { display: flex; justify-content: space-between; color: var(--body-text-color-subdued); }
.facts p { margin: 0 0 .6rem; } .facts summary { cursor: pointer; }
.facts table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .85rem; }
.facts th, .facts td { padding: .25rem .75rem .25rem 0 !important; border: 0 !important; font-weight: 400 !important;
  text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.facts th { width: 8rem; color: var(--body-text-color-subdued) !important; }
"""


def build(demo: DemoModel, uploads: Uploads) -> Any:
    """Return the model's page as `gradio.Blocks`. It updates when a field changes; there is no button to press."""
    import gradio

    card = demo.model.card
    with gradio.Blocks(title=f"ganzoo {card.name}", delete_cache=DELETE_CACHE) as blocks:
        gradio.HTML(f"<h1>{escape(card.name)}</h1>")
        if card.uses_rasters and card.does.source == "image" and not card.does.inputs:
            _build_raster_translation(demo, uploads)
        elif card.does.source == "image":
            _build_translation(demo, uploads)
        else:
            _build_generation(demo)
    return blocks.queue(api_open=False, max_size=MAX_WAITING)  # every request goes through the queue


def _build_translation(demo: DemoModel, uploads: Uploads) -> None:
    import gradio

    card = demo.model.card
    with gradio.Row():
        with gradio.Column(scale=1):
            image = _image_field("Image", uploads, 240, ["upload", "clipboard", "webcam"])
            conditioning = _condition_fields(card, uploads)
            images = [image if role == "image" else conditioning[role] for role in demo.roles]
            if "mask" in conditioning:
                mask_painter(image, conditioning["mask"])
            if rows := demo.examples.rows(demo.roles):
                gradio.Examples([list(map(str, row)) for row in rows], images, cache_examples=False)
            size = gradio.Dropdown(
                ["auto", "native", "256", "512", "1024"],
                label="Working size",
                info=_describe_sizes(card),
                allow_custom_value=True,
            )
            _show_card(card)
        with gradio.Column(scale=2):
            comparison = _comparison(card.does.enlarges)
            file = gradio.DownloadButton("Save as PNG", interactive=False)

    def translate(
        path: str | None,
        size: str | None,
        label: str | None,
        mask: str | None,
        style: str | None,
        progress: Any = gradio.Progress(),  # noqa: B008
    ) -> Any:
        inputs: dict[str, Any] = {"label": label, "mask": mask and Path(mask), "style": style and Path(style)}
        if not path or not all(inputs[name] for name in card.does.inputs):  # some input is still missing
            return None, gradio.DownloadButton(value=None, interactive=False)
        before, after, result = demo.translate(Path(path), size or "auto", progress, **inputs)
        return (before, after), gradio.DownloadButton(value=result, interactive=True)

    fields = [image, size, *(conditioning.get(name) or gradio.State(None) for name in INPUTS)]
    changes = [field.change for field in (image, size, *conditioning.values())]
    _connect(demo, changes, "translate", translate, fields, [comparison, file])

    example = gradio.State(None)

    def open_example() -> list[str] | None:
        files = demo.open_example()
        return [str(files[role]) for role in demo.roles] if files else None

    def show_example(files: list[str] | None, *chosen: str | None) -> Any:
        """Fill the fields, unless the visitor has chosen an image in the meantime."""
        found: list[Any] = [gradio.skip()] * len(images) if any(chosen) or not files else list(files)
        return found if len(found) > 1 else found[0]

    opened = _connect(demo, None, "open_example", open_example, [], [example])
    opened.success(show_example, [example, *images], images, api_name=False)


def _comparison(enlarges: bool = False) -> Any:
    """Return a slider between the image before and after, under the words for its sides."""
    import gradio

    gradio.HTML(str(render("demo_sides.html", enlarges=enlarges)))
    return gradio.ImageSlider(
        label="Before and after",
        type="filepath",
        interactive=False,
        show_label=False,
        buttons=["fullscreen"],
        max_height=700,
    )


def _build_raster_translation(demo: DemoModel, uploads: Uploads) -> None:
    """Build the page of a model whose channels have units: files in and out, composites to look at."""
    import gradio

    with gradio.Row():
        with gradio.Column(scale=1):
            image: Any = gradio.File(label="Image: TIFF, .npy or another that ganzoo inspect reads", type="filepath")
            image.preprocess = partial(_uploaded_path, uploads)
            number = gradio.Number(
                1, label="Image of the file", info="Where it has several: pages, slices, points in time.", precision=0
            )
            _show_card(demo.model.card)
        with gradio.Column(scale=2):
            comparison = _comparison()
            notes = gradio.HTML()
            file = gradio.DownloadButton("Save in full depth", interactive=False)

    def translate(path: str | None, number: int | None, progress: Any = gradio.Progress()) -> Any:  # noqa: B008
        if not path:
            return None, "", gradio.DownloadButton(value=None, interactive=False)
        found = demo.translate_raster(Path(path), progress, number or 1)
        text = str(render("demo_notes.html", notes=found.notes))
        return (found.before, found.after), text, gradio.DownloadButton(value=found.file, interactive=True)

    changes = [image.change, number.change]
    _connect(demo, changes, "translate", translate, [image, number], [comparison, notes, file])


def _describe_sizes(card: Card) -> str:
    """Return the hint of the field for the working size."""
    if card.does.enlarges:
        return f"auto, native: the image's own; or the shorter side in pixels. The result is {card.scale}x as large."
    return f"auto: at most {card.image_size} pixels, as in training; native: its own; or the shorter side in pixels."


def _condition_fields(card: Card, uploads: Uploads) -> dict[str, Any]:
    """Return a field for each input that the model takes in addition to an image."""
    return {
        name: _label_field(card, None)
        if name == "label"
        else _image_field(name.capitalize(), uploads, 160, ["upload", "clipboard"])
        for name in card.does.inputs
    }


def _uploaded_path(uploads: Uploads, payload: Any) -> str | None:
    """Return the path of an uploaded image. Gradio would open it with Pillow and rotate, convert or reject it."""
    import gradio

    if not payload:
        return None
    if not uploads.is_inside(str(payload.path)):
        raise gradio.Error(REFUSAL, print_exception=False)
    return str(payload.path)


def _label_field(card: Card, no_class: str | None) -> Any:
    """Return a field for a class; ``no_class`` is the text of the choice without a class, None to leave it out."""
    import gradio

    choices: list[Any] = [(no_class, "")] if no_class else []
    choices += [(name, name) for name in card.classes]
    return gradio.Dropdown(choices, value=choices[0][1], label="Label")


def _image_field(label: str, uploads: Uploads, height: int, sources: list[str]) -> Any:
    import gradio

    field: Any = gradio.Image(label=label, type="filepath", sources=sources, height=height)
    field.preprocess = partial(_uploaded_path, uploads)
    return field


def _build_generation(demo: DemoModel) -> None:
    import gradio

    card = demo.model.card
    with gradio.Row():
        with gradio.Column(scale=1):
            label = [_label_field(card, "all in turn")] if card.classes else []
            _show_card(card)
        with gradio.Column(scale=2):
            clips = card.does.output == "clip"
            with gradio.Tab("Clips" if clips else "Images"):
                with gradio.Row():
                    seed = _seed_field("Seed", 0)
                    count = gradio.Slider(1, MAX_IMAGES, 16, step=1, label="Clips" if clips else "Images")
                sheet = _image_output(demo, 560)
            if not clips:
                _build_walk(demo, label)

    def generate(seed: int | None, count: int, label: str | None = None) -> Path:
        return demo.generate(seed, count, label or None)

    _connect(demo, None, "generate", generate, [seed, count, *label], sheet)


def _build_walk(demo: DemoModel, label: list[Any]) -> None:
    import gradio

    with gradio.Tab("Walk") as tab:
        with gradio.Row():
            first, last = _seed_field("From seed", 0), _seed_field("To seed", 1)
            steps = gradio.Slider(2, MAX_IMAGES, 16, step=1, label="Steps")
        animation, row = _image_output(demo, 420), _image_output(demo, 100)

    def walk(first: int | None, last: int | None, steps: int, label: str | None = None) -> tuple[Path, Path]:
        return demo.walk(first, last, steps, label or None)

    changes = [tab.select, *(field.change for field in (first, last, steps, *label))]
    _connect(demo, changes, "walk", walk, [first, last, steps, *label], [animation, row])


def _connect(demo: DemoModel, triggers: Any, name: str, function: Callable[..., Any], inputs: Any, outputs: Any) -> Any:
    """Run ``function`` on events and return what can follow it; None: when the page loads and a field changes."""
    import gradio

    @wraps(function)  # Gradio inspects its parameters
    def with_errors(*values: Any) -> Any:
        try:
            with demo.lock:
                return function(*values)
        except GanzooError as error:
            raise gradio.Error(escape(str(error), quote=False), duration=30, print_exception=False) from error

    return gradio.on(
        triggers,
        with_errors,
        inputs,
        outputs,
        api_name=name,
        trigger_mode="always_last",
        concurrency_limit=1,
    )


def _seed_field(label: str, value: int) -> Any:
    import gradio

    return gradio.Number(value, label=label, precision=0)


def _image_output(demo: DemoModel, height: int) -> Any:
    """Return a field that shows an image, ``height`` pixels high; small images are enlarged without blur."""
    import gradio

    classes = ["enlarged", *(["pixels"] if demo.model.card.image_size < 128 else [])]
    return gradio.Image(
        type="filepath",
        interactive=False,
        show_label=False,
        buttons=["download", "fullscreen"],
        height=height,
        elem_classes=classes,
    )


def _show_card(card: Card) -> None:
    """Show the model's summary, grade and licenses; a click shows the full card, limits included."""
    import gradio

    facts = readme.facts(card)
    licenses = [f"{name.capitalize()}: {value}." for name, value in facts if name.startswith("license")]
    grade = f"{card.grade.capitalize()}: {card.grade_reason}" if card.grade else ""
    paragraphs = [text for text in (card.summary, grade, " ".join(licenses)) if text]
    gradio.HTML(str(render("demo_card.html", paragraphs=paragraphs, facts=facts)), elem_classes="facts")
