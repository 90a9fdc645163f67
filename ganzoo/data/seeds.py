"""Seeds made of seeds and counters."""

from __future__ import annotations


def mix(*numbers: int) -> int:
    """Return one seed from several numbers, so that similar numbers give unrelated random streams."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = ((state ^ number) * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) % 2**63
    return state
