"""Entries for the metrics of `ganzoo.evaluation.metrics`: ``ganzoo eval --metrics fd,recall``."""

from __future__ import annotations

from ganzoo import Family

family = Family(__name__)

METRICS = (  # name, module, what it measures, paper
    ("fid", "frechet", "Frechet Inception distance", "arXiv:1706.08500"),
    ("kid", "kernel", "Kernel Inception distance", "arXiv:1801.01401"),
    ("is", "inception_score", "Inception score of the evaluated images alone", "arXiv:1606.03498"),
    ("fd", "frechet", "Frechet distance on the chosen extractor", "arXiv:1706.08500"),
    ("fid-infinity", "frechet_infinity", "Frechet Inception distance of infinitely many images", "arXiv:1911.07023"),
    ("fd-infinity", "frechet_infinity", "Frechet distance of infinitely many images", "arXiv:1911.07023"),
    ("kd", "kernel", "Kernel distance on the chosen extractor", "arXiv:1801.01401"),
    ("cmmd", "clip_distance", "Kernel distance of unit vectors, for CLIP as the extractor", "arXiv:2401.09603"),
    ("precision", "precision_recall", "Share of evaluated images among the real ones", "arXiv:1904.06991"),
    ("recall", "precision_recall", "Share of real images among the evaluated ones", "arXiv:1904.06991"),
    ("density", "precision_recall", "How many real images' balls an evaluated image lies in", "arXiv:2002.09797"),
    ("coverage", "precision_recall", "Share of real images with an evaluated one near", "arXiv:2002.09797"),
    ("topp", "topological", "Precision within supports that are certain", "arXiv:2306.08013"),
    ("topr", "topological", "Recall within supports that are certain", "arXiv:2306.08013"),
    ("l1", "l1", "Mean absolute difference to the truths", ""),
    ("psnr", "psnr", "Peak signal-to-noise ratio to the truths", ""),
    ("ssim", "ssim", "Structural similarity to the truths", "doi:10.1109/TIP.2003.819861"),
    ("lpips", "lpips", "Learned perceptual distance to the truths", "arXiv:1801.03924"),
    ("hole-psnr", "hole_psnr", "PSNR of what the model filled in", ""),
    ("cycle-psnr", "cycle", "PSNR of images that were translated there and back", "arXiv:1703.10593"),
    ("identity", "identity", "Change of real images of the target domain", "arXiv:1703.10593"),
    ("swd-frames", "sliced_wasserstein", "Distance between generated and real frames", "arXiv:1710.10196"),
    ("swd-motion", "sliced_wasserstein", "Distance between the changes from frame to frame", "arXiv:1710.10196"),
    ("discriminator", "discriminator", "How well the discriminator tells real from generated images", ""),
    ("modes", "modes", "Modes of the real images that are covered", "arXiv:1611.02163"),
    ("memorized", "memorization", "Share of images that are near a training image", "arXiv:2004.05675"),
    ("balance", "class_balance", "Difference of predicted classes to the real ones", ""),
    ("class-accuracy", "class_accuracy", "Share of images of the requested class", "arXiv:1610.09585"),
)

for name, module, summary, paper in METRICS:
    family.metric(name, f"ganzoo.evaluation.metrics.{module}.measure_{name.replace('-', '_')}", summary, paper)

ganzoo_entries = family.entries
