"""Which way each metric is better."""

from __future__ import annotations

import pytest

from ganzoo.cards import metric_direction


@pytest.mark.parametrize(
    ("metrics", "way"),
    [
        ("psnr ssim is recall-efficientnet-lite0 density-timm-resnet18 cycle-psnr modes-fashion-mnist", "higher"),
        ("d-accuracy d-precision d-recall d-f1 identity-ssim class-accuracy class-accuracy-fashion-mnist", "higher"),
        ("fid kid fd-efficientnet-lite0 kd-timm-resnet18 l1 lpips cycle-l1 identity d-loss memorized balance", "lower"),
        ("charm fidelity cycle d is2 class class-fashion-mnist ", ""),
    ],
)
def test_a_metrics_kind_shows_which_way_is_better(metrics: str, way: str) -> None:
    assert {metric: metric_direction.better(metric) for metric in metrics.split(" ")} == dict.fromkeys(
        metrics.split(" "), way
    )
