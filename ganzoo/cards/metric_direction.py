"""Which way a metric is better, by its name. Standard library only, because `ganzoo list` shows it."""

from __future__ import annotations

_HIGHER = {
    *("psnr", "ssim", "is", "precision", "recall", "density", "coverage", "modes", "topp", "topr"),
    *("accuracy", "f1", "specificity", "pearson"),
}
_LOWER = {
    *("fid", "kid", "fd", "kd", "cmmd", "swd", "balance", "memorized"),
    *("l1", "wasserstein", "mae", "mse", "rmse", "lpips", "identity", "loss", "sam", "ergas"),
}
# Of images translated there and back, of images left as they are, of a filled hole, of a discriminator, of the classes
# of images.
_PREFIXES = ("cycle-", "identity-", "hole-", "d-", "class-")


def better(metric: str) -> str:
    """Return "higher" or "lower"; "" for an unknown metric.

    The extractor's name does not count: "fd-efficientnet-lite0" is better lower, as "fid" is. The metrics of a
    discriminator ("d-accuracy") describe it as a classifier.
    """
    stem = metric
    for prefix in _PREFIXES:
        stem = stem.removeprefix(prefix)
    kind = stem.partition("-")[0]
    return "higher" if kind in _HIGHER else "lower" if kind in _LOWER else ""
