"""Which way a metric is better, by its name. Standard library only, because `ganzoo list` shows it."""

from __future__ import annotations

_HIGHER = {
    *("psnr", "ssim", "is", "precision", "recall", "density", "coverage", "modes"),
    *("accuracy", "f1", "specificity"),
}
_LOWER = {
    *("fid", "kid", "fd", "kd", "swd", "balance", "memorized"),
    *("l1", "mae", "mse", "rmse", "lpips", "identity", "loss"),
}
# A measure of pictures sent there and back, of those left alone, of a filled hole, of a discriminator, of the classes
# in pictures.
_OF = ("cycle-", "identity-", "hole-", "d-", "class-")


def better(metric: str) -> str:
    """Return "higher" or "lower", or "" for a metric that is not known.

    A metric of features is followed by its extractor's name, which changes nothing: "fd-efficientnet-lite0" is
    better lower as "fid" is. Those of a discriminator ("d-accuracy") are meant as a classifier's.
    """
    stem = metric
    for prefix in _OF:
        stem = stem.removeprefix(prefix)
    kind = stem.partition("-")[0]
    return "higher" if kind in _HIGHER else "lower" if kind in _LOWER else ""
