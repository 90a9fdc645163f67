"""The families that come with ganzoo: one folder each, found by name, loaded like a stranger's plugin."""
