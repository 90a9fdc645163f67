"""Models as single files for other programs."""
