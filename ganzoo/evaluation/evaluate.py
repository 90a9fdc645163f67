"""`ganzoo.evaluate`: a model, or a folder of pictures, judged by data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from ganzoo.cards.protocol import Protocol, Score
from ganzoo.data.sources import Paths
from ganzoo.errors import DataError, OptionError, UnknownName, suggest
from ganzoo.evaluation import measures, report, report_samples, setup
from ganzoo.evaluation.context import EvalConfig, EvalContext
from ganzoo.evaluation.features import Progress
from ganzoo.evaluation.image_sources import Reading
from ganzoo.evaluation.measures import Value
from ganzoo.evaluation.results import Evaluation
from ganzoo.evaluation.setup import FOLDER, EvalRequest
from ganzoo.loading import load
from ganzoo.loading.model import Model

DEFAULTS = {
    "images": ("fd", "precision", "recall", "density", "coverage", "modes"),
    "paired": ("l1", "psnr", "ssim"),
    "unpaired": ("fd", "precision", "recall", "identity"),
    "labeled": ("fd", "precision", "recall", "identity"),
    "clips": ("fd", "swd-frames", "swd-motion"),
}


def evaluate(
    ref: str | Model,
    data: Paths = (),
    *,
    metrics: Sequence[str] | str = (),
    kind: str = "",
    number: int = 0,
    size: int = 0,
    resize: str = "bicubic",
    validation: float = 0.0,
    part: str = "test",
    inputs: str = "",
    label: str = "",
    back: str = "",
    train: Paths = (),
    device: str = "auto",
    report_to: str | Path | None = None,
    token: str | None = None,
    on_progress: Progress = lambda count: None,
    **config: Any,
) -> Evaluation:
    """Measure a model, or pictures, against ``data``; every score comes with its protocol.

    ref          a model's reference, a loaded model, or "images:PATH" for pictures that are there already
    data         real pictures: a folder, a .zip or IDX files; of pairs and unpaired sets perhaps two paths
    metrics      names out of `ganzoo.evaluation.measures.MEASURES`, or "fd,recall"; (): those usual for the data
    kind         "images", "paired" or "unpaired"; "": what the model's recipe trains on
    number, seed of generated pictures; 0: as many as there are real ones, up to 50,000
    size, resize all pictures are scaled to cover size x size (0: the model's own size, or the pictures' common one) by
                 one of `ganzoo.image_io.images.FILTERS`
    validation   judge by the share that a training with the same ``validation`` kept out; 0: by all
    part         of IDX files: "test" or "train"
    inputs       the side to translate: "A" (or the left of a pair) or "B"; "": the one the model was trained on
    label        the class to translate to, of a model that takes one: its name, or its number as text. ``data`` are
                 class folders then: the others' pictures are translated, and judged by those of that class
    back         reference of the model of the other direction, for cycle-psnr
    train        the training pictures, for memorized
    report_to    a path for report.html
    told         called with a number of pictures whenever so many are done
    asked        fields of `ganzoo.evaluation.context.Asked`: extractor, precision, subset_size, ...
    Raises OptionError, UnknownName, DataError, WeightsError, HubError, OutputError: one message each.
    """
    chosen = check(metrics)
    settings = _asked(config)
    reading = Reading(size, resize, validation=validation, part=part, inputs=inputs)
    request = EvalRequest(_paths(data), reading, kind, number, back, _paths(train), label)
    if isinstance(ref, str) and ref.startswith(FOLDER):
        context = setup.of_folder(ref, request, settings, device, chosen)
    else:
        model = ref if isinstance(ref, Model) else load.load(ref, device, engine="torch", token=token)
        context = setup.of_model(model, ref if isinstance(ref, str) else model.card.name, request, settings)
    context.on_progress = on_progress
    context.call = _call(
        data=_names(data),
        kind=kind,
        number=number,
        size=size,
        resize=resize,
        validation=validation,
        part=part,
        inputs=inputs,
        label=label,
        back=back,
        train=_names(train),
        **config,
    )
    evaluation = measure(context, chosen or DEFAULTS[context.kind])
    if report_to:
        report.write(evaluation, Path(report_to))
    return evaluation


def measure(context: EvalContext, metrics: Sequence[str]) -> Evaluation:
    """Return all that the measures say of a case."""
    compared_with = context.real.sample if context.real else None
    evaluation = Evaluation(context.name, str(compared_with or "nothing but itself"), [])
    for name in metrics:
        context.measuring = name
        try:
            found = measures.MEASURES[name](context, evaluation.report_samples)
        except DataError as error:
            raise DataError(f"{name} of {context.name}: {error}") from error
        for value in found.values:
            evaluation.scores.append(_score(context, value, name))
        evaluation.diagnoses += found.diagnoses
    evaluation.notes = context.notes([score.metric for score in evaluation.scores])
    report_samples.add(context, evaluation.report_samples)
    return evaluation


def check(metrics: Sequence[str] | str) -> list[str]:
    """Return the metrics, each once. Raises UnknownName with a suggestion for one that there is not."""
    given = metrics.split(",") if isinstance(metrics, str) else metrics
    names = [name.strip() for name in given if name.strip()]
    for name in names:
        if name not in measures.MEASURES:
            hint = suggest(name, measures.MEASURES)
            metric = next((one for one in measures.MEASURES if name.startswith(f"{one}-")), "")
            if metric:
                extractor = name.removeprefix(f"{metric}-")
                hint = f" Ask for '{metric}' with the extractor '{extractor}': scores are named after it."
            raise UnknownName(f"No metric is called '{name}'.{hint} Metrics: {', '.join(measures.MEASURES)}.")
    return list(dict.fromkeys(names))


def _score(context: EvalContext, value: Value, metric: str) -> Score:
    made_by, compared_with = value.features, getattr(context, value.compared_with) if value.compared_with else None
    steps = [context.resizing, made_by.extractor.resizing if made_by else ""]
    protocol = Protocol(
        metric=value.metric,
        library=value.library,
        generated=context.evaluated.sample,
        real=compared_with.sample if compared_with else None,
        extractor=made_by.label if made_by else "",
        extractor_sha256=made_by.extractor.weights_sha256 if made_by else "",
        resizing="; ".join(step for step in steps if step),
        file_format=context.file_format,
        precision=made_by.precision if made_by else "float32",
        device=context.hardware,
        settings=value.settings,
        interval=value.interval,
        call={"metrics": [metric], **_needed(context.call, value)},
    )
    return Score(value.metric, value.value, protocol, value.low, value.high)


def _needed(call: Mapping[str, Any], value: Value) -> dict[str, Any]:
    """Return the arguments without those that only other measures need."""
    others = {"train": value.compared_with != "train", "back": "back" not in value.settings}
    if not {"subsets", "pairs"} & set(value.settings):
        others |= dict.fromkeys(("subsets", "subset_size"), True)
    if value.features is None:
        others |= dict.fromkeys(("extractor", "extractor_options", "precision"), True)
    return {name: given for name, given in call.items() if not others.get(name)}


def _call(**given: Any) -> dict[str, Any]:
    """Return the arguments that are not what they would be anyway."""
    usual = {field.name: field.default for field in fields(EvalConfig)}
    usual |= {"resize": "bicubic", "part": "test", "number": 0, "size": 0, "validation": 0.0}
    return {name: value for name, value in given.items() if value not in ("", [], {}) and value != usual.get(name)}


def _names(given: Paths) -> list[str]:
    """Return the last parts of paths, which say nothing of the machine they lie on."""
    return [Path(path).name for path in _paths(given)]


def _paths(given: Paths) -> tuple[str, ...]:
    return (str(given),) if isinstance(given, (str, Path)) else tuple(str(path) for path in given)


def _asked(given: dict[str, Any]) -> EvalConfig:
    known = [field.name for field in fields(EvalConfig)]
    for name in given:
        if name not in known:
            raise OptionError(f"Evaluation has no option '{name}'.{suggest(name, known)}")
    return EvalConfig(**given)
