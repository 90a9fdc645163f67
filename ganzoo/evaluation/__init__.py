"""Scores with their protocols: what `ganzoo eval` and `ganzoo.evaluate` measure."""
