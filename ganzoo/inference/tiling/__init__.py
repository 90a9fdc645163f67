"""Large images in parts: exactly, in strips, or approximately, in overlapping tiles."""
