"""What was asked -> a `Case`: pictures opened, models loaded, made to fit one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ganzoo import catalog
from ganzoo.errors import DataError, OptionError, UnknownName
from ganzoo.evaluation.clips import open_real
from ganzoo.evaluation.context import EvalConfig, EvalContext
from ganzoo.evaluation.degraded_images import enlarged, inpainted
from ganzoo.evaluation.image_sources import Reading, open_domains, open_images, open_pairs, open_sides
from ganzoo.evaluation.samples import Stored, generated, translated
from ganzoo.inference import conditions, devices
from ganzoo.loading import load
from ganzoo.loading.model import Model

FOLDER = "images:"  # the prefix of a reference to plain pictures
NUMBER = 50_000  # generated pictures at most, where the user does not say
PAIRED = {"l1", "psnr", "ssim", "lpips"}  # metrics that make two folders pairs


@dataclass(frozen=True)
class EvalRequest:
    """What is judged by what.

    data     one path, or two of pairs or unpaired sets
    kind     "images", "paired" or "unpaired"; "": what the model's recipe trains on; of one that enlarges or mends,
             the pictures that its inputs are made of
    number   pictures to generate; 0: as many as there are real ones
    back     the model of the other direction, for cycle-psnr
    train    the training pictures, for memorized
    label    the class to translate to, of models that take one
    """

    data: tuple[str, ...]
    reading: Reading
    kind: str = ""
    number: int = 0
    back: str = ""
    train: tuple[str, ...] = ()
    label: str = ""


def of_folder(ref: str, request: EvalRequest, config: EvalConfig, device: str, metrics: Sequence[str]) -> EvalContext:
    """Return the case of plain pictures, of pairs with ``data`` where a metric asks for such. Raises as `of_model`."""
    path = ref.removeprefix(FOLDER)
    if not path:
        raise OptionError(f"'{ref}' names no folder. Write images:PATH, as images:made/.")
    chosen, reading = devices.choose(device), request.reading
    _refuse_label(request, ref)
    if request.kind == "paired" or set(metrics) & PAIRED:
        _require_data(request, ref)
        evaluated, truths = open_pairs([path, *request.data], reading)
        evaluated.sample = replace(evaluated.sample, sha256="")
        return EvalContext(ref, evaluated, config, chosen, real=truths, truths=truths, kind="paired")
    evaluated, real = open_images([path], replace(reading, validation=0.0)), _real(request, reading)
    evaluated.sample = replace(evaluated.sample, sha256="")  # those of another model are other files, and compare
    if real:
        _require_same_size(evaluated, real)
    return EvalContext(ref, evaluated, config, chosen, real=real, train=_train(request, reading), kind="images")


def of_model(model: Model, name: str, request: EvalRequest, config: EvalConfig) -> EvalContext:
    """Return the case of a model. Raises OptionError where something is lacking or does not fit, DataError."""
    if not request.reading.inputs:
        request = replace(request, reading=replace(request.reading, inputs=_trained_side(model)))
    kind = request.kind or _kind(model)
    if kind != "labeled":
        _refuse_label(request, name)
    own = 0 if kind == "restored" and model.card.does.enlarges else model.card.image_size
    channels = model.card.out_channels if kind in ("images", "restored") else request.reading.channels
    reading = replace(request.reading, size=request.reading.size or own, channels=channels)
    context = _OPENED[kind](model, name, request, reading, config)
    context.train = _train(request, reading)
    context.discriminator = model.discriminator()
    context.back = load.load(request.back, str(model.device), engine="torch") if request.back else None
    return context


def _of_generator(model: Model, name: str, request: EvalRequest, reading: Reading, config: EvalConfig) -> EvalContext:
    real = _real(request, reading)
    number = request.number or min(len(real) if real else 0, NUMBER)
    if not number:
        raise OptionError(f"How many pictures should {name} make? Give --number, or real pictures by --data.")
    evaluated = generated(model, number, config.seed)
    if reading.size != model.card.image_size:
        raise OptionError(f"{name} makes pictures of {model.card.image_size} pixels: size={reading.size} is no choice.")
    return EvalContext(name, evaluated, config, model.device, real=real, model=model, kind="images")


def _of_pairs(model: Model, name: str, request: EvalRequest, reading: Reading, config: EvalConfig) -> EvalContext:
    _require_data(request, name)
    inputs, truths = open_pairs(request.data, reading)
    evaluated = translated(model, inputs)
    return EvalContext(name, evaluated, config, model.device, truths, truths, inputs, model=model, kind="paired")


def _of_sides(model: Model, name: str, request: EvalRequest, reading: Reading, config: EvalConfig) -> EvalContext:
    _require_data(request, name)
    inputs, real = open_sides(request.data, reading)
    evaluated = translated(model, inputs)
    return EvalContext(name, evaluated, config, model.device, real, None, inputs, model=model, kind="unpaired")


def _of_domains(model: Model, name: str, request: EvalRequest, reading: Reading, config: EvalConfig) -> EvalContext:
    """All other classes' pictures, translated to one class, judged by the pictures of that class."""
    conditions.check(model.card, {"label": request.label or None})
    if request.back:
        raise OptionError(
            f"{name} translates among classes: there is no other direction. Leave back={request.back} away."
        )
    _require_data(request, name)
    label = conditions.number(model.card, request.label)
    inputs, real = open_domains(request.data, model.card.classes[label], reading)
    evaluated = translated(model, inputs, label)
    return EvalContext(
        name, evaluated, config, model.device, real, None, inputs, model=model, label=label, kind="labeled"
    )


def _of_restored(model: Model, name: str, request: EvalRequest, reading: Reading, config: EvalConfig) -> EvalContext:
    _require_data(request, name)
    whole = open_images(request.data, reading)
    inputs, evaluated = enlarged(model, whole) if model.card.does.enlarges else inpainted(model, whole)
    return EvalContext(name, evaluated, config, model.device, whole, whole, inputs, model=model, kind="paired")


def _of_clips(model: Model, name: str, request: EvalRequest, reading: Reading, config: EvalConfig) -> EvalContext:
    _require_data(request, name)
    if reading.size != model.card.image_size or request.train:
        raise OptionError(
            f"{name} makes clips of {model.card.image_size} pixels, which are compared as they are, with real ones: "
            "leave out size and train."
        )
    real = open_real(request.data, reading, model.card)
    evaluated = generated(model, request.number or min(len(real), NUMBER), config.seed)
    return EvalContext(name, evaluated, config, model.device, real=real, model=model, kind="clips")


_OPENED = {
    "images": _of_generator,
    "paired": _of_pairs,
    "unpaired": _of_sides,
    "labeled": _of_domains,
    "restored": _of_restored,
    "clips": _of_clips,
}


def _kind(model: Model) -> str:
    """Return what the model's recipe trains on, "restored" for one that enlarges or mends, or "clips".

    Raises OptionError where its card names no recipe that is installed.
    """
    if model.card.does.source == "latents":
        return "clips" if model.card.does.makes == "clip" else "images"
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
            "give --kind paired or unpaired."
        ) from error


def _trained_side(model: Model) -> str:
    """Return the side of a pair that the model was trained to translate."""
    options = model.card.training.options if model.card.training else {}
    return "B" if options.get("direction") == "right-to-left" else "A"


def _real(request: EvalRequest, reading: Reading) -> Stored | None:
    return open_images(request.data, reading) if request.data else None


def _train(request: EvalRequest, reading: Reading) -> Stored | None:
    """Return the training pictures: of IDX files the part called so, and all of a folder but those held out."""
    if not request.train:
        return None
    return open_images(request.train, replace(reading, part="train", validation=0.0))


def _refuse_label(request: EvalRequest, name: str) -> None:
    if request.label:
        raise OptionError(
            f"label='{request.label}' is for models that translate pictures to a class, and {name} does not. "
            "Leave it away."
        )


def _require_data(request: EvalRequest, name: str) -> None:
    if not request.data:
        raise OptionError(f"{name} is judged by pictures: give --data FOLDER.")


def _require_same_size(evaluated: Stored, real: Stored) -> None:
    one, other = (tuple(each.pictures.shape[-2:]) for each in (evaluated, real))
    if one != other:
        raise DataError(
            f"The judged pictures have {one[1]}x{one[0]} pixels, the real ones {other[1]}x{other[0]}. "
            f"Scores depend on how they are scaled: give a size for all, as --size {min(*one, *other)}."
        )
