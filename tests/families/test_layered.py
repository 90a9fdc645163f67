"""Networks written as text: what their grammar takes, and what it refuses in words."""

from __future__ import annotations

import pytest
import torch

import ganzoo


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ("", "one layer at least"),
        ("conv(3,3)", "conv takes 3 to 6 numbers"),
        ("swish", "which is none of"),
        ("add[ relu", r"a '\[' without its '\]'"),
        ("relu ]", "without a bracket before it"),
        ("cat[ relu | relu ]", "brackets with 2 branches"),
        ("add[ " * 30 + "relu" + " ]" * 30, "brackets within one another"),
        ("conv(3,2000000,3)", "integers up to 1,000,000"),
        ("conv(3,3,1.5)", "integers up to 1,000,000"),
        ("conv(3,3,3,0,1)", "paddings alone may be 0"),
        ("shuffle(0)", "paddings alone may be 0"),
        ("conv(3,16,3,1,1,2)", "multiples of its groups"),
        ("group(3,16)", "multiples of its groups"),
    ],
)
def test_what_is_no_network_is_refused_in_words(layers: str, reason: str) -> None:
    with pytest.raises(ganzoo.GanzooError, match=reason):
        ganzoo.build("generator:layered", layers=layers)


def test_groups_and_paddings_of_zero_are_taken() -> None:
    network = ganzoo.build(
        "generator:layered", layers="conv(3,6,1,1,0,3) group(2,6) leaky(0.2) reflect(0,1,0,1) conv(6,3,2)"
    )
    assert network(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 8, 8)
