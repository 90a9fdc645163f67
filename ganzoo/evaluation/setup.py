"""A request -> an `EvalContext`: images opened and models loaded, checked to fit one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from ganzoo import catalog
from ganzoo.catalog.compatibility import install_hint
from ganzoo.errors import DataError, OptionError, UnknownName
from ganzoo.evaluation.metrics import registry
from ganzoo.evaluation.request import EvalRequest
from ganzoo.evaluation.samples.clips import open_clips
from ganzoo.evaluation.samples.config import EvalConfig
from ganzoo.evaluation.samples.context import EvalContext, Models, Sides
from ganzoo.evaluation.samples.degraded_images import build_inpainting, build_super_resolution
from ganzoo.evaluation.samples.image_sets import StoredImages, generated_images, translated_images
from ganzoo.evaluation.samples.image_sources import open_domains, open_images, open_pairs, open_sides
from ganzoo.evaluation.samples.reading import Reading
from ganzoo.inference import conditions, devices
from ganzoo.loading import load
from ganzoo.loading.model import Model

FOLDER = "images:"  # the prefix of a reference to a folder of images
MAX_GENERATED = 50_000  # images to generate at most, unless the user gives a number


def open_folder(ref: str, request: EvalRequest, config: EvalConfig, device: str) -> EvalContext:
    """Return the context of a folder of images: of pairs with ``data`` if a metric needs truths."""
    path = ref.removeprefix(FOLDER)
    if not path:
        raise OptionError(f"'{ref}' names no folder. Write images:PATH, as images:outputs/.")
    chosen_device = devices.choose(device)
    _refuse_label(request, ref)
    if request.kind == "paired" or any("truths" in registry.find(name).needs for name in request.metrics):
        kind, sides = "paired", _open_folder_of_pairs(path, ref, request)
    else:
        kind, sides = "images", _open_folder_of_images(path, request)
    # The evaluated images have no hash: those of another model are other files, and their scores compare.
    sides.evaluated.sample = replace(sides.evaluated.sample, sha256="")
    return EvalContext(ref, kind, sides, config, chosen_device)


def open_model(model: Model, name: str, request: EvalRequest, config: EvalConfig) -> EvalContext:
    """Return the context of a model."""
    kind = request.kind or _find_kind(model)
    _check_kind(model, name, kind)
    if kind != "labeled":
        _refuse_label(request, name)
    request = replace(request, reading=_adapt_reading(model, kind, request))
    sides = _OPENERS[kind](model, name, request, config)
    sides.train = _open_train(request)
    models = Models(
        model,
        model.discriminator(),
        load.load(request.back, str(model.device), engine="torch") if request.back else None,
        conditions.number(model.card, request.label) if kind == "labeled" else None,
    )
    return EvalContext(name, "paired" if kind == "restored" else kind, sides, config, model.device, models)


# ---- sides of a folder -----------------------------------------------------------------------------------------------


def _open_folder_of_pairs(path: str, ref: str, request: EvalRequest) -> Sides:
    _require_data(request, ref)
    evaluated, truths = open_pairs([path, *request.data], request.reading)
    return Sides(evaluated, real=truths, truths=truths)


def _open_folder_of_images(path: str, request: EvalRequest) -> Sides:
    evaluated, real = open_images([path], replace(request.reading, validation=0.0)), _open_real(request)
    if real:
        _require_same_size(evaluated, real)
    return Sides(evaluated, real, train=_open_train(request))


# ---- sides of a model ------------------------------------------------------------------------------------------------


def _open_generator(model: Model, name: str, request: EvalRequest, config: EvalConfig) -> Sides:
    real = _open_real(request)
    number = request.number or min(len(real) if real else 0, MAX_GENERATED)
    if not number:
        raise OptionError(f"How many images should {name} generate? Give --number, or real images with --data.")
    evaluated = generated_images(model, number, config.seed)
    height, width = model.card.sides
    if (request.reading.size, request.reading.width or request.reading.size) != (height, width):
        own = f"{height}" if height == width else f"{width}x{height}"
        raise OptionError(f"{name} generates images of {own} pixels: size={request.reading.size} is not possible.")
    return Sides(evaluated, real)


def _open_paired(model: Model, name: str, request: EvalRequest, config: EvalConfig) -> Sides:
    _require_data(request, name)
    inputs, truths = open_pairs(request.data, request.reading)
    return Sides(translated_images(model, inputs), truths, truths, inputs)


def _open_unpaired(model: Model, name: str, request: EvalRequest, config: EvalConfig) -> Sides:
    _require_data(request, name)
    inputs, real = open_sides(request.data, request.reading)
    return Sides(translated_images(model, inputs), real, inputs=inputs)


def _open_labeled(model: Model, name: str, request: EvalRequest, config: EvalConfig) -> Sides:
    """Return the images of all other classes translated to one class, and the images of that class."""
    conditions.check(model.card, {"label": request.label or None})
    if request.back:
        raise OptionError(f"{name} translates among classes: there is no other direction. Omit back={request.back}.")
    _require_data(request, name)
    label = conditions.number(model.card, request.label)
    inputs, real = open_domains(request.data, model.card.classes[label], request.reading)
    return Sides(translated_images(model, inputs, label), real, inputs=inputs)


def _open_restored(model: Model, name: str, request: EvalRequest, config: EvalConfig) -> Sides:
    _require_data(request, name)
    originals = open_images(request.data, request.reading)
    build = build_super_resolution if model.card.does.enlarges else build_inpainting
    inputs, evaluated = build(model, originals)
    return Sides(evaluated, originals, originals, inputs)


def _open_clips(model: Model, name: str, request: EvalRequest, config: EvalConfig) -> Sides:
    _require_data(request, name)
    if request.reading.size != model.card.image_size or request.train:
        raise OptionError(
            f"{name} generates clips of {model.card.image_size} pixels, which are compared with real ones as they are: "
            "omit size and train."
        )
    real = open_clips(request.data, request.reading, model.card)
    return Sides(generated_images(model, request.number or min(len(real), MAX_GENERATED), config.seed), real)


_OPENERS: dict[str, Callable[[Model, str, EvalRequest, EvalConfig], Sides]] = {
    "images": _open_generator,
    "paired": _open_paired,
    "unpaired": _open_unpaired,
    "labeled": _open_labeled,
    "restored": _open_restored,
    "clips": _open_clips,
}


def _open_real(request: EvalRequest) -> StoredImages | None:
    return open_images(request.data, request.reading) if request.data else None


def _open_train(request: EvalRequest) -> StoredImages | None:
    """Return the training images: of IDX files the train part, of a folder all images."""
    if not request.train:
        return None
    return open_images(request.train, replace(request.reading, part="train", validation=0.0))


# ---- what fits a model -----------------------------------------------------------------------------------------------


def _find_kind(model: Model) -> str:
    """Return the kind of data the model's recipe trains on, "restored" if it enlarges or inpaints, or "clips".

    Raises OptionError if its card names no installed recipe.
    """
    if model.card.does.source == "latents":
        return "clips" if model.card.does.output == "clip" else "images"
    if "label" in model.card.does.inputs:
        return "labeled"
    if model.card.does.enlarges or "mask" in model.card.does.inputs:
        return "restored"
    recipe = model.card.training.recipe if model.card.training else ""
    try:
        return catalog.find(f"recipe:{recipe}").data
    except (UnknownName, OptionError) as error:
        raise OptionError(
            f"The card of {model.card.name} does not say whether it was trained on pairs: "
            f"give --kind paired or unpaired.{install_hint(model.card.training.plugins if model.card.training else {})}"
        ) from error


def _check_kind(model: Model, name: str, kind: str) -> None:
    """Raise OptionError where a model that translates would be evaluated as one that generates, or the reverse."""
    translates = model.card.does.source == "image"
    if translates == (kind not in ("images", "clips")):
        return
    if translates:
        raise OptionError(
            f"{name} translates images, and was trained on {kind} without another side to compare with. Give inputs "
            "and targets, or two sets, as data, and --kind paired or unpaired."
        )
    raise OptionError(f"{name} generates images from nothing: kind={kind} is for models that translate. Omit it.")


def _adapt_reading(model: Model, kind: str, request: EvalRequest) -> Reading:
    """Return how to read images for this model: its training direction, its size and its channels."""
    reading, restored = request.reading, kind == "restored"
    own_size = 0 if restored and model.card.does.enlarges else model.card.image_size
    return replace(
        reading,
        inputs=reading.inputs or _find_trained_side(model),
        size=reading.size or own_size,
        width=0 if reading.size else model.card.image_width,
        channels=model.card.out_channels if restored or kind == "images" else reading.channels,
    )


def _find_trained_side(model: Model) -> Literal["A", "B"]:
    """Return the side of a pair that the model was trained to translate."""
    options = model.card.training.options if model.card.training else {}
    return "B" if options.get("direction") == "right-to-left" else "A"


def _refuse_label(request: EvalRequest, name: str) -> None:
    if request.label:
        raise OptionError(
            f"label='{request.label}' is for models that translate images to a class, and {name} does not. Omit it."
        )


def _require_data(request: EvalRequest, name: str) -> None:
    if not request.data:
        raise OptionError(f"{name} is evaluated on images: give --data FOLDER.")


def _require_same_size(evaluated: StoredImages, real: StoredImages) -> None:
    one, other = (tuple(each.images.shape[-2:]) for each in (evaluated, real))
    if one != other:
        raise DataError(
            f"The evaluated images have {one[1]}x{one[0]} pixels, the real ones {other[1]}x{other[0]}. "
            f"Scores depend on how images are scaled: give a size for all, as --size {min(*one, *other)}."
        )
