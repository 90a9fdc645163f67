"""Grades: how much a model is worth, said honestly. Every bundled card has one, with a sentence that says why."""

from __future__ import annotations

# From best to worst; each with what it promises.
GRADES = {
    "recommended": "good enough to use",
    "baseline": "to compare others with",
    "teaching": "shows a method, at a small size",
    "experimental": "not good enough to use yet",
}
EXPERIMENTAL = "experimental"
