"""What was asked -> a `Case`: pictures opened, models loaded, made to fit one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ganzoo import catalog
from ganzoo.errors import DataError, OptionError, UnknownName
from ganzoo.evaluation.clips import open_real
from ganzoo.evaluation.context import Asked, Case
from ganzoo.evaluation.degraded_images import enlarged, mended
from ganzoo.evaluation.image_sources import Reading, open_domains, open_images, open_pairs, open_sides
from ganzoo.evaluation.samples import Stored, generated, translated
from ganzoo.inference import conditions, devices
from ganzoo.loading import load
from ganzoo.loading.model import Model

FOLDER = "images:"  # the prefix of a reference to plain pictures
NUMBER = 50_000  # generated pictures at most, where the user does not say
PAIRED = {"l1", "psnr", "ssim", "lpips"}  # metrics that make two folders pairs


@dataclass(frozen=True)
class Wanted:
    """What is judged by what.

    data     one path, or two of pairs or unpaired sets
    kind     "images", "paired" or "unpaired"; "": what the model's recipe trains on; of one that enlarges or mends,
             the pictures that its inputs are made of
    number   pictures to generate; 0: as many as there are real ones
    back     the model of the other direction, for cycle-psnr
    train    the training pictures, for memorised
    label    the class to translate to, of models that take one
    """

    data: tuple[str, ...]
    reading: Reading
    kind: str = ""
    number: int = 0
    back: str = ""
    train: tuple[str, ...] = ()
    label: str = ""


def of_folder(ref: str, wanted: Wanted, asked: Asked, device: str, metrics: Sequence[str]) -> Case:
    """Return the case of plain pictures, of pairs with ``data`` where a metric asks for such. Raises as `of_model`."""
    path = ref.removeprefix(FOLDER)
    if not path:
        raise OptionError(f"'{ref}' names no folder. Write images:PATH, as images:made/.")
    chosen, reading = devices.choose(device), wanted.reading
    _refuse_label(wanted, ref)
    if wanted.kind == "paired" or set(metrics) & PAIRED:
        _require_data(wanted, ref)
        judged, truths = open_pairs([path, *wanted.data], reading)
        judged.sample = replace(judged.sample, sha256="")
        return Case(ref, judged, asked, chosen, real=truths, truths=truths, kind="paired")
    judged, real = open_images([path], replace(reading, validation=0.0)), _real(wanted, reading)
    judged.sample = replace(judged.sample, sha256="")  # those of another model are other files, and compare
    if real:
        _require_same_size(judged, real)
    return Case(ref, judged, asked, chosen, real=real, train=_train(wanted, reading), kind="images")


def of_model(model: Model, name: str, wanted: Wanted, asked: Asked) -> Case:
    """Return the case of a model. Raises OptionError where something is lacking or does not fit, DataError."""
    if not wanted.reading.inputs:
        wanted = replace(wanted, reading=replace(wanted.reading, inputs=_trained_side(model)))
    kind = wanted.kind or _kind(model)
    if kind != "labelled":
        _refuse_label(wanted, name)
    own = 0 if kind == "restored" and model.card.does.enlarges else model.card.image_size
    channels = model.card.out_channels if kind in ("images", "restored") else wanted.reading.channels
    reading = replace(wanted.reading, size=wanted.reading.size or own, channels=channels)
    case = _OPENED[kind](model, name, wanted, reading, asked)
    case.train = _train(wanted, reading)
    case.discriminator = model.discriminator()
    case.back = load.load(wanted.back, str(model.device), engine="torch") if wanted.back else None
    return case


def _of_generator(model: Model, name: str, wanted: Wanted, reading: Reading, asked: Asked) -> Case:
    real = _real(wanted, reading)
    number = wanted.number or min(len(real) if real else 0, NUMBER)
    if not number:
        raise OptionError(f"How many pictures should {name} make? Give --number, or real pictures by --data.")
    judged = generated(model, number, asked.seed)
    if reading.size != model.card.image_size:
        raise OptionError(f"{name} makes pictures of {model.card.image_size} pixels: size={reading.size} is no choice.")
    return Case(name, judged, asked, model.device, real=real, model=model, kind="images")


def _of_pairs(model: Model, name: str, wanted: Wanted, reading: Reading, asked: Asked) -> Case:
    _require_data(wanted, name)
    inputs, truths = open_pairs(wanted.data, reading)
    judged = translated(model, inputs)
    return Case(name, judged, asked, model.device, truths, truths, inputs, model=model, kind="paired")


def _of_sides(model: Model, name: str, wanted: Wanted, reading: Reading, asked: Asked) -> Case:
    _require_data(wanted, name)
    inputs, real = open_sides(wanted.data, reading)
    judged = translated(model, inputs)
    return Case(name, judged, asked, model.device, real, None, inputs, model=model, kind="unpaired")


def _of_domains(model: Model, name: str, wanted: Wanted, reading: Reading, asked: Asked) -> Case:
    """All other classes' pictures, translated to one class, judged by the pictures of that class."""
    conditions.check(model.card, {"label": wanted.label or None})
    if wanted.back:
        raise OptionError(
            f"{name} translates among classes: there is no other direction. Leave back={wanted.back} away."
        )
    _require_data(wanted, name)
    label = conditions.number(model.card, wanted.label)
    inputs, real = open_domains(wanted.data, model.card.classes[label], reading)
    judged = translated(model, inputs, label)
    return Case(name, judged, asked, model.device, real, None, inputs, model=model, label=label, kind="labelled")


def _of_restored(model: Model, name: str, wanted: Wanted, reading: Reading, asked: Asked) -> Case:
    _require_data(wanted, name)
    whole = open_images(wanted.data, reading)
    inputs, judged = enlarged(model, whole) if model.card.does.enlarges else mended(model, whole)
    return Case(name, judged, asked, model.device, whole, whole, inputs, model=model, kind="paired")


def _of_clips(model: Model, name: str, wanted: Wanted, reading: Reading, asked: Asked) -> Case:
    _require_data(wanted, name)
    if reading.size != model.card.image_size or wanted.train:
        raise OptionError(
            f"{name} makes clips of {model.card.image_size} pixels, which are compared as they are, with real ones: "
            "leave out size and train."
        )
    real = open_real(wanted.data, reading, model.card)
    judged = generated(model, wanted.number or min(len(real), NUMBER), asked.seed)
    return Case(name, judged, asked, model.device, real=real, model=model, kind="clips")


_OPENED = {
    "images": _of_generator,
    "paired": _of_pairs,
    "unpaired": _of_sides,
    "labelled": _of_domains,
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
        return "labelled"
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


def _real(wanted: Wanted, reading: Reading) -> Stored | None:
    return open_images(wanted.data, reading) if wanted.data else None


def _train(wanted: Wanted, reading: Reading) -> Stored | None:
    """Return the training pictures: of IDX files the part called so, and all of a folder but those held out."""
    if not wanted.train:
        return None
    return open_images(wanted.train, replace(reading, part="train", validation=0.0))


def _refuse_label(wanted: Wanted, name: str) -> None:
    if wanted.label:
        raise OptionError(
            f"label='{wanted.label}' is for models that translate pictures to a class, and {name} does not. "
            "Leave it away."
        )


def _require_data(wanted: Wanted, name: str) -> None:
    if not wanted.data:
        raise OptionError(f"{name} is judged by pictures: give --data FOLDER.")


def _require_same_size(judged: Stored, real: Stored) -> None:
    one, other = (tuple(each.pictures.shape[-2:]) for each in (judged, real))
    if one != other:
        raise DataError(
            f"The judged pictures have {one[1]}x{one[0]} pixels, the real ones {other[1]}x{other[0]}. "
            f"Scores depend on how they are scaled: give a size for all, as --size {min(*one, *other)}."
        )
