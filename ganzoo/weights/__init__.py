"""Weights on disk: safetensors files, model folders, and their README."""
