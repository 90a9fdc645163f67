"""Checkpoints of other code bases, imported as models."""
