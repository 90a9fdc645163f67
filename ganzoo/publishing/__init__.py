"""Bundled models, published on the Hub."""
