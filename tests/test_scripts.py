"""The scripts that score models and put them into the package."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture, script
from tiny_models import translator

from ganzoo import registry


def test_frechet_distance_of_a_shifted_and_of_a_stretched_cloud() -> None:
    distance = script("score").frechet_distance
    cloud = np.random.default_rng(0).normal(size=(500, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    shift = np.arange(6.0)
    assert distance(cloud, cloud) == pytest.approx(0, abs=1e-9)
    assert distance(cloud, cloud + shift) == pytest.approx((shift**2).sum())
    # tr(C + 4 C - 2 * 2 C) = tr(C), and the means differ by one mean.
    expected = np.trace(np.cov(cloud, rowvar=False)) + (cloud.mean(0) ** 2).sum()
    assert distance(cloud, 2 * cloud) == pytest.approx(expected)


def test_psnr_of_a_known_error() -> None:
    truth = torch.zeros(1, 3, 4, 4)
    assert script("score").psnr(truth + 0.2, truth) == pytest.approx(20.0, abs=1e-4)  # 10 log10(4 / 0.04)


def test_pairs_are_scored_on_the_held_out_names_only(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(128, 64, seed=ord(name)).save(tmp_path / f"{name}.png")
    l1, psnr = script("score").paired(translator(), tmp_path, {"b.png"}, "right-to-left")
    assert "1 held-out pairs" in l1["protocol"] and "64x64" in psnr["protocol"]
    # The right half through the network, against the left half, in 8 bits.
    both = np.asarray(picture(128, 64, seed=ord("b")))
    made = np.asarray(translator().translate(both[:, 64:], size="native")).astype(float)
    assert l1["value"] == pytest.approx(np.abs(made - both[:, :64]).mean() / 255, abs=2e-4)


def test_a_run_is_bundled_with_its_card_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = script("bundle")
    translator().save(tmp_path / "run")
    (tmp_path / "registry.json").write_text('{"format": 1, "cards": []}')
    facts = {"cyclegan/tiny": {"summary": "Tiny", "license": "mit", "dataset": {"name": "Tiny Horses"}}}
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    arguments = [str(tmp_path / "run"), "cyclegan/tiny", "--facts", str(tmp_path / "facts.json")]
    monkeypatch.setattr(sys, "argv", ["bundle.py", *arguments])
    for _ in range(2):  # the second time replaces the card
        bundle.main()
    (card,) = registry.read_registry(tmp_path / "registry.json")
    path = tmp_path / "plugins/ganzoo_plugins/cyclegan/weights/tiny.safetensors"
    assert (card.name, card.weights.file) == ("cyclegan/tiny", "ganzoo_plugins.cyclegan:weights/tiny.safetensors")
    assert card.weights.bytes == path.stat().st_size and card.weights.dtype == "float16"
    assert card.training.recipe == "cyclegan" and card.dataset.name == "Tiny Horses"
