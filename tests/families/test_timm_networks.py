"""timm's networks as discriminators."""

from __future__ import annotations

import pytest
import torch
from families.family_cases.timm_networks import SMALL

import ganzoo

TINY = SMALL["discriminator:timm"]


def test_features_only_gives_a_map_of_logits_for_each_level_and_any_channels() -> None:
    network = ganzoo.build("discriminator:timm", **TINY, in_channels=7, features_only=True)
    maps = network(torch.zeros(2, 7, 64, 64))
    assert len(maps) == len(network.heads) > 1
    assert all(each.shape[:2] == (2, 1) for each in maps)
    sides = [each.shape[2] for each in maps]
    assert sides == sorted(sides, reverse=True)


def test_a_wrong_name_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(ganzoo.GanzooError, match="Did you mean 'resnet18'"):
        ganzoo.build("discriminator:timm", model="resnet18x")


def test_pretrained_weights_fill_all_but_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    network = ganzoo.build("discriminator:timm", **TINY, pretrained=True)
    before = {name: value.clone() for name, value in network.network.state_dict().items()}
    create = type(network).create
    monkeypatch.setattr(type(network), "create", lambda self, pretrained: create(self, pretrained=False))
    torch.manual_seed(1)
    network.begin()
    after = network.network.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    head = {name for name in before if name.startswith("fc.")}
    assert head
    assert not changed & head
    assert {name for name in before if name.endswith("conv1.weight")} <= changed
