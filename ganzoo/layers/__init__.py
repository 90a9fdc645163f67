"""Torch modules and functions of tensors that families share."""
