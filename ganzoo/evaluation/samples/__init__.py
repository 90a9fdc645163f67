"""Both sides of an evaluation: images, their features, and the context that metrics read."""
