"""Videos: read, translated frame by frame, and written."""
