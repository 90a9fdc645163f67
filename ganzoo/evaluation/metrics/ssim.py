"""ssim: structural similarity of each output and its truth (Wang et al. 2004)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.contracts.metric import MetricResult, metric
from ganzoo.evaluation.metrics.paired_images import check, measure_truths, to_array
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.statistics.moments import Array

WINDOW, SIGMA = 11, 1.5  # pixels, of the Gaussian that weighs a neighborhood
CONSTANTS = ((0.01 * 255) ** 2, (0.03 * 255) ** 2)  # keep the quotients finite, as the paper sets them


@metric(needs=("truths",))
def measure_ssim(context: EvalContext) -> MetricResult:
    """Measure the structural similarity to the truths."""
    return MetricResult([measure_truths(context, "ssim", ssim)])


def ssim(outputs: Tensor, targets: Tensor) -> Array:
    """Return the structural similarity, (N,): 1 is equal, 0 unrelated, below 0 inverted; higher is better.

    Takes uint8 (N, C, H, W). As the authors define it (Wang et al. 2004, doi:10.1109/TIP.2003.819861): Gaussian
    windows of 11x11 pixels that lie completely inside the image, the mean over windows and channels. scikit-image does
    the same. torchmetrics adds windows over mirrored borders, differs by 1e-3 on flat images in float32, and takes 170
    times as long in float64; therefore it is not used here.

    Raises:
        DataError: the images are smaller than 11x11.
    """
    check(outputs, targets, smallest=WINDOW)
    each = zip(outputs, targets, strict=True)  # one at a time: ten planes of float64 each
    return to_array(torch.cat([_ssim(a[None].double(), b[None].double()) for a, b in each]))


def _ssim(output: Tensor, target: Tensor) -> Tensor:
    mean, other_mean = _weigh(output), _weigh(target)
    variance, other_variance = _weigh(output * output) - mean * mean, _weigh(target * target) - other_mean * other_mean
    covariance = _weigh(output * target) - mean * other_mean
    brightness = (2 * mean * other_mean + CONSTANTS[0]) / (mean * mean + other_mean * other_mean + CONSTANTS[0])
    structure = (2 * covariance + CONSTANTS[1]) / (variance + other_variance + CONSTANTS[1])
    return (brightness * structure).mean((1, 2, 3))


def _weigh(planes: Tensor) -> Tensor:
    """Return the Gaussian mean of every whole window: (N, C, H - 10, W - 10)."""
    places = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    shares = (-0.5 * (places / SIGMA) ** 2).exp()
    for axis in (2, 3):
        side = planes.shape[axis] - WINDOW + 1
        weighed = torch.zeros_like(planes.narrow(axis, 0, side))
        for place, share in enumerate((shares / shares.sum()).tolist()):
            weighed.add_(planes.narrow(axis, place, side), alpha=share)  # a float64 conv2d takes 100 times as long
        planes = weighed
    return planes
