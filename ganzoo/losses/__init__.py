"""Adversarial losses and regularizers, one a file."""
