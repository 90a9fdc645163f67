"""What a network raises names its entry, the shapes it was given, and what it should return."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from conftest import picture
from tiny_models import maker, translator

from ganzoo import testing
from ganzoo.errors import ImageError, PluginError
from ganzoo.loading.model import Model


def failing(make: Callable[[], Model], error: Exception, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Return a model whose network raises an error."""
    model = make()

    def forward(*_: object) -> Any:
        raise error

    monkeypatch.setattr(type(model.generator), "forward", forward)
    return model


@pytest.mark.parametrize("error", [RuntimeError("mat1 and mat2 cannot\nbe multiplied"), KeyError("x"), ValueError("y")])
def test_an_error_in_a_network_is_one_sentence(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = re.escape(f"{type(error).__name__}: {' '.join(str(error).split())}")
    model = failing(translator, error, monkeypatch)
    expected = rf"^generator:resnet of tiny/translator fails on 1x3x\d+x\d+: {reason}\. It should take images "
    for call in (lambda: model(torch.zeros(1, 3, 16, 16)), lambda: model.translate(picture(16, 16))):
        with pytest.raises(PluginError, match=expected + r"\(N, 3, H, W\) and return images with 3 channels"):
            call()
    model = failing(maker, error, monkeypatch)
    with pytest.raises(PluginError, match=rf"^generator:dcgan of tiny/maker fails on \d+x8: {reason}"):
        model.generate(2)


def test_a_lack_of_memory_keeps_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    model = failing(translator, torch.OutOfMemoryError("CUDA out of memory"), monkeypatch)
    with pytest.raises(ImageError, match="do not fit in memory at once"):
        model.translate(picture(16, 16))


def test_the_contract_names_the_entry_of_a_network_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(maker, IndexError("tuple index out of range"), monkeypatch)
    with pytest.raises(AssertionError, match=r"^generator:dcgan fails: IndexError: tuple index out of range$"):
        testing.check_entry("generator:dcgan", {"width": 4})
