"""`ganzoo.evaluate`: measure a model, or a folder of images, against reference data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.contracts.metric import MetricResult
from ganzoo.data.sources import Paths
from ganzoo.errors import DataError, TooFewImages
from ganzoo.evaluation import baselines, expected_images, report, report_samples, scores, setup
from ganzoo.evaluation import options as eval_options
from ganzoo.evaluation.metrics import registry
from ganzoo.evaluation.samples.config import EvalConfig
from ganzoo.evaluation.samples.context import EvalContext, Sides
from ganzoo.evaluation.samples.features import Progress
from ganzoo.evaluation.samples.results import Evaluation
from ganzoo.evaluation.units import distributions, measures
from ganzoo.evaluation.units.composite_windows import CompositeWindows
from ganzoo.evaluation.units.evaluate_rasters import evaluate_rasters
from ganzoo.loading import load
from ganzoo.loading.model import Model

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ganzoo.evaluation.options import EvalOptions

# The kernel distance leads: it is right for any number of images, and has an interval.
DEFAULT_METRICS = {
    "images": ("kd", "fd", "precision", "recall", "density", "coverage", "modes"),
    "paired": ("l1", "psnr", "ssim"),
    "unpaired": ("kd", "fd", "precision", "recall", "identity"),
    "labeled": ("kd", "fd", "precision", "recall", "identity"),
    "clips": ("kd", "fd", "swd-frames", "swd-motion"),
}


def evaluate(
    ref: str | Model,
    data: Paths = (),
    *,
    metrics: Sequence[str] | str = (),
    device: str = "auto",
    report_to: str | Path | None = None,
    token: str | None = None,
    on_progress: Progress = lambda count: None,
    on_remaining: Progress = lambda count: None,
    **options: Unpack[EvalOptions],
) -> Evaluation:
    """Measure a model, or a folder of images, against ``data``. Every score comes with its protocol.

    Args:
        ref: Reference of a model, a loaded model, or "images:PATH" for images that exist already.
        data: Real images: a folder, a .zip or IDX files; for pairs and unpaired sets also two paths.
        metrics: Names of metrics, or "fd,recall"; (): the defaults for the kind of data.
        device: "auto", "cpu", "cuda", ...
        report_to: Path of an HTML report.
        token: Hugging Face token for private models.
        on_progress: Called with a number of images whenever that many are processed.
        on_remaining: Called with the number of images that are still expected, again whenever that is known better.
        kind: "images", "paired" or "unpaired" (default: the kind of data that the model was trained on).
        number: Images to generate (default: as many as there are real ones, up to 50,000).
        size: Scale all images to cover size x size (default: the model's size, or the images' common size).
        resize: One of `ganzoo.image_io.resizing.FILTERS`.
        validation: Evaluate on the share that a training with the same ``validation`` held out (default 0.0: on all).
        part: Of IDX files, "test" (default) or "train".
        inputs: The side to translate, "A" (or the left of a pair) or "B" (default: the model's training direction).
        label: The class to translate to, by name or number, for models that take one. ``data`` are class folders then:
            the images of all other classes are translated and compared with those of this class.
        back: Reference of the model of the other direction, for cycle-psnr.
        train: The training images, for memorized.
        baseline: For models of rasters: some of "linear", "copy", "mean", to which the scores are compared.
        bands, target_bands, split_by, panels, z_neighbors, axes, read: For models of rasters, see
            `ganzoo.data.rasters.options.RasterOptions`. Such models are measured in the units of their channels, by
            mae, rmse, bias, pearson, psnr, ssim, sam and ergas; without ``data``, on what their run held out. Metrics
            on features, such as fd, see 8-bit composites of windows, which the protocol describes.
        extractor, extractor_options, precision, neighbors, subsets, subset_size, clusters, resamples, seed,
            batch_size, cache: How to measure; see `ganzoo.evaluation.samples.config.EvalConfig`.

    Returns:
        The scores, diagnoses and notes, and the samples of the report.

    Raises:
        OptionError: an option does not exist, is not valid or is missing.
        UnknownName: there is no such model, metric, extractor or label.
        DataError: images are missing, damaged, too few or of unequal sizes.
        WeightsError, HubError, OutputError: weights cannot be read or fetched, or the report cannot be written.
    """
    names = _check_metrics(metrics)
    eval_options.check(options)
    config = eval_options.build_config(options)
    loaded: Model | None
    if isinstance(ref, str) and not ref.startswith(setup.FOLDER):
        loaded = load.load(ref, device, engine="torch", token=token)
    else:
        loaded = ref if isinstance(ref, Model) else None
    name = ref if isinstance(ref, str) else ref.card.name
    if loaded is not None and loaded.card.has_channels and loaded.card.does.source == "image":
        evaluation = _evaluate_rasters(loaded, name, data, names, options, config, (on_progress, on_remaining))
    else:
        registry.check(names)
        eval_options.refuse_rasters(options)
        eval_options.refuse_extractor(names, options)
        request = eval_options.build_request(data, names, options)
        if loaded is None:
            context = setup.open_folder(name, request, config, device)
        else:
            context = setup.open_model(loaded, name, request, config)
        context.on_progress, context.on_remaining = on_progress, on_remaining
        call = eval_options.describe_call(data, options)
        evaluation = measure(context, names or DEFAULT_METRICS[context.kind], call, needed=bool(names))
    evaluation.attach_baselines()
    if report_to:
        report.write(evaluation, Path(report_to))
    return evaluation


def _check_metrics(metrics: Sequence[str] | str) -> list[str]:
    """Return the names of metrics, each once. Raises UnknownName for one that no kind of model has."""
    listed = metrics.split(",") if isinstance(metrics, str) else metrics
    names = list(dict.fromkeys(name.strip() for name in listed if name.strip()))
    registry.check([name for name in names if name not in (*measures.NAMES, *distributions.NAMES)])
    return names


def _evaluate_rasters(
    model: Model,
    name: str,
    data: Paths,
    metrics: Sequence[str],
    options: EvalOptions,
    config: EvalConfig,
    progress: tuple[Progress, Progress],
) -> Evaluation:
    """Measure a model of rasters in units, and on features of composites where metrics ask for those."""
    of_features = [each for each in metrics if _is_on_features(each)]
    in_units = [each for each in metrics if each not in of_features]
    windows = CompositeWindows(model.card.channels_out, model.card.image_size) if of_features else None
    if of_features:
        eval_options.refuse_extractor(of_features, options)
    evaluation = evaluate_rasters(
        model,
        name,
        [str(path) for path in ([data] if isinstance(data, (str, Path)) else data)],
        metrics=in_units,
        baseline=options.get("baseline", ()),
        validation=options.get("validation", 0.0),
        seed=options.get("seed", 0),
        raster_options=eval_options.pick_rasters(options),
        windows=windows,
        on_progress=progress[0],
        on_remaining=progress[1],
    )
    if windows is not None:
        context = _open_windows(evaluation, windows, model, config)
        context.on_progress, context.on_remaining = progress
        found = measure(context, of_features, eval_options.describe_call(data, options))
        if not in_units:
            evaluation.scores, evaluation.notes, evaluation.baselines = [], [], {}
        evaluation.scores += found.scores
        evaluation.diagnoses += found.diagnoses
        evaluation.notes += found.notes + windows.notes()
        evaluation.report_samples.scatters |= found.report_samples.scatters
    return evaluation


def _is_on_features(name: str) -> bool:
    """Return whether a metric compares features of sets of images, and nothing else."""
    if name in (*measures.NAMES, *distributions.NAMES):
        return False
    metric = registry.find(name)
    return bool(metric.extractor) and set(metric.needs) <= {"real"}


def _open_windows(evaluation: Evaluation, windows: CompositeWindows, model: Model, config: EvalConfig) -> EvalContext:
    """Return what metrics on features need of the windows of rasters. Raises DataError where there are none."""
    protocol = evaluation.scores[0].protocol
    evaluated, real = windows.sets(protocol.generated, protocol.real or protocol.generated)
    return EvalContext(evaluation.model, "images", Sides(evaluated, real), config, model.device)


def measure(
    context: EvalContext, metrics: Sequence[str], call: Mapping[str, Any], *, needed: bool = True
) -> Evaluation:
    """Return the scores and diagnoses of all ``metrics``.

    Args:
        context: What is measured.
        metrics: Their names.
        call: The arguments that measure them again.
        needed: Whether one that needs more images is an error; else it is left out with a note, if others are not.
    """
    real = context.sides.real
    evaluation = Evaluation(context.name, str(real.sample if real else "nothing but itself"), [])
    context.requested = needed
    found, left_out = _find(context, metrics, needed)
    expected = [*expected_images.by_metric(context, found), baselines.expect_images(context, found)]
    for number, metric in enumerate(found):
        context.on_remaining(sum(expected[number:]))
        try:
            result = _measure_one(context, metric)
        except TooFewImages as error:
            if needed:
                raise
            left_out.append(error)
            continue
        evaluation.scores += [scores.build_score(context, value, call) for value in result.values]
        evaluation.diagnoses += result.diagnoses
    if left_out and not evaluation.scores:
        raise left_out[0]
    context.on_remaining(expected[-1])
    baselines.add(context, evaluation, found)
    warned = [diagnosis.name for diagnosis in evaluation.diagnoses if diagnosis.alarm]
    evaluation.notes = scores.build_notes(context.sides, [score.metric for score in evaluation.scores], warned)
    evaluation.notes += [context.extractors.note] if context.extractors.note else []
    evaluation.notes += [f"Left out: {error}" for error in left_out]
    report_samples.add(context)
    evaluation.report_samples = context.report_samples
    return evaluation


def _find(
    context: EvalContext, metrics: Sequence[str], needed: bool
) -> tuple[list[registry.KnownMetric], list[TooFewImages]]:
    """Return the metrics that can be measured, and why others cannot, before images are generated."""
    found, left_out = [registry.find(name) for name in metrics], list[TooFewImages]()
    for metric in found:
        _check_needs(context, metric)
    for metric in found:  # weights are had, or not
        if metric.extractor:
            getattr(context.extractors, metric.extractor)
    for metric in list(found):
        try:
            _check_counts(context, metric)
        except TooFewImages as error:
            if needed:
                raise
            left_out.append(error)
            found.remove(metric)
    return found, left_out


def _check_needs(context: EvalContext, metric: registry.KnownMetric) -> None:
    context.metric = metric.name
    for needed in metric.needs:
        context.require(needed)


def _check_counts(context: EvalContext, metric: registry.KnownMetric) -> None:
    """Raise TooFewImages where a side has fewer images than the metric needs."""
    for name in ("evaluated", *metric.needs):
        sample = getattr(getattr(context.sides, name, None), "sample", None)
        if sample is not None and sample.count < metric.least:
            raise TooFewImages(
                f"{metric.name} of {context.name} needs at least {metric.least:,} images a side, and there are "
                f"{sample.count:,} {name} ones. Give more images."
            )


def _measure_one(context: EvalContext, metric: registry.KnownMetric) -> MetricResult:
    context.metric = metric.name
    try:
        result = metric.measure(context)
    except DataError as error:
        raise type(error)(f"{metric.name} of {context.name}: {error}") from error
    values = [value if value.library else replace(value, library=metric.library) for value in result.values]
    return MetricResult(values, list(result.diagnoses))
