"""`ganzoo.evaluate`: a model, or a folder of pictures, judged by data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ganzoo import catalog, devices, loading
from ganzoo.data.sources import Paths
from ganzoo.errors import DataError, OptionError, UnknownName, suggest
from ganzoo.evaluation import exhibits, measures, report
from ganzoo.evaluation.case import Asked, Case
from ganzoo.evaluation.features import Progress
from ganzoo.evaluation.measures import Value
from ganzoo.evaluation.results import Evaluation
from ganzoo.evaluation.samples import (
    Reading,
    Stored,
    generated,
    open_images,
    open_pairs,
    open_sides,
    translated,
)
from ganzoo.model import Model
from ganzoo.protocol import Protocol, Score

FOLDER = "images:"  # the prefix of a reference to plain pictures
DEFAULTS = {
    "images": ("fd", "precision", "recall", "density", "coverage", "modes"),
    "paired": ("l1", "psnr", "ssim"),
    "unpaired": ("fd", "precision", "recall", "identity"),
}
NUMBER = 50_000  # generated pictures at most, where the user does not say


@dataclass(frozen=True)
class Wanted:
    """What is judged by what.

    data     one path, or two of pairs or unpaired sets
    kind     "images", "paired" or "unpaired"; "": what the model's recipe trains on
    number   pictures to generate; 0: as many as there are real ones
    back     the model of the other direction, for cycle-psnr
    train    the training pictures, for memorised
    """

    data: tuple[str, ...]
    reading: Reading
    kind: str = ""
    number: int = 0
    back: str = ""
    train: tuple[str, ...] = ()


def evaluate(
    ref: str | Model,
    data: Paths = (),
    *,
    metrics: Sequence[str] = (),
    kind: str = "",
    number: int = 0,
    size: int = 0,
    filter: str = "bicubic",
    validation: float = 0.0,
    part: str = "test",
    inputs: str = "",
    back: str = "",
    train: Paths = (),
    device: str = "auto",
    report_to: str | Path | None = None,
    token: str | None = None,
    told: Progress = lambda count: None,
    **asked: Any,
) -> Evaluation:
    """Measure a model, or pictures, against ``data``; every score comes with its protocol.

    ref          a model's reference, a loaded model, or "images:PATH" for pictures that are there already
    data         real pictures: a folder, a .zip or IDX files; of pairs and unpaired sets perhaps two paths
    metrics      names out of `ganzoo.evaluation.measures.MEASURES`; (): those usual for the kind of data
    kind         "images", "paired" or "unpaired"; "": what the model's recipe trains on
    number, seed of generated pictures; 0: as many as there are real ones, up to 50,000
    size, filter all pictures are scaled to cover size x size; 0: the model's own size, or the pictures' common one
    validation   judge by the share that a training with the same ``validation`` kept out; 0: by all
    part         of IDX files: "test" or "train"
    inputs       the side to translate: "A" (or the left of a pair) or "B"; "": the one the model was trained on
    back         reference of the model of the other direction, for cycle-psnr
    train        the training pictures, for memorised
    report_to    a path for report.html
    told         called with a number of pictures whenever so many are done
    asked        fields of `ganzoo.evaluation.case.Asked`: extractor, precision, subset_size, ...
    Raises OptionError, UnknownName, DataError, WeightsError, HubError, OutputError: one message each.
    """
    chosen = check(metrics)
    settings = _asked(asked)
    reading = Reading(size, filter, validation=validation, part=part, inputs=inputs or "A")
    wanted = Wanted(_paths(data), reading, kind, number, back, _paths(train))
    name = ref if isinstance(ref, str) else ref.card.name
    if isinstance(ref, str) and ref.startswith(FOLDER):
        case = _of_folder(ref, wanted, settings, device, [*chosen])
    else:
        model = ref if isinstance(ref, Model) else loading.load(ref, device, token=token)
        if not inputs and model.card.task == "image-to-image":
            wanted = replace(wanted, reading=replace(reading, inputs=_trained_side(model)))
        case = _of_model(model, name, wanted, settings)
    case.told = told
    case.call = _call(
        data=_names(data),
        kind=kind,
        number=number,
        size=size,
        filter=filter,
        validation=validation,
        part=part,
        inputs=inputs,
        back=back,
        train=_names(train),
        **asked,
    )
    evaluation = measure(case, chosen or DEFAULTS[case.kind])
    if report_to:
        report.write(evaluation, Path(report_to))
    return evaluation


def measure(case: Case, metrics: Sequence[str]) -> Evaluation:
    """Return all that the measures say of a case."""
    judged_by = case.real.sample if case.real else None
    evaluation = Evaluation(case.name, str(judged_by or "nothing but itself"), [])
    for name in metrics:
        found = measures.MEASURES[name](case, evaluation.exhibits)
        for value in found.values:
            evaluation.scores.append(_score(case, value, name))
        evaluation.findings += found.findings
    evaluation.notes = case.notes()
    exhibits.add(case, evaluation.exhibits)
    return evaluation


def check(metrics: Sequence[str]) -> list[str]:
    """Return the metrics, each once. Raises UnknownName with a suggestion for one that there is not."""
    for name in metrics:
        if name not in measures.MEASURES:
            raise UnknownName(
                f"No metric is called '{name}'.{suggest(name, measures.MEASURES)} "
                f"Metrics: {', '.join(measures.MEASURES)}."
            )
    return list(dict.fromkeys(metrics))


def _score(case: Case, value: Value, asked: str) -> Score:
    made_by, judged_by = value.features, getattr(case, value.judged_by) if value.judged_by else None
    resizing = case.resizing + (f"; {made_by.extractor.resizing}" if made_by else "")
    protocol = Protocol(
        metric=value.metric,
        library=value.library,
        generated=case.judged.sample,
        real=judged_by.sample if judged_by else None,
        extractor=made_by.label if made_by else "",
        extractor_sha256=made_by.extractor.weights_sha256 if made_by else "",
        resizing=resizing,
        file_format=case.file_format,
        precision=made_by.precision if made_by else "float32",
        device=case.hardware,
        settings=value.settings,
        interval=value.interval,
        call={"metrics": [asked], **_needed(case.call, value)},
    )
    return Score(value.metric, value.value, protocol, value.low, value.high)


def _needed(call: Mapping[str, Any], value: Value) -> dict[str, Any]:
    """Return the arguments without those that only other measures need."""
    others = {"train": value.judged_by != "train", "back": "back" not in value.settings}
    if value.features is None:
        others |= dict.fromkeys(("extractor", "extractor_options", "precision"), True)
    return {name: given for name, given in call.items() if not others.get(name)}


# ---- putting a case together -----------------------------------------------------------------------------------------


def _of_folder(ref: str, wanted: Wanted, asked: Asked, device: str, metrics: list[str]) -> Case:
    path = ref.removeprefix(FOLDER)
    if not path:
        raise OptionError(f"'{ref}' names no folder. Write images:PATH, as images:made/.")
    chosen, reading = devices.choose(device), wanted.reading
    if wanted.kind == "paired" or set(metrics) & {"l1", "psnr", "ssim", "lpips"}:
        _require_data(wanted, ref)
        judged, truths = open_pairs([path, *wanted.data], reading)
        judged.sample = replace(judged.sample, sha256="")
        return Case(ref, judged, asked, chosen, real=truths, truths=truths, kind="paired")
    judged, real = open_images([path], replace(reading, validation=0.0)), _real(wanted, reading)
    judged.sample = replace(judged.sample, sha256="")  # those of another model are other files, and compare
    if real:
        _require_same_size(judged, real)
    return Case(ref, judged, asked, chosen, real=real, train=_train(wanted, reading), kind="images")


def _of_model(model: Model, name: str, wanted: Wanted, asked: Asked) -> Case:
    kind = wanted.kind or _kind(model)
    size, channels = wanted.reading.size or model.card.image_size, model.card.out_channels
    reading = replace(wanted.reading, size=size, channels=channels if kind == "images" else wanted.reading.channels)
    case = _OPENED[kind](model, name, wanted, reading, asked)
    case.train = _train(wanted, reading)
    case.discriminator = model.discriminator()
    case.back = loading.load(wanted.back, str(model.device)) if wanted.back else None
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


_OPENED = {"images": _of_generator, "paired": _of_pairs, "unpaired": _of_sides}


def _kind(model: Model) -> str:
    """Return what the model's recipe trains on. Raises OptionError where its card names none that is installed."""
    if model.card.task != "image-to-image":
        return "images"
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


def _call(**given: Any) -> dict[str, Any]:
    """Return the arguments that are not what they would be anyway."""
    usual = {field.name: field.default for field in fields(Asked)}
    usual |= {"filter": "bicubic", "part": "test", "number": 0, "size": 0, "validation": 0.0}
    return {name: value for name, value in given.items() if value not in ("", [], {}) and value != usual.get(name)}


def _names(given: Paths) -> list[str]:
    """Return the last parts of paths, which say nothing of the machine they lie on."""
    return [Path(path).name for path in _paths(given)]


def _paths(given: Paths) -> tuple[str, ...]:
    return (str(given),) if isinstance(given, (str, Path)) else tuple(str(path) for path in given)


def _asked(given: dict[str, Any]) -> Asked:
    known = [field.name for field in fields(Asked)]
    for name in given:
        if name not in known:
            raise OptionError(f"Evaluation has no option '{name}'.{suggest(name, known)}")
    return Asked(**given)
