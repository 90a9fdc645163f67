"""Statistics that metrics share: moments, bootstrap intervals, clusters, nearest neighbors."""
