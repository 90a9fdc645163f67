"""The metrics: one file for each metric or family of metrics, found by `ganzoo.evaluation.metrics.registry`."""
